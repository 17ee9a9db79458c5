"""Lines of notes in bars of any length, quantized to the grid of sixteenths."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from math import lcm

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, REST, Meter
from bachbot.errors import UsageError


@dataclass(frozen=True)
class LineNote:
    """A note of one line as it is written; a tied note is several of these.

    Parameters
    ----------
    start, length : Fraction
        In quarter notes from the beginning of the piece.
    pitch : int
        MIDI pitch as it sounds.
    tied : bool
        Whether it is tied to the note before.
    fermata : bool
        Whether it is under a fermata.
    """

    start: Fraction
    length: Fraction
    pitch: int
    tied: bool = False
    fermata: bool = False


@dataclass(frozen=True)
class Bar:
    """The music between two bar lines.

    Parameters
    ----------
    start, length : Fraction
        In quarter notes; the length is that of the notes, not that of the time signature.
    beats, unit : int
        The time signature in force.
    """

    start: Fraction
    length: Fraction
    beats: int = 4
    unit: int = 4

    @property
    def nominal(self) -> Fraction:
        """Length by the time signature, in quarter notes."""
        return _nominal(self.beats, self.unit)

    @property
    def beat(self) -> Fraction:
        """Length of a beat in quarter notes: three units in compound meters, as in `Meter`."""
        compound = self.unit >= 8 and self.beats % 3 == 0 and self.beats > 3
        return Fraction(12 if compound else 4, self.unit)


@lru_cache(maxsize=1000)
def _nominal(beats: int, unit: int) -> Fraction:
    return Fraction(4 * beats, unit)


@dataclass(frozen=True, eq=False)
class Grid:
    """Lines on the grid of sixteenths.

    Parameters
    ----------
    pitch : ndarray of int16, shape [T, n]
        MIDI pitch of each line in each frame; -1 is a rest.
    tied : ndarray of bool, shape [T, n]
        True where a note continues from the frame before.
    fermata : ndarray of bool, shape [T]
        True in every frame of a note of the first line under a fermata.
    position : ndarray of int16, shape [T]
        Metrical position: frames since the beginning of the bar.
    meter : Meter
        First time signature, and the pickup.
    """

    pitch: NDArray[np.int16]
    tied: NDArray[np.bool_]
    fermata: NDArray[np.bool_]
    position: NDArray[np.int16]
    meter: Meter


def frame_of(quarters: Fraction) -> int:
    """Nearest frame boundary, half a frame rounded up."""
    # In whole numbers, since it is called for every note.
    return _frame(quarters.numerator, quarters.denominator)


def _frame(count: int, quarter: int) -> int:
    """Nearest frame boundary of a count of parts of a quarter note."""
    return (2 * FRAMES_PER_QUARTER * count + quarter) // (2 * quarter)


def quantize(lines: Sequence[Sequence[LineNote]], bars: Sequence[Bar]) -> Grid:
    """Quantize lines to the grid.

    Notes begin and end at the nearest sixteenth; a note that gets no frame is left out. Where
    notes of one line overlap, the upper one is kept.

    Parameters
    ----------
    lines : sequence of sequences of LineNote
        One for each column of the grid; fermatas are read from the first.
    bars : sequence of Bar
        In order, each from the end of the one before.
    """
    end = max([frame_of(bar.start + bar.length) for bar in bars], default=0)
    spans = [_spans(line) for line in lines]
    frames = max([end, *(stop for line in spans for _, stop, _ in line)])
    pitch = np.full((frames, len(lines)), REST, dtype=np.int16)
    tied = np.zeros((frames, len(lines)), dtype=np.bool_)
    fermata = np.zeros(frames, dtype=np.bool_)
    for column, line in enumerate(spans):
        marks = _quantize_line(line, pitch[:, column], tied[:, column])
        if column == 0:
            fermata = marks
    return Grid(pitch, tied, fermata, _positions(bars, frames), meter_of(bars))


def _spans(line: Sequence[LineNote]) -> list[tuple[int, int, LineNote]]:
    """The frames in which notes begin and end, and the notes, by beginning and pitch.

    Lower notes come first: of two simultaneous notes the upper one is written last.
    """
    # In whole numbers of a unit that all share, which are faster than fractions.
    quarter = lcm(*{n.start.denominator for n in line}, *{n.length.denominator for n in line})
    found = []
    for index, note in enumerate(line):
        start = note.start.numerator * (quarter // note.start.denominator)
        stop = start + note.length.numerator * (quarter // note.length.denominator)
        found.append((start, note.pitch, index, stop))
    return [
        (_frame(start, quarter), _frame(stop, quarter), line[index])
        for start, _, index, stop in sorted(found)
    ]


def _quantize_line(
    line: Sequence[tuple[int, int, LineNote]],
    pitch: NDArray[np.int16],
    tied: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Fill one column of pitch and tied in place; return its fermatas, shape [T]."""
    marked = np.zeros(len(pitch), dtype=np.bool_)
    for begin, stop, note in line:
        start = begin
        if stop <= start:
            continue
        continues = note.tied and start > 0 and pitch[start - 1] == note.pitch
        if pitch[start] > note.pitch:  # a higher note is still sounding
            free = np.flatnonzero(pitch[start:stop] < note.pitch)
            if not free.size:
                continue
            start, continues = start + int(free[0]), False
        pitch[start:stop] = note.pitch
        tied[start:stop] = True
        tied[start] = continues
        marked[start:stop] = note.fermata
    # Where an overlap was cut, a tie may have lost the note it continues.
    before = np.concatenate([[REST], pitch[:-1]])
    tied &= (pitch == before) & (pitch != REST)
    return _spread_over_notes(marked, tied)


