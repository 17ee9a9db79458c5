"""Keys, their signatures and the shift to C major or A minor."""

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
        If the tonic is no note name or the mode is neither.
    """

    tonic: str = "C"
    mode: Mode = "major"

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-G](#{0,2}|b{0,2})", self.tonic):
            raise UsageError(f"'{self.tonic}' is no tonic: give a letter A to G with # or b")
        if self.mode not in ("major", "minor"):
            raise UsageError(f"'{self.mode}' is no mode: give major or minor")

    @classmethod
    def parse(cls, text: str, mode: Mode | None = None) -> "Key":
        """Read a key such as ``"F# minor"``, ``"Bb"``, ``"g"`` or ``"Em"``.

        Parameters
        ----------
        text : str
            Tonic and, perhaps, mode. A small letter alone means minor.
        mode : {"major", "minor"}, optional
            Mode to take where the text names none.

        Raises
        ------
        UsageError
            If the text is no key.
        """
        match = _PATTERN.fullmatch(text)
        if match is None:
            raise UsageError(f"'{text}' is no key: give one such as C, F# minor or Bb major")
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
        """Place of the key signature on the circle of fifths: sharps, or minus flats."""
        place = line_of_fifths(self.tonic)
        return place - 3 if self.mode == "minor" else place

    @property
    def pitch_class(self) -> int:
        """Pitch class of the tonic, 0 to 11."""
        return line_of_fifths(self.tonic) * 7 % 12

    @property
    def shift(self) -> int:
        """Semitones that bring this key to C major or A minor, -5 to 6.

        The original's table (Liang and others, 2017, ``standardize_key``), extended to every
        spelling of every tonic.
        """
        above = (self.pitch_class - (0 if self.mode == "major" else 9)) % 12
        return -above if above <= 5 else 12 - above

    @property
    def simplified(self) -> "Key":
        """The key itself, or its simpler twin where its signature has more than seven accidentals.

        G# major, which no signature can show, becomes Ab major.
        """
        if abs(self.fifths) <= 7:
            return self
        place = (self.fifths + 6) % 12 - 6
        return Key(note_name(place + (3 if self.mode == "minor" else 0)), self.mode)

    @property
    def standard(self) -> "Key":
        """C major or A minor, whichever has this mode."""
        return STANDARD[self.mode]


def line_of_fifths(name: str) -> int:
    """Place of a note name on the line of fifths: F -1, C 0, G 1, F# 6, Bb -2."""
    return _LETTERS.index(name[0]) - 1 + 7 * (name.count("#") - name.count("b"))


def note_name(place: int) -> str:
    """Note name at a place on the line of fifths; the inverse of `line_of_fifths`."""
    alter, letter = divmod(place + 1, 7)
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
