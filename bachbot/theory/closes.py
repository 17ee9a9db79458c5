"""Closes: the cadence at the end of each phrase, in the key that it is heard in.

`cadence` asks how a piece may end in a key that is known; here key and chords come from an
analysis, and the cadences that end no piece are told as well (Aldwell, Schachter and Cadwallader,
*Harmony and Voice Leading*, 4th edition, chapters 7, 11 and 13).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bachbot.chorale import REST, Chorale, Key, Voice, line_of_fifths, note_name
from bachbot.theory.analysis import Harmony
from bachbot.theory.melody import phrase_ends
from bachbot.theory.numerals import DIM, DIM7, DOM7, HALF7, MAJ, MAJ7, MIN, MIN7

CloseKind = Literal["perfect", "imperfect", "plagal", "half", "phrygian", "deceptive", "none"]

# Chords by root in semitones above the tonic, and shape.
_TONIC = {(0, MAJ), (0, MIN)}
_DOMINANT = {(7, MAJ), (7, DOM7)}
_LEADING = {(11, DIM), (11, HALF7), (11, DIM7)}
_SUBDOMINANT = {(5, shape) for shape in (MAJ, MIN, MAJ7, MIN7)}
_SUPERTONIC = {(2, shape) for shape in (MIN, DIM, MIN7, HALF7)}
_SUBMEDIANT = {"major": (9, MIN), "minor": (8, MAJ)}


@dataclass(frozen=True)
class Close:
    """How a phrase closes.

    Parameters
    ----------
    frame : int
        Where its last chord begins.
    end : int
        Last frame of the phrase.
    key : Key
        The key that it is heard in.
    kind : str
        ``perfect``: dominant to tonic, both in root position, the tonic in the soprano.
        ``imperfect``: dominant or leading-note chord to tonic otherwise. ``plagal``: subdominant
        to tonic. ``half``: on the dominant. ``phrygian``: on the dominant of a minor key from the
        subdominant's first inversion. ``deceptive``: dominant to submediant, or to what stands
        over its root. ``none``: none of these.
    chords : tuple of Harmony
        The last two, or the last alone where the phrase has one.
    """

    frame: int
    end: int
    key: Key
    kind: CloseKind
    chords: tuple[Harmony, ...]


def closes(chorale: Chorale, harmonies: Sequence[Harmony]) -> list[Close]:
    """Tell the cadence at each fermata and at the end.

    Parameters
    ----------
    chorale : Chorale
        The piece.
    harmonies : sequence of Harmony
        As `analyse` reads it.
    """
    found = []
    begin = 0
    for end in phrase_ends(chorale).tolist():
        phrase = [h for h in harmonies if h.stop > begin and h.start <= end]
        if phrase:
            found.append(_close(chorale, phrase, end))
        begin = end + 1
    return found


def _close(chorale: Chorale, phrase: Sequence[Harmony], end: int) -> Close:
    # A bass that walks on under the fermata changes the position, not the cadence.
    same = len(phrase) - 1
    held = _begin_of_note(chorale, end)
    while same and _is_same(phrase[same - 1], phrase[-1]) and phrase[same - 1].stop > held:
        same -= 1
    last = phrase[same]
    before = next((h for h in reversed(phrase[:same]) if not _is_same(h, last)), None)
    if before is None:
        return Close(last.start, end, last.key, "none", (last,))
    key = last.key
    kind = _kind(chorale, before, last, key, end)
    if kind == "none":
        # I to IV is the dominant of IV going home, though the phrase may not stay there.
        goal = _goal(last)
        if _chord(before, goal) in _DOMINANT and _chord(last, goal) in _TONIC:
            key, kind = goal, _on_tonic(chorale, before, last, goal, end)
    return Close(last.start, end, key, kind, (before, last))


def _goal(last: Harmony) -> Key:
    """The key whose tonic a chord would be."""
    root = note_name(line_of_fifths(last.key.tonic) + last.numeral.root)
    return Key(root, "minor" if last.numeral.shape == MIN else "major").simplified


def _begin_of_note(chorale: Chorale, frame: int) -> int:
    """Where the soprano's note, or else its rest, in a frame begins."""
    pitch = chorale.pitch[:, Voice.SOPRANO]
    while frame and pitch[frame - 1] == pitch[frame] and not chorale.onset[frame, Voice.SOPRANO]:
        frame -= 1
    return frame


def _is_same(a: Harmony, b: Harmony) -> bool:
    return (a.key, a.numeral) == (b.key, b.numeral)


def _kind(chorale: Chorale, before: Harmony, last: Harmony, key: Key, end: int) -> CloseKind:
    ends, comes = _chord(last, key), _chord(before, key)
    if ends in _TONIC:
        return _on_tonic(chorale, before, last, key, end)
    if ends in _DOMINANT and last.inversion == 0:
        phrygian = key.mode == "minor" and comes in _SUBDOMINANT and before.inversion == 1
        return "phrygian" if phrygian else "half"
    on_sixth = (ends in _SUBDOMINANT and last.inversion == 1) or (
        ends == _SUBMEDIANT[key.mode] and last.inversion == 0
    )
    return "deceptive" if comes in _DOMINANT and on_sixth else "none"


def _on_tonic(chorale: Chorale, before: Harmony, last: Harmony, key: Key, end: int) -> CloseKind:
    comes = _chord(before, key)
    if comes in _DOMINANT | _LEADING:
        soprano = chorale.pitch[end, Voice.SOPRANO]
        rooted = comes in _DOMINANT and before.inversion == last.inversion == 0
        on_top = soprano != REST and soprano % 12 == key.pitch_class
        return "perfect" if rooted and on_top else "imperfect"
    # The supertonic over the fourth degree or over the tonic is a subdominant with a sixth.
    plagal = comes in _SUBDOMINANT or (comes in _SUPERTONIC and before.inversion in (1, 3))
    return "plagal" if plagal and last.inversion == 0 else "none"


def _chord(harmony: Harmony, key: Key) -> tuple[int, int]:
    """Root above a key's tonic, and shape."""
    root = harmony.key.pitch_class + harmony.numeral.semitones - key.pitch_class
    return root % 12, harmony.numeral.shape
