"""Cadences: how phrases end, in the key that the phrase is in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bachbot.chorale import REST, TONIC_TRIAD, Chorale, Key, Voice, line_of_fifths, note_name
from bachbot.theory.analysis import Harmony
from bachbot.theory.melody import phrase_ends
from bachbot.theory.numerals import DIM, DIM7, DOM7, HALF7, MAJ, MAJ7, MIN, MIN7

CadenceKind = Literal["perfect", "imperfect", "plagal", "half", "none"]

_DESCRIBED: dict[CadenceKind, str] = {
    "perfect": "a perfect cadence",
    "imperfect": "an imperfect cadence",
    "plagal": "a plagal cadence",
    "half": "a half cadence",
    "none": "no cadence",
}

# Semitones above the tonic.
_TONIC, _SECOND, _FOURTH, _FIFTH, _LEADING = 0, 2, 5, 7, 11
_THIRDS = {3, 4}
_TONIC_TRIAD = {*TONIC_TRIAD["major"], *TONIC_TRIAD["minor"]}
_DOMINANT_TRIAD = {7, 11, 2}
_SUBDOMINANTS = {5, 8, 9, 0, 2}  # IV or iv, with an added sixth


@dataclass(frozen=True)
class Cadence:
    """How a phrase ends, judged from the notes alone.

    Parameters
    ----------
    kind : {"perfect", "imperfect", "plagal", "half", "none"}
        Perfect: dominant to tonic, both in root position, the tonic in the soprano. Imperfect:
        dominant to tonic otherwise. Plagal: subdominant to tonic. Half: on the dominant.
    """

    kind: CadenceKind

    @property
    def described(self) -> str:
        """Name in words with its article: ``"a perfect cadence"``."""
        return _DESCRIBED[self.kind]


def final_cadence(chorale: Chorale) -> Cadence:
    """Find the cadence at the end of a piece.

    Parameters
    ----------
    chorale : Chorale
        A piece in its ``key``. A piece in minor may end on a major third.
    """
    return cadence_at(chorale, chorale.frames - 1, chorale.key)


def cadence_at(chorale: Chorale, frame: int, key: Key) -> Cadence:
    """Find the cadence whose final chord sounds in a frame.

    The chord before it is the one over the bass's previous pitch.

    Parameters
    ----------
    chorale : Chorale
        A piece at any transposition.
    frame : int
        A frame of the final chord, after its suspensions: the last frame under a fermata, or the
        last of the piece.
    key : Key
        Key in which the cadence is judged.
    """
    if frame < 0:
        return Cadence("none")
    above = (chorale.pitch[: frame + 1] - key.pitch_class) % 12  # [frame + 1, 4]
    bass = np.where(chorale.pitch[: frame + 1, Voice.BASS] == REST, REST, above[:, Voice.BASS])
    last = _sounding(chorale, above, frame)
    elsewhere = np.flatnonzero(bass != bass[frame])
    if bass[frame] == _FIFTH and _LEADING in last and last <= _DOMINANT_TRIAD:
        return Cadence("half" if elsewhere.size else "none")
    ends_on_tonic = bass[frame] == _TONIC and last <= _TONIC_TRIAD and len(last & _THIRDS) <= 1
    if not (ends_on_tonic and elsewhere.size):
        return Cadence("none")
    before = int(elsewhere[-1])
    others = np.flatnonzero(bass[:before] != bass[before])
    begins = int(others[-1]) + 1 if others.size else 0
    # The leading note may have moved already: down to the seventh, or to the tonic early.
    led = any(_LEADING in _sounding(chorale, above, f) for f in range(begins, before + 1))
    if led and bass[before] in (_FIFTH, _LEADING, _SECOND, _FOURTH):
        roots = bass[before] == _FIFTH and above[frame, Voice.SOPRANO] == _TONIC
        return Cadence("perfect" if roots else "imperfect")
    if bass[before] == _FOURTH and _sounding(chorale, above, before) <= _SUBDOMINANTS:
        return Cadence("plagal")
    return Cadence("none")


def _sounding(chorale: Chorale, above: np.ndarray, frame: int) -> set[int]:
    """Semitones above the tonic of what sounds in a frame."""
    return {int(a) for a in above[frame][chorale.pitch[frame] != REST]}


PhraseCadenceKind = Literal[
    "perfect", "imperfect", "plagal", "half", "phrygian", "deceptive", "none"
]

# Chords by root in semitones above the tonic, and shape.
_TONIC_DEGREE = {(0, MAJ), (0, MIN)}
_DOMINANT = {(7, MAJ), (7, DOM7)}
_LEADING_DEGREE = {(11, DIM), (11, HALF7), (11, DIM7)}
_SUBDOMINANT = {(5, shape) for shape in (MAJ, MIN, MAJ7, MIN7)}
_SUPERTONIC = {(2, shape) for shape in (MIN, DIM, MIN7, HALF7)}
_SUBMEDIANT = {"major": (9, MIN), "minor": (8, MAJ)}


@dataclass(frozen=True)
class PhraseCadence:
    """The cadence of a phrase, with its chords.

    Parameters
    ----------
    frame : int
        First frame of the final chord.
    end : int
        Last frame of the phrase.
    key : Key
        Key of the cadence.
    kind : str
        ``perfect``: dominant to tonic, both in root position, the tonic in the soprano.
        ``imperfect``: dominant or leading-note chord to tonic otherwise. ``plagal``: subdominant
        to tonic. ``half``: on the dominant. ``phrygian``: on the dominant of a minor key from the
        subdominant's first inversion. ``deceptive``: dominant to submediant, or to the subdominant
        in first inversion. ``none``: none of these.
    chords : tuple of Harmony
        The last two chords, or one if the phrase has only one.
    """

    frame: int
    end: int
    key: Key
    kind: PhraseCadenceKind
    chords: tuple[Harmony, ...]


def phrase_cadences(chorale: Chorale, harmonies: Sequence[Harmony]) -> list[PhraseCadence]:
    """Find the cadence at each fermata and at the end.

    Parameters
    ----------
    chorale : Chorale
        The piece.
    harmonies : sequence of Harmony
        Its analysis by `bachbot.theory.analysis.analyze`.
    """
    found = []
    begin = 0
    for end in phrase_ends(chorale).tolist():
        phrase = [h for h in harmonies if h.stop > begin and h.start <= end]
        if phrase:
            found.append(_close(chorale, phrase, end))
        begin = end + 1
    return found


def _close(chorale: Chorale, phrase: Sequence[Harmony], end: int) -> PhraseCadence:
    # A bass that moves on under the fermata changes the position, not the cadence.
    same = len(phrase) - 1
    held = _begin_of_note(chorale, end)
    while same and _is_same(phrase[same - 1], phrase[-1]) and phrase[same - 1].stop > held:
        same -= 1
    last = phrase[same]
    before = next((h for h in reversed(phrase[:same]) if not _is_same(h, last)), None)
    if before is None:
        return PhraseCadence(last.start, end, last.key, "none", (last,))
    key = last.key
    kind = _kind(chorale, before, last, key, end)
    if kind == "none":
        # I to IV is also V to I in the key of IV, even if the phrase does not stay there.
        goal = _goal(last)
        if _chord(before, goal) in _DOMINANT and _chord(last, goal) in _TONIC_DEGREE:
            key, kind = goal, _on_tonic(chorale, before, last, goal, end)
    # What ends on the home tonic closes the piece, though its last phrase was in another key.
    home = chorale.key
    abroad = end == chorale.frames - 1 and kind in ("half", "none") and home != key
    if abroad and _chord(last, home) in _TONIC_DEGREE:
        closes = _on_tonic(chorale, before, last, home, end)
        if closes != "none":
            key, kind = home, closes
    return PhraseCadence(last.start, end, key, kind, (before, last))


def _goal(last: Harmony) -> Key:
    """The key of which a chord would be the tonic."""
    root = note_name(line_of_fifths(last.key.tonic) + last.numeral.root)
    return Key(root, "minor" if last.numeral.shape == MIN else "major").simplified


def _begin_of_note(chorale: Chorale, frame: int) -> int:
    """First frame of the soprano's note or rest that sounds in a frame."""
    pitch = chorale.pitch[:, Voice.SOPRANO]
    while frame and pitch[frame - 1] == pitch[frame] and not chorale.onset[frame, Voice.SOPRANO]:
        frame -= 1
    return frame