def _spread_over_notes(marked: NDArray[np.bool_], tied: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Spread a mark on one part of a tied note over the whole note."""
    if not marked.any():
        return marked
    note = np.cumsum(~tied)
    return np.isin(note, note[marked])


def _positions(bars: Sequence[Bar], frames: int) -> NDArray[np.int16]:
    position = np.arange(frames)
    spans = pairwise([*(frame_of(bar.start) for bar in bars), frames])
    for bar, offset, (start, end) in zip(bars, bar_offsets(bars), spans, strict=True):
        count = np.arange(end - start) + frame_of(offset)
        # A bar longer than its time signature is several bars without bar lines.
        position[start:end] = count % max(1, frame_of(bar.nominal))
    return position.astype(np.int16)


def bar_count(bars: Sequence[Bar]) -> str:
    """How many bars there are in words; a pickup and the second part of a split bar do not count.

    Examples
    --------
    >>> bar_count([Bar(Fraction(0), Fraction(4), 4, 4)])
    '1 bar'
    """
    count = sum(not offset for offset in bar_offsets(bars))
    return f"{count} bar{'' if count == 1 else 's'}"


def bar_offsets(bars: Sequence[Bar]) -> list[Fraction]:
    """Metrical position at which each bar begins, in quarter notes.

    It is not 0 for a pickup, nor for the second part of a bar split by a repeat or a double bar.
    """
    # In whole numbers of a unit that all share, which are faster than fractions.
    quarter = lcm(*{bar.length.denominator for bar in bars}, *{bar.unit for bar in bars})
    lengths = [bar.length.numerator * (quarter // bar.length.denominator) for bar in bars]
    nominals = [4 * bar.beats * quarter // bar.unit for bar in bars]
    offsets: list[int] = []
    for index, (length, nominal) in enumerate(zip(lengths, nominals, strict=True)):
        offset = 0
        if 0 < length < nominal and len(bars) > 1:
            if index == 0:
                offset = nominal - length
            else:
                before, reached = lengths[index - 1], offsets[-1] + lengths[index - 1]
                if before < nominals[index - 1] and reached + length <= nominal:
                    # The rest of a short bar, split by a repeat or a double bar.
                    offset = reached
                elif (
                    # A short inner bar that completes no other is a pickup: half a bar or less.
                    index + 1 < len(bars)
                    and 2 * length <= nominal
                    and lengths[index + 1] >= nominals[index + 1]
                ):
                    offset = nominal - length
        offsets.append(offset)
    return [Fraction(offset, quarter) for offset in offsets]


def meter_of(bars: Sequence[Bar]) -> Meter:
    """First time signature, with the length of the pickup; 4/4 if it is not supported."""
    if not bars:
        return Meter()
    beats, unit = bars[0].beats, bars[0].unit
    try:
        meter = Meter(beats, unit)
        lead = frame_of(bar_offsets(bars)[0])
        return Meter(beats, unit, meter.bar_frames - lead if lead else 0)
    except UsageError:
        return Meter()


def supported_meter(beats: int, unit: int) -> Meter:
    """The meter of a time signature, or 4/4 if it is not supported, such as 33/8."""
    try:
        return Meter(beats, unit)
    except UsageError:
        return Meter()
