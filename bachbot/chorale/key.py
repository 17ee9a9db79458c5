"""Keys, their signatures and their interval to C major or A minor."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from bachbot.errors import UsageError

Mode = Literal["major", "minor"]

_LETTERS = "FCGDAEB"
_PATTERN = re.compile(
    r"\s*([A-Ga-g])\s*(##|x|bb|--|#|b|-(?!\w)|♯|♭|\s?sharp|\s?flat)?[\s_-]*"
    r"(major|maj|minor|min|dur|moll|m)?\s*",
    re.IGNORECASE,
)
_ACCIDENTALS = {"##": 2, "x": 2, "#": 1, "♯": 1, "sharp": 1, "b": -1, "♭": -1, "-": -1, "flat": -1,
                "bb": -2, "--": -2}  # fmt: skip


@dataclass(frozen=True)
class Key:
    """A major or minor key.

    Parameters
    ----------
    tonic : str
        Letter and accidentals, such as ``"C"``, ``"F#"`` or ``"Bb"``.
    mode : {"major", "minor"}
        Mode.

    Raises
    ------
    UsageError
        If the tonic is not a note name, or the mode is unknown.
    """

    tonic: str = "C"
    mode: Mode = "major"

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-G](#{0,2}|b{0,2})", self.tonic):
            raise UsageError(f"'{self.tonic}' is not a tonic: give a letter A to G with # or b")
        if self.mode not in ("major", "minor"):
            raise UsageError(f"'{self.mode}' is not a mode: give major or minor")

    @classmethod
    def parse(cls, text: str, mode: Mode | None = None) -> "Key":
        """Read a key such as ``"F# minor"``, ``"Bb"``, ``"g"`` or ``"Em"``.

        Parameters
        ----------
        text : str
            Tonic with an optional mode. A lower-case letter alone means minor.
        mode : {"major", "minor"}, optional
            Mode if the text names none.

        Raises
        ------
        UsageError
            If the text is not a key.
        """
        match = _PATTERN.fullmatch(text)
        if match is None:
            raise UsageError(f"'{text}' is not a key: give one such as C, F# minor or Bb major")
        letter, accidental, word = match.groups()
        alter = _ACCIDENTALS[accidental.strip().lower()] if accidental else 0
        if word:
            # 'M' alone is major in lead sheets, 'm' minor.
            minor = word == "m" or word.lower() in ("minor", "min", "moll")
            found: Mode = "minor" if minor else "major"
        elif mode is not None:
            found = mode
        else:
            found = "minor" if letter.islower() else "major"
        return cls(letter.upper() + ("#" * alter if alter > 0 else "b" * -alter), found)

    def __str__(self) -> str:
        return f"{self.tonic} {self.mode}"

    @property
    def fifths(self) -> int:
        """Number of sharps in the key signature, or minus the number of flats."""
        fifths = line_of_fifths(self.tonic)
        return fifths - 3 if self.mode == "minor" else fifths

    @property
    def pitch_class(self) -> int:
        """Pitch class of the tonic, 0 to 11."""
        return line_of_fifths(self.tonic) * 7 % 12

    @property
    def shift(self) -> int:
        """Semitones from this key to C major or A minor, -5 to 6.

        BachBot's table (Liang and others, ISMIR 2017, ``standardize_key``), extended to every
        spelling of every tonic.
        """
        above = (self.pitch_class - (0 if self.mode == "major" else 9)) % 12
        return -above if above <= 5 else 12 - above

    @property
    def simplified(self) -> "Key":
        """The key, or its enharmonic equivalent if its signature has more than seven accidentals.

        G# major, which has no signature, becomes Ab major.
        """
        if abs(self.fifths) <= 7:
            return self
        fifths = (self.fifths + 6) % 12 - 6
        return Key(note_name(fifths + (3 if self.mode == "minor" else 0)), self.mode)

    @property
    def standard(self) -> "Key":
        """C major or A minor, whichever has this mode."""
        return STANDARD[self.mode]


def line_of_fifths(name: str) -> int:
    """Position of a note name on the line of fifths: F -1, C 0, G 1, F# 6, Bb -2."""
    return _LETTERS.index(name[0]) - 1 + 7 * (name.count("#") - name.count("b"))


def note_name(fifths: int) -> str:
    """Note name at a position on the line of fifths; the inverse of `line_of_fifths`."""
    alter, letter = divmod(fifths + 1, 7)
    return _LETTERS[letter] + ("#" * alter if alter > 0 else "b" * -alter)


STANDARD: dict[str, Key] = {"major": Key("C", "major"), "minor": Key("A", "minor")}

TONIC_TRIAD: Mapping[Mode, tuple[int, ...]] = MappingProxyType(
    {"major": (0, 4, 7), "minor": (0, 3, 7)}
)
"""Semitones of the tonic triad above the tonic."""

FINAL_TRIAD: Mapping[Mode, tuple[int, ...]] = MappingProxyType(
    {"major": (0, 4, 7), "minor": (0, 3, 4, 7)}
)
"""What a final tonic chord may consist of: in minor also a major third (the Picardy third)."""
