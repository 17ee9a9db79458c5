"""Lines of notes in bars of any length, laid on the grid of sixteenths."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, REST, Meter
from bachbot.errors import UsageError


@dataclass(frozen=True)
class LineNote:
    """A note of one line as it is written: a tied note is several of these.

    Parameters
    ----------
    start, length : Fraction
        In quarter notes from the beginning of the piece.
    pitch : int
        MIDI pitch as it sounds.
    tied : bool
        Whether a tie ends here.
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
    """What stands between two bar lines.

    Parameters
    ----------
    start, length : Fraction
        In quarter notes; the length is what the bar holds, not what its time signature says.
    beats, unit : int
        The time signature in force.
    """

    start: Fraction
    length: Fraction
    beats: int = 4
    unit: int = 4

    @property
    def nominal(self) -> Fraction:
        """Length that the time signature says, in quarter notes."""
        return Fraction(4 * self.beats, self.unit)


@dataclass(frozen=True, eq=False)
class Grid:
    """Lines on the grid of sixteenths.

    Parameters
    ----------
    pitch : ndarray of int16, shape [T, n]
        MIDI pitch of each line in each frame; -1 is a rest.
    tied : ndarray of bool, shape [T, n]
        True where a line sounds on from the frame before.
    fermata : ndarray of bool, shape [T]
        True in every frame of a note of the first line under a fermata.
    position : ndarray of int16, shape [T]
        Place of each frame in its bar, in frames.
    meter : Meter
        Time signature of the beginning, and the pickup.
    """

    pitch: NDArray[np.int16]
    tied: NDArray[np.bool_]
    fermata: NDArray[np.bool_]
    position: NDArray[np.int16]
    meter: Meter


def frame_of(quarters: Fraction) -> int:
    """Nearest frame boundary; half a frame goes up."""
    return floor(quarters * FRAMES_PER_QUARTER + Fraction(1, 2))


def quantize(lines: Sequence[Sequence[LineNote]], bars: Sequence[Bar]) -> Grid:
    """Put lines on the grid.

    Notes begin and end on the nearest sixteenth; one too short to hold a frame is left out.
    Where notes of one line overlap the upper one is taken.

    Parameters
    ----------
    lines : sequence of sequences of LineNote
        One for each column; the first gives the fermatas.
    bars : sequence of Bar
        In order, each beginning where the one before ends.
    """
    end = max([frame_of(bar.start + bar.length) for bar in bars], default=0)
    ends = [frame_of(n.start + n.length) for line in lines for n in line]
    frames = max([end, *ends])
    pitch = np.full((frames, len(lines)), REST, dtype=np.int16)
    tied = np.zeros((frames, len(lines)), dtype=np.bool_)
    fermata = np.zeros(frames, dtype=np.bool_)
    for column, line in enumerate(lines):
        marks = _quantize_line(line, pitch[:, column], tied[:, column])
        if column == 0:
            fermata = marks
    return Grid(pitch, tied, fermata, _places(bars, frames), meter_of(bars))


def _quantize_line(
    line: Sequence[LineNote], pitch: NDArray[np.int16], tied: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Fill one column of pitch and tied in place; return its fermatas, shape [T]."""
    marked = np.zeros(len(pitch), dtype=np.bool_)
    # Lower notes first, so that the upper one of two at once is written last.
    for note in sorted(line, key=lambda n: (n.start, n.pitch)):
        start, stop = frame_of(note.start), frame_of(note.start + note.length)
        if stop <= start:
            continue
        holds_on = note.tied and start > 0 and pitch[start - 1] == note.pitch
        if pitch[start] > note.pitch:  # the upper voice of two sounds on over this one
            free = np.flatnonzero(pitch[start:stop] < note.pitch)
            if not free.size:
                continue
            start, holds_on = start + int(free[0]), False
        pitch[start:stop] = note.pitch
        tied[start:stop] = True
        tied[start] = holds_on
        marked[start:stop] = note.fermata
    # An overlap cut short may have left a tie that holds on to nothing.
    before = np.concatenate([[REST], pitch[:-1]])
    tied &= (pitch == before) & (pitch != REST)
    return _whole_notes(marked, tied)


def _whole_notes(marked: NDArray[np.bool_], tied: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Spread a mark on any part of a tied note over all of it."""
    if not marked.any():
        return marked
    note = np.cumsum(~tied)
    return np.isin(note, note[marked])


def _places(bars: Sequence[Bar], frames: int) -> NDArray[np.int16]:
    place = np.arange(frames)
    for bar, offset in zip(bars, bar_offsets(bars), strict=True):
        start = frame_of(bar.start)
        count = np.arange(frames - start) + frame_of(offset)
        # A bar longer than its time signature is several bars that lack their bar lines.
        place[start:] = count % max(1, frame_of(bar.nominal))
    return place.astype(np.int16)


def bar_offsets(bars: Sequence[Bar]) -> list[Fraction]:
    """How far into its measure each bar begins, in quarter notes.

    Not 0 for a pickup, and for the second part of a bar that a repeat or a double bar splits.
    """
    offsets: list[Fraction] = []
    for index, bar in enumerate(bars):
        short = 0 < bar.length < bar.nominal
        if not short or len(bars) == 1:
            offsets.append(Fraction(0))
        elif index == 0:
            offsets.append(bar.nominal - bar.length)
        else:
            before = bars[index - 1]
            reached = offsets[-1] + before.length
            if before.length < before.nominal and reached + bar.length <= bar.nominal:
                # A split bar: what is left of a short one, whatever repeat stands between.
                offsets.append(reached)
            elif index + 1 < len(bars) and _begins_section(bar, bars[index + 1]):
                offsets.append(bar.nominal - bar.length)
            else:
                offsets.append(Fraction(0))
    return offsets


def _begins_section(bar: Bar, following: Bar) -> bool:
    """Whether a short inner bar that completes none is a pickup: at most half, then a full bar."""
    return 2 * bar.length <= bar.nominal and following.length >= following.nominal


def meter_of(bars: Sequence[Bar]) -> Meter:
    """Time signature of the first bar, and how much of it the pickup holds."""
    if not bars:
        return Meter()
    first = bars[0]
    try:
        meter = Meter(first.beats, first.unit)
        lead = frame_of(bar_offsets(bars)[0])
        return Meter(first.beats, first.unit, meter.bar_frames - lead if lead else 0)
    except UsageError:
        # Such as 33/8: the places in the bar stay true, the name is that of a plain bar.
        return Meter()
