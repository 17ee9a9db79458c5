"""The notes of a MIDI track, quantized and divided into lines.

Notes begin and end at the nearest sixteenth or, in beats where they fit better, triplet. All times
here are in twelfths of a quarter note, which both divide.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import groupby, pairwise

from bachbot.scores.readers.midi.midi_events import TickNote
from bachbot.scores.readers.tune import Syllable

TWELFTHS = 12
"""Units of time in a quarter note."""

_SIXTEENTH = 3
_TRIPLET = 4
_UNISONS = 0.75
"""From which share of the time in which two lines sound a lone note is a unison of both."""


@dataclass
class MidiNote:
    """A note or chord, in twelfths of a quarter note from the beginning, with its syllable."""

    start: int
    stop: int
    pitches: list[int]
    syllable: Syllable | None = None


@dataclass
class Timing:
    """How far notes are from the grid.

    Parameters
    ----------
    notes, off : int
        How many notes there are, and how many begin off the grid by more than a 48th of a beat.
    furthest : float
        Largest distance from the grid, in beats.
    """

    notes: int = 0
    off: int = 0
    furthest: float = 0.0


@dataclass
class _Snapped:
    """A note on the grid."""

    start: int
    stop: int
    pitch: int


def read_lines(
    notes: Sequence[TickNote], ticks: int, texts: dict[int, Syllable], timing: Timing
) -> list[list[MidiNote]]:
    """Quantize notes of one channel, and divide them into lines.

    Notes that begin and end together are chords of one line. Where notes sound against each other,
    as two voices on a staff do, there are two lines: the highest notes, and all others.

    Parameters
    ----------
    notes : sequence of TickNote
        In the order in which they begin.
    ticks : int
        In a quarter note.
    texts : dict of int to Syllable
        Syllables by the tick at which their notes begin.
    timing : Timing
        Counts the notes.

    Returns
    -------
    list of list of MidiNote
        One or two lines, the upper first.
    """
    triplets = _triplet_beats(notes, ticks)
    snapped: dict[tuple[int, int], list[_Snapped]] = {}
    words: dict[int, Syllable] = {}
    before = timing.off
    for note in notes:
        start = _snap(note.start, ticks, triplets)
        shortest = _TRIPLET if start // TWELFTHS in triplets else _SIXTEENTH
        stop = max(_snap(note.stop, ticks, triplets), start + shortest)
        distance = abs(start / TWELFTHS - note.start / ticks)
        timing.notes += 1
        timing.off += distance > 1 / 48
        timing.furthest = max(timing.furthest, distance)
        same = snapped.setdefault((start, note.pitch), [])
        if len(same) < 2:
            same.append(_Snapped(start, stop, note.pitch))
        if note.start in texts:
            words.setdefault(start, texts[note.start])
    performed = timing.off > before
    ordered = sorted((n for same in snapped.values() for n in same), key=lambda n: n.start)
    detached = _end_legato(ordered)
    chords = _is_chords(detached, performed=performed)
    if performed or chords:
        ordered = detached  # small overlaps are legato, unless others show that there are voices
    if chords:
        lines = [_chords(ordered)]
    else:
        top, rest = _divide(ordered)
        lines = [_chords(top), _chords(rest)]
        _share_unisons(*lines)
    for line in lines:
        _fill_gaps(line)
    for sung in lines[0]:
        sung.syllable = words.get(sung.start)
    return lines


def _triplet_beats(notes: Iterable[TickNote], ticks: int) -> set[int]:
    """Beats whose onsets are nearer to triplets than to sixteenths."""
    errors: dict[int, list[int]] = {}
    for note in notes:
        beat, into = divmod(note.start, ticks)
        both = errors.setdefault(beat, [0, 0])
        # In twelfths of a tick.
        both[0] += abs(12 * into - 3 * ticks * round(4 * into / ticks))
        both[1] += abs(12 * into - 4 * ticks * round(3 * into / ticks))
    # Nearer by more than the inaccuracy of a performer, a 24th of a beat.
    return {beat for beat, (plain, third) in errors.items() if third + ticks / 2 < plain}


def _snap(at: int, ticks: int, triplets: set[int]) -> int:
    beat, into = divmod(at, ticks)
    steps = 3 if beat in triplets else 4
    return TWELFTHS * beat + round(into * steps / ticks) * (TWELFTHS // steps)


def _end_legato(notes: Sequence[_Snapped]) -> list[_Snapped]:
    """The notes, those that overlap the next onset by a little ended where that begins."""
    starts = sorted({note.start for note in notes})
    following = dict(pairwise(starts))
    out = []
    for note in notes:
        then = following.get(note.start, note.stop)
        little = max(_SIXTEENTH, (note.stop - note.start) // 4)
        stop = then if 0 < note.stop - then <= little else note.stop
        out.append(_Snapped(note.start, stop, note.pitch))
    return out


def _is_chords(notes: Sequence[_Snapped], *, performed: bool) -> bool:
    """Whether notes that sound together begin and end together."""
    last = 0
    for start, group in groupby(notes, key=lambda note: note.start):
        if start < last:
            return False
        stops = [note.stop for note in group]
        last = max(stops)
        slack = max(_SIXTEENTH, (last - start) // 4) if performed else 0
        if last - min(stops) > slack:
            return False
    return True


def _divide(notes: Sequence[_Snapped]) -> tuple[list[_Snapped], list[_Snapped]]:
    """Divide notes into those below which nothing higher sounds, and the others."""
    top: list[_Snapped] = []
    rest: list[_Snapped] = []
    sounding: list[tuple[int, int, int]] = []
    candidates: list[_Snapped] = []
    for start, group in groupby(notes, key=lambda note: note.start):
        new = list(group)
        for note in new:
            heappush(sounding, (-note.pitch, -note.stop, note.start))
        while sounding and -sounding[0][1] <= start:
            heappop(sounding)
        highest = -sounding[0][0]
        kept: list[_Snapped] = []
        for note in [*candidates, *sorted(new, key=lambda n: -n.stop)]:
            if note.stop <= start:
                top.append(note)
            elif note.pitch < highest or (kept and kept[0].pitch == note.pitch):
                rest.append(note)  # the second of a unison is in the lower line
            else:
                kept.append(note)
        candidates = kept
    return sorted(top + candidates, key=_by_start), sorted(rest, key=_by_start)


def _by_start(note: _Snapped) -> tuple[int, int]:
    return note.start, note.pitch


def _chords(notes: Sequence[_Snapped]) -> list[MidiNote]:
    """Join notes that begin together, and end them where the next ones begin."""
    out: list[MidiNote] = []
    for start, group in groupby(notes, key=lambda note: note.start):
        chord = list(group)
        pitches = sorted({note.pitch for note in chord})
        out.append(MidiNote(start, max(note.stop for note in chord), pitches))
    for note, following in pairwise(out):
        note.stop = min(note.stop, following.start)
    return out


def _share_unisons(top: Sequence[MidiNote], lower: list[MidiNote]) -> None:
    """Give the lower line the notes of the upper one that fill its gaps, if it has few gaps."""
    sounded = sum(note.stop - note.start for note in lower)
    whole = sum(note.stop - note.start for note in top)
    if not lower or sounded < _UNISONS * whole:
        return
    gaps = [(0, lower[0].start), *((n.stop, f.start) for n, f in pairwise(lower))]
    gaps.append((lower[-1].stop, max(lower[-1].stop, top[-1].stop)))
    begins = [begin for begin, _ in gaps]
    for note in top:
        begin, end = gaps[bisect_right(begins, note.start) - 1]
        if begin <= note.start and note.stop <= end:
            lower.append(MidiNote(note.start, note.stop, [note.pitches[-1]]))
    lower.sort(key=lambda note: note.start)


def _fill_gaps(line: Sequence[MidiNote]) -> None:
    """Lengthen detached notes to the next one: a small gap is articulation."""
    for note, following in pairwise(line):
        gap = following.start - note.stop
        if 0 < gap <= min(_SIXTEENTH, (following.start - note.start) // 2):
            note.stop = following.start
