"""The ranges of the singers of a choir."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace

from bachbot.chorale.key import Key, note_name
from bachbot.chorale.voices import VOICES, Voice
from bachbot.errors import UsageError

Bounds = tuple[int, int]
"""Lowest and highest MIDI pitch."""

_NAMES: dict[Voice, tuple[str, ...]] = {
    Voice.SOPRANO: ("soprano", "sopranos", "sopran", "sop", "treble", "s"),
    Voice.ALTO: ("alto", "altos", "alt", "contralto", "a"),
    Voice.TENOR: ("tenor", "tenors", "ten", "tenore", "t"),
    Voice.BASS: ("bass", "basses", "basso", "bas", "b"),
}
_VOICE_NAMED = {name: voice for voice, names in _NAMES.items() for name in names}

_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_PITCH = re.compile(r"([A-Ga-g])(##|#|bb|b|x|-?sharp|-?flat)?(\d)")
_HELMHOLTZ = re.compile(r"([A-Ga-g])(##|#|bb|b|x)?('{1,4}|,{1,3})")
_ALTER = {"": 0, "#": 1, "##": 2, "x": 2, "b": -1, "bb": -2, "sharp": 1, "flat": -1}
_SIGNS = str.maketrans({"♯": "#", "♭": "b", "–": "-", "—": "-", "’": "'", "′": "'"})
_APART = (re.compile(r":|\.{2,3}"), re.compile(r"\bto\b"), re.compile("-"))
_LONGEST = 60

_NARROWEST = 7
"""A voice needs a fifth at least, in which there is some chord tone in any chord."""

_UNEASY = 6
"""The outer sixth of a range, at both ends, is not comfortable."""


@dataclass(frozen=True)
class VoiceRanges:
    """Lowest and highest note of each voice, as MIDI pitches.

    Parameters
    ----------
    soprano, alto, tenor, bass : tuple of int
        Lowest and highest pitch. Default: those of Bach's chorales, `Voice.range`.

    Raises
    ------
    UsageError
        If a range is reversed, narrower than a fifth, or outside MIDI's pitches.

    Examples
    --------
    >>> VoiceRanges.parse(["tenor=C3:F4"]).of(Voice.TENOR)
    (48, 65)
    """

    soprano: Bounds = Voice.SOPRANO.range
    alto: Bounds = Voice.ALTO.range
    tenor: Bounds = Voice.TENOR.range
    bass: Bounds = Voice.BASS.range

    def __post_init__(self) -> None:
        for voice in VOICES:
            low, high = self.of(voice)
            if not (0 <= low <= high <= 127 and high - low >= _NARROWEST):
                raise UsageError(
                    f"the {voice.label}'s range {_label(low)} to {_label(high)} is reversed or "
                    "narrower than a fifth: give the lowest note first, and a wider range"
                )

    @classmethod
    def parse(cls, texts: Iterable[str]) -> "VoiceRanges":
        """Read ranges such as ``"tenor=C3:F4"``; later ones replace earlier ones.

        Parameters
        ----------
        texts : iterable of str
            A voice, ``=``, the lowest and the highest note, each as `parse_pitch` reads it, with
            ``:``, ``-``, ``..`` or ``to`` between them. Where a note is left out Bach's stands.

        Raises
        ------
        UsageError
            If one cannot be read.
        """
        return cls().updated(texts)

    def updated(self, texts: Iterable[str]) -> "VoiceRanges":
        """These ranges with some replaced; parameters and errors are those of `parse`."""
        found = self
        for text in texts:
            name, sign, notes = _plain(text).partition("=")
            if not sign:
                name, _, notes = _plain(text).partition(":")
            voice = parse_voice(name)
            found = replace(found, **{voice.label: parse_bounds(notes, voice)})
        return found

    def of(self, voice: Voice) -> Bounds:
        """Lowest and highest pitch of a voice."""
        bounds: Bounds = getattr(self, voice.label)
        return bounds

    def comfortable(self, voice: Voice) -> Bounds:
        """The middle two thirds of a voice's range, in which singing is no effort."""
        low, high = self.of(voice)
        margin = round((high - low) / _UNEASY)
        return low + margin, high - margin

    def contains(self, voice: Voice, pitch: int) -> bool:
        """Whether a pitch is in the range of a voice."""
        low, high = self.of(voice)
        return low <= pitch <= high


