"""Changes of single notes, tried many at a time against the rules.

Shapes: C changes to try, E events (frames in which a note of any voice begins), K columns of a
rule.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, REST, VOICES, Chorale, Key, Voice
from bachbot.theory.analysis import Harmony
from bachbot.theory.explanation import key_frames
from bachbot.theory.harmony import NONE
from bachbot.theory.rules import RULES, Rule, RuleSet, released
from bachbot.theory.rules.spelled import SpelledMoves, usual_name

SCALES: Mapping[str, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10, 11),
}
"""Semitones above the tonic; in minor with both sevenths."""


@dataclass(frozen=True)
class PieceNote:
    """A note of a voice: tied notes are one.

    Parameters
    ----------
    voice : Voice
        Its voice.
    index : int
        Its place among the notes of the voice.
    start, stop : int
        Its frames, `stop` excluded.
    pitch : int
        MIDI pitch.
    """

    voice: Voice
    index: int
    start: int
    stop: int
    pitch: int


Change = tuple[tuple[PieceNote, int], ...]
"""Notes and their new pitches."""


@dataclass(frozen=True, eq=False)
class AnalyzedPiece:
    """A piece with its harmony and its names, as the search for changes sees it.

    Parameters
    ----------
    chorale : Chorale
        T frames.
    harmonies : sequence of Harmony
        Its analysis.
    names : ndarray of int16, shape [T, 4]
        Names of its notes.
    """

    chorale: Chorale
    harmonies: Sequence[Harmony]
    names: NDArray[np.int16]

    @cached_property
    def notes(self) -> dict[Voice, list[PieceNote]]:
        """The notes of each voice in order."""
        return {voice: _notes(self.chorale, voice) for voice in VOICES}

    @cached_property
    def keys(self) -> list[Key]:
        """The key of each frame; that of the piece where there is no chord."""
        found = [self.chorale.key] * self.chorale.frames
        for key, here in key_frames(self.chorale, self.harmonies).items():
            for frame in np.flatnonzero(here).tolist():
                found[frame] = key
        return found

    @cached_property
    def chord_classes(self) -> list[frozenset[int]]:
        """The pitch classes of the chord in each frame; empty where there is none."""
        found: list[frozenset[int]] = [frozenset()] * self.chorale.frames
        for harmony in self.harmonies:
            root = harmony.key.pitch_class
            classes = frozenset((root + tone) % 12 for tone in harmony.numeral.tones)
            found[harmony.start : harmony.stop] = [classes] * (harmony.stop - harmony.start)
        return found

    @cached_property
    def released(self) -> NDArray[np.bool_]:
        """Whether a phrase ended before each frame, shape [T]."""
        return released(self.chorale)

    def note_at(self, voice: Voice, frame: int) -> PieceNote | None:
        """The note of a voice in a frame."""
        return next((n for n in self.notes[voice] if n.start <= frame < n.stop), None)

    def chord_tones(self, note: PieceNote) -> frozenset[int]:
        """Pitch classes of the chords under a note."""
        return frozenset().union(*self.chord_classes[note.start : note.stop])

    def scale(self, note: PieceNote) -> frozenset[int]:
        """Pitch classes of the key in which a note begins."""
        key = self.keys[note.start]
        return frozenset((key.pitch_class + s) % 12 for s in SCALES[key.mode])

    def changed(self, change: Change) -> Chorale:
        """The piece with a change."""
        pitch = self.chorale.pitch.copy()
        for note, new in change:
            pitch[note.start : note.stop, note.voice] = new
        return replace(self.chorale, pitch=pitch)


def _notes(chorale: Chorale, voice: Voice) -> list[PieceNote]:
    onsets = np.flatnonzero(chorale.onset[:, voice]).tolist()
    ends = [*np.flatnonzero(~chorale.tied[:, voice]).tolist(), chorale.frames]
    stops = np.array(ends)
    return [
        PieceNote(
            voice,
            index,
            start,
            int(stops[np.searchsorted(stops, start, side="right")]),
            int(chorale.pitch[start, voice]),
        )
        for index, start in enumerate(onsets)
    ]


@dataclass(frozen=True, eq=False)
class Trial:
    """What becomes of some changes.

    Parameters
    ----------
    ended : ndarray of bool, shape [C]
        Whether the fault is gone and no error or warning is new.
    others : ndarray of int, shape [C]
        How many other cells of errors and warnings are gone.
    remarks : ndarray of int, shape [C]
        How many remarks are new.
    dissonant : ndarray of float, shape [C]
        Quarter notes in which the voices no longer make a chord.
    leaps : ndarray of float, shape [C]
        Semitones beyond a step by which the voices move, more than before.
    reharmonized : ndarray of float, shape [C]
        Quarter notes in which a chord has got another root.
    """

    ended: NDArray[np.bool_]
    others: NDArray[np.int64]
    remarks: NDArray[np.int64]
    dissonant: NDArray[np.float64]
    leaps: NDArray[np.float64]
    reharmonized: NDArray[np.float64]


@dataclass(frozen=True)
class Target:
    """The fault to end: its rule, frame and voices."""

    rule: str
    frame: int
    voices: tuple[Voice, ...]


def try_changes(
    piece: AnalyzedPiece, rules: RuleSet, target: Target, changes: Sequence[Change]
) -> Trial:
    """Try changes against the rules, in the keys that the piece has now.

    Parameters
    ----------
    piece : AnalyzedPiece
        The piece.
    rules : RuleSet
        The rules.
    target : Target
        The fault to end.
    changes : sequence of Change
        One or more.
    """
    window = _Window.around(piece, changes, target.frame)
    old, new = window.moves(()), window.moves(changes)
    count = len(changes)
    ended = np.ones(count, dtype=np.bool_)
    others, remarks = np.zeros(count, np.int64), np.zeros(count, np.int64)
    for name, rule in rules.rules.items():
        before = window.faults(rule, old)  # [1, E, K]
        after = window.faults(rule, new)  # [C, E, K]
        fresh = (after & ~before).any(axis=(1, 2))
        if rules.severities[name] == "remark":
            remarks += (after & ~before).sum(axis=(1, 2))
        else:
            ended &= ~fresh
            others += (before & ~after).sum(axis=(1, 2))
        if name == target.rule:
            ended &= ~after[:, window.event(target.frame), rule.voices.index(target.voices)]
    chordless = RULES["no chord"]
    dissonant = window.faults(chordless, new) & ~window.faults(chordless, old)
    quarters = window.lengths / FRAMES_PER_QUARTER
    roots = [m.chords_now.root.reshape(-1, len(window.events)) for m in (old, new)]
    moved = (roots[0] != NONE) & (roots[1] != roots[0])
    return Trial(
        ended,
        others,
        remarks,
        (dissonant[:, :, 0] * quarters).sum(axis=1),
        _leaps(new, count) - _leaps(old, 1),
        (moved * quarters).sum(axis=1),
    )


def _leaps(moves: SpelledMoves, count: int) -> NDArray[np.float64]:
    """Semitones beyond a step of all moves, those beyond a fifth twice; shape [C]."""
    size = moves.size.astype(np.float64)
    cost = np.maximum(size - 2, 0) + np.maximum(size - 7, 0)
    return cost.reshape(count, -1).sum(axis=1)


@dataclass(frozen=True, eq=False)
class _Window:
    """The events around some changes."""

    piece: AnalyzedPiece
    events: NDArray[np.int64]  # [E]
    lengths: NDArray[np.int64]  # [E], in frames

    @classmethod
    def around(cls, piece: AnalyzedPiece, changes: Sequence[Change], frame: int) -> "_Window":
        touched = {note for change in changes for note, _ in change}
        first = min(frame, *(note.start for note in touched))
        last = max(frame + 1, *(note.stop for note in touched))
        chorale = piece.chorale
        begins = np.ones(chorale.frames, dtype=np.bool_)
        begins[1:] = (~chorale.tied[1:] & (chorale.pitch[1:] != REST)).any(axis=1)
        begins[1:] |= (chorale.pitch[1:] != chorale.pitch[:-1]).any(axis=1)
        begins[[first, frame]] = True
        stop = min(last + 1, chorale.frames)  # with the motion out of the last note
        if stop - 1 < chorale.frames:
            begins[stop - 1] = True
        events = first + np.flatnonzero(begins[first:stop])
        return cls(piece, events, np.diff(np.append(events, stop)))

    def event(self, frame: int) -> int:
        return int(np.searchsorted(self.events, frame))

    def moves(self, changes: Sequence[Change]) -> SpelledMoves:
        """The motion into each event after each change, without any if there are none."""
        piece, events = self.piece, self.events
        count = max(1, len(changes))
        now = np.repeat(piece.chorale.pitch[events][None], count, axis=0)  # [C, E, 4]
        names = np.repeat(piece.names[events][None], count, axis=0)
        spans: dict[PieceNote, slice] = {}
        for row, change in enumerate(changes):
            for note, pitch in change:
                if note not in spans:
                    spans[note] = slice(*np.searchsorted(events, (note.start, note.stop)))
                now[row, spans[note], note.voice] = pitch
                names[row, spans[note], note.voice] = usual_name(pitch, piece.keys[note.start])
        first = int(events[0])
        before, named = np.full_like(now, REST), np.zeros_like(names)
        before[:, 1:], named[:, 1:] = now[:, :-1], names[:, :-1]
        if first:
            before[:, 0], named[:, 0] = piece.chorale.pitch[first - 1], piece.names[first - 1]
        return SpelledMoves(
            before.reshape(-1, 4),
            now.reshape(-1, 4),
            piece.chorale.key,
            np.tile(piece.released[events], count),
            piece.chorale.transposed_by,
            named.reshape(-1, 4),
            names.reshape(-1, 4),
        )

    def faults(self, rule: Rule, moves: SpelledMoves) -> NDArray[np.bool_]:
        """Faults of a rule in each event, in the keys of the piece, shape [C, E, K]."""
        shape = (len(moves) // len(self.events), len(self.events), -1)
        if not rule.keyed:
            return rule.count(moves).reshape(shape)
        at = self.events if rule.state else np.maximum(self.events - 1, 0)
        keys = [self.piece.keys[frame] for frame in at.tolist()]
        found = np.zeros((shape[0], shape[1], len(rule.voices)), dtype=np.bool_)
        for key in dict.fromkeys(keys):
            here = np.array([other == key for other in keys])
            # A copy: what was computed in another key is kept in the moves.
            keyed = replace(moves, key=key)
            found |= rule.count(keyed).reshape(shape) & here[None, :, None]
        return found
