"""Bars of a score, by their printed numbers."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER
from bachbot.errors import UsageError
from bachbot.scores.musicxml.notes import grid_bars
from bachbot.scores.score import Score
from bachbot.theory.given.given_chords import BarBeats

_RANGE = re.compile(r"\s*(\d{1,5})\s*(?:[-–]\s*(\d{1,5})\s*)?")
_NUMBER = re.compile(r"\s*(\d{1,5})")


@dataclass(frozen=True)
class BarRange:
    """Consecutive bars of a score.

    Parameters
    ----------
    frames : range
        Their frames in the chorale.
    measures : range
        Their indices in the score, from 0.
    """

    frames: range
    measures: range


def bar_numbers(score: Score) -> list[int]:
    """Printed number of every bar.

    The second part of a bar that a repeat or a double bar splits has the number of the first; a
    pickup is 0.
    """
    measures = score.document.part(score.lines[score.present[0]].part).findall("measure")
    printed = [_NUMBER.match(measure.get("number") or "") for measure in measures]
    bare = not any(printed)
    numbers: list[int] = []
    for index, (measure, found) in enumerate(zip(measures, printed, strict=True)):
        before = numbers[-1] if numbers else 0
        if found and not (index == 0 and measure.get("implicit") == "yes"):
            numbers.append(int(found[1]))
        elif bare and measure.get("implicit") != "yes":
            numbers.append(before + 1)
        else:
            numbers.append(before)
    return numbers


def beats_of(score: Score) -> tuple[BarBeats, ...]:
    """The bars of a score with their beats; both parts of a bar that a repeat splits are one."""
    spans: list[tuple[int, int, int]] = []  # number, first frame, index of the first measure
    slots = grid_bars(score.document.bars)
    last = score.chorale.frames
    for index, (number, slot) in enumerate(zip(bar_numbers(score), slots, strict=True)):
        continues = bool(spans) and spans[-1][0] == number and slot.position > 0
        if not continues and slot.start < last:
            spans.append((number, slot.start, index))
    stops = [start for _, start, _ in spans[1:]] + [last]
    return tuple(
        BarBeats.of(score.chorale, number, range(start, stop), slots[index].meter)
        for (number, start, index), stop in zip(spans, stops, strict=True)
    )


def frame_bar_numbers(score: Score) -> NDArray[np.int64]:
    """Printed number of the bar of each frame, shape [T]."""
    numbers = np.zeros(score.chorale.frames, dtype=np.int64)
    for bar in beats_of(score):
        numbers[bar.frames.start : bar.frames.stop] = bar.number
    return numbers


def bars_of(score: Score, text: str) -> BarRange:
    """Find bars by their printed numbers.

    Parameters
    ----------
    score : Score
        Where to look for them.
    text : str
        First and last bar, such as ``"5-8"``, or one bar, such as ``"7"``; a pickup is bar 0.

    Returns
    -------
    BarRange
        With both parts of a bar that a repeat splits.

    Raises
    ------
    UsageError
        If the text is not a range, the range is reversed or has a bar that the score lacks, or a
        bar is not a whole number of sixteenths.
    """
    match = _RANGE.fullmatch(text)
    if not match:
        raise UsageError(f"{text[:40]!r} is not a range of bars: give one such as 5-8, or one bar")
    low, high = int(match[1]), int(match[2] or match[1])
    if low > high:
        raise UsageError(f"bars {low}-{high} are reversed: give {high}-{low}")
    numbers = bar_numbers(score)
    if low not in numbers:
        raise _no_bar(numbers, low)
    first = numbers.index(low)
    stop = first + 1
    # Where the numbers start again, another movement begins.
    while stop < len(numbers) and numbers[stop - 1] <= numbers[stop] <= high:
        stop += 1
    if numbers[stop - 1] != high:
        raise _no_bar(numbers, high)
    check_on_grid(score, range(first, stop))
    slots = grid_bars(score.document.bars)
    end = score.chorale.frames if stop == len(slots) else slots[stop - 1].stop
    return BarRange(range(slots[first].start, end), range(first, stop))


def _no_bar(numbers: list[int], number: int) -> UsageError:
    return UsageError(
        f"the score has no bar {number}: give bars from {min(numbers)} to {max(numbers)}"
    )


def check_on_grid(score: Score, measures: Iterable[int]) -> None:
    """Check that bars are whole numbers of sixteenths, so that they can be rewritten.

    Parameters
    ----------
    score : Score
        The score.
    measures : iterable of int
        Indices of the bars.

    Raises
    ------
    UsageError
        If one is not.
    """
    for index in measures:
        bar = score.document.bars[index]
        if any((t * FRAMES_PER_QUARTER).denominator > 1 for t in (bar.start, bar.length)):
            place = score.document.where(index, Fraction(0)).split(",")[0]
            raise UsageError(
                f"{place} begins or ends within a sixteenth and cannot be rewritten: "
                "give other bars"
            )