@dataclass(frozen=True)
class Choir:
    """The singers for whom music is written.

    Parameters
    ----------
    ranges : VoiceRanges
        What they can sing. Default: the ranges of Bach's chorales.
    keys : tuple of Key
        Keys that they prefer.
    """

    ranges: VoiceRanges = VoiceRanges()
    keys: tuple[Key, ...] = ()


BACH_RANGES = VoiceRanges()
"""The ranges of Bach's chorales."""


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text[: _LONGEST + 1]).translate(_SIGNS).strip()


def parse_voice(text: str) -> Voice:
    """Read the name of a voice, such as ``"tenor"``, ``"T"``, ``"Sopran"`` or ``"basses"``.

    Raises
    ------
    UsageError
        If it is none.
    """
    voice = _VOICE_NAMED.get(_plain(text).lower().rstrip("."))
    if voice is None:
        raise UsageError(
            f"'{text[:_LONGEST]}' is not a voice: give soprano, alto, tenor or bass, as in "
            "tenor=C3:F4"
        )
    return voice


def parse_bounds(text: str, voice: Voice) -> Bounds:
    """Read a range such as ``"C3:F4"``, ``"c3-f#4"``, ``"48..65"`` or ``":F4"``.

    Parameters
    ----------
    text : str
        Lowest and highest note.
    voice : Voice
        Whose range it is: where a note is left out Bach's stands.

    Raises
    ------
    UsageError
        If it cannot be read.
    """
    plain = _plain(text)
    apart = next((found for one in _APART if (found := one.search(plain))), None)
    if apart is None:
        raise UsageError(
            f"'{text[:_LONGEST]}' is not a range: give the lowest and the highest note, as in "
            f"{voice.label}=C3:F4"
        )
    low, high = plain[: apart.start()].strip(), plain[apart.end() :].strip()
    return (
        parse_pitch(low) if low else voice.range[0],
        parse_pitch(high) if high else voice.range[1],
    )


def parse_pitch(text: str) -> int:
    """Read a pitch such as ``"C4"``, ``"f#4"``, ``"Bb3"``, ``"c'"`` (Helmholtz) or ``"60"`` (MIDI).

    Returns
    -------
    int
        MIDI pitch; middle C is 60.

    Raises
    ------
    UsageError
        If it is none.
    """
    plain = _plain(text).replace(" ", "")
    if plain.isascii() and plain.isdigit() and len(plain) <= 3 and int(plain) <= 127:
        return int(plain)
    found = _PITCH.fullmatch(plain)
    if found is not None:
        octave = int(found[3])
    else:
        found = _HELMHOLTZ.fullmatch(plain)
        if found is None or found[1].isupper() != (found[3][0] == ","):
            raise UsageError(
                f"'{text[:_LONGEST]}' is not a pitch: give one such as C4 (middle C), F#4 or Bb3"
            )
        octave = 3 + len(found[3]) if found[1].islower() else 2 - len(found[3])
    alter = _ALTER[(found[2] or "").lower().lstrip("-")]
    pitch = 12 * (octave + 1) + _STEPS[found[1].upper()] + alter
    if not 0 <= pitch <= 127:
        raise UsageError(f"'{text[:_LONGEST]}' is outside MIDI's pitches: give one from C0 to G9")
    return pitch


def _label(pitch: int) -> str:
    """A MIDI pitch by name, such as ``C4``; outside MIDI's pitches the number."""
    if not 0 <= pitch <= 127:
        return str(pitch)
    return f"{note_name((pitch * 7 + 3) % 12 - 3)}{pitch // 12 - 1}"