def _is_same(a: Harmony, b: Harmony) -> bool:
    return (a.key, a.numeral) == (b.key, b.numeral)


def _kind(
    chorale: Chorale, before: Harmony, last: Harmony, key: Key, end: int
) -> PhraseCadenceKind:
    ends, comes = _chord(last, key), _chord(before, key)
    if ends in _TONIC_DEGREE:
        return _on_tonic(chorale, before, last, key, end)
    if ends in _DOMINANT and last.inversion == 0:
        phrygian = key.mode == "minor" and comes in _SUBDOMINANT and before.inversion == 1
        return "phrygian" if phrygian else "half"
    on_sixth = (ends in _SUBDOMINANT and last.inversion == 1) or (
        ends == _SUBMEDIANT[key.mode] and last.inversion == 0
    )
    return "deceptive" if comes in _DOMINANT and on_sixth else "none"


def _on_tonic(
    chorale: Chorale, before: Harmony, last: Harmony, key: Key, end: int
) -> PhraseCadenceKind:
    comes = _chord(before, key)
    if comes in _DOMINANT | _LEADING_DEGREE:
        soprano = chorale.pitch[end, Voice.SOPRANO]
        rooted = comes in _DOMINANT and before.inversion == last.inversion == 0
        on_top = soprano != REST and soprano % 12 == key.pitch_class
        return "perfect" if rooted and on_top else "imperfect"
    # A supertonic with the fourth degree or the tonic in the bass is a subdominant with a sixth.
    plagal = comes in _SUBDOMINANT or (comes in _SUPERTONIC and before.inversion in (1, 3))
    return "plagal" if plagal and last.inversion == 0 else "none"


def _chord(harmony: Harmony, key: Key) -> tuple[int, int]:
    """Root above a key's tonic in semitones, and shape."""
    root = harmony.key.pitch_class + harmony.numeral.semitones - key.pitch_class
    return root % 12, harmony.numeral.shape
