"""Changes that may end a fault: of one note, of two, or of a run of notes by an octave."""

from collections.abc import Collection, Iterable, Sequence
from itertools import product

from bachbot.chorale import VOICES, Voice
from bachbot.teaching.trials import AnalyzedPiece, Change, PieceNote
from bachbot.theory.explanation import Fault
from bachbot.theory.rules import LESSONS

_REACH = 12
"""Semitones within which a note gets another pitch."""

_LONGEST_RUN = 16
"""Most notes that move by an octave together, unless the whole voice does."""

_OCTAVE_RULES = ("out of range", "crossing", "wide soprano-alto", "wide alto-tenor")
"""Rules that a run of notes in the wrong octave breaks."""


def touched_notes(piece: AnalyzedPiece, fault: Fault, keep: Collection[Voice]) -> list[PieceNote]:
    """The notes that a fault is made of and that may change.

    Parameters
    ----------
    piece : AnalyzedPiece
        The piece.
    fault : Fault
        Of motion: the notes before and after; else those that sound. Where the rule looks at the
        whole chord, the other voices' too.
    keep : collection of Voice
        Voices that stay.
    """
    whole = LESSONS[fault.rule].rule.needs_all_voices
    own = list(fault.voices) + [v for v in VOICES if whole and v not in fault.voices]
    frames = (fault.frame - 1, fault.frame) if fault.before else (fault.frame,)
    found = [piece.note_at(v, f) for v in own if v not in keep for f in frames if f >= 0]
    return list(dict.fromkeys(note for note in found if note is not None))


def notes_around(piece: AnalyzedPiece, fault: Fault, keep: Collection[Voice]) -> list[PieceNote]:
    """The notes at a fault and one before and after them, in the voices that may change."""
    found: dict[PieceNote, None] = {}
    for voice in (v for v in VOICES if v not in keep):
        here = [piece.note_at(voice, f) for f in (fault.frame - 1, fault.frame) if f >= 0]
        places = [note.index for note in here if note is not None]
        if places:
            notes = piece.notes[voice]
            span = slice(max(0, min(places) - 1), max(places) + 2)
            found |= dict.fromkeys(notes[span])
    return list(found)


def pitches_for(piece: AnalyzedPiece, note: PieceNote, *, scale: bool) -> list[int]:
    """Other pitches for a note: chord tones within its voice's range, the nearest first.

    Parameters
    ----------
    piece : AnalyzedPiece
        The piece.
    note : PieceNote
        The note.
    scale : bool
        Whether other notes of the scale are among them.
    """
    low, high = (bound + piece.chorale.transposed_by for bound in note.voice.range)
    reach = _REACH + max(0, low - note.pitch, note.pitch - high)
    classes = piece.chord_tones(note) | (piece.scale(note) if scale else frozenset())
    found = [
        pitch
        for pitch in range(max(low, note.pitch - reach), min(high, note.pitch + reach) + 1)
        if pitch != note.pitch and (pitch % 12 in classes or (pitch - note.pitch) % 12 == 0)
    ]
    return sorted(found, key=lambda pitch: (abs(pitch - note.pitch), pitch))


def single_changes(piece: AnalyzedPiece, notes: Iterable[PieceNote]) -> list[Change]:
    """Every change of one note to a chord tone or a note of the scale."""
    return [((n, p),) for n in notes for p in pitches_for(piece, n, scale=True)]


def pair_changes(
    piece: AnalyzedPiece, touched: Sequence[PieceNote], around: Sequence[PieceNote]
) -> list[Change]:
    """Every change of two notes to chord tones, one of which the fault is made of."""
    options = {n: pitches_for(piece, n, scale=False) for n in (*touched, *around)}
    found: dict[frozenset[tuple[PieceNote, int]], Change] = {}
    for first, second in product(touched, around):
        if first == second:
            continue
        for a, b in product(options[first], options[second]):
            change = ((first, a), (second, b))
            found.setdefault(frozenset(change), change)
    return list(found.values())


def octave_changes(
    piece: AnalyzedPiece, fault: Fault, touched: Iterable[PieceNote]
) -> list[Change]:
    """Runs of notes of one voice moved by an octave, and the whole voice."""
    if fault.rule not in _OCTAVE_RULES:
        return []
    found: dict[Change, None] = {}
    for note in touched:
        notes = piece.notes[note.voice]
        low, high = (bound + piece.chorale.transposed_by for bound in note.voice.range)
        spans = [
            (first, last)
            for first in range(max(0, note.index - _LONGEST_RUN), note.index + 1)
            for last in range(note.index + 1, min(len(notes), first + _LONGEST_RUN) + 1)
            if last - first > 2
        ]
        for (first, last), up in product([*spans, (0, len(notes))], (-12, 12)):
            run = notes[first:last]
            if all(low <= n.pitch + up <= high for n in run):
                found[tuple((n, n.pitch + up) for n in run)] = None
    return list(found)
