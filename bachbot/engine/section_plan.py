"""Which part of a tune each slide of a show gets, and how long the link after it is.

Times are frames; the tune is played again and again, so a frame may be beyond its end.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log

import numpy as np

from bachbot.chorale import FRAMES_PER_QUARTER, Chorale, Voice
from bachbot.engine.slides import Slide
from bachbot.scores import Score
from bachbot.scores.phrases import phrase_ends_of

_PHRASES, _BARS = log(1.3), log(1.5)
"""How far the tempo may be from the mood's for whole phrases, and for whole bars."""


@dataclass(frozen=True)
class Span:
    """What a slide gets of the tune.

    Parameters
    ----------
    start, stop : int
        Frames of the tune, which is played again and again.
    link : int
        Frames between it and the next section.
    gap : int
        Frames for which the last chord is held before the tune begins again.
    """

    start: int
    stop: int
    link: int
    gap: int

    def chords(self, beat: int, most: int) -> int:
        """Number of chords of the link: one a beat."""
        return max(1, min(most, self.link // beat))


@dataclass(frozen=True, eq=False)
class Plan:
    """A tune as slides divide it.

    Parameters
    ----------
    tune : Chorale
        The tune as it was loaded; in a mood its places in time are the same.
    phrases : tuple of int
        First frame of each phrase.
    tempos : mapping of str to float
        Quarter notes per minute of each mood.
    """

    tune: Chorale
    phrases: tuple[int, ...]
    tempos: Mapping[str, float]

    @classmethod
    def of(cls, score: Score, tempos: Mapping[str, float]) -> "Plan":
        """Divide a tune into its phrases: by its fermatas, or as they are predicted."""
        tune = score.chorale
        ends: Iterable[int] | None = phrase_ends_of(score)
        if ends is None:
            ends = np.flatnonzero(tune.fermata).tolist()
        onsets = np.flatnonzero(tune.onset[:, Voice.SOPRANO])
        after = [
            int(onsets[i]) for i in np.searchsorted(onsets, list(ends), "right") if i < len(onsets)
        ]
        return cls(tune, tuple(sorted({0, *after})), tempos)

    @property
    def bar(self) -> int:
        """Frames of a bar."""
        return self.tune.meter.bar_frames

    @property
    def gap(self) -> int:
        """Frames between the end of the tune and its beginning in the next bar."""
        return int(self.tune.position[0] - self.tune.position[-1] - 1) % self.bar

    @property
    def period(self) -> int:
        """Frames after which the tune begins again."""
        return self.tune.frames + self.gap

    def position(self, frame: int) -> int:
        """Position in the bar of a frame."""
        at = frame % self.period
        if at < self.tune.frames:
            return int(self.tune.position[at])
        return int(self.tune.position[-1] + 1 + at - self.tune.frames) % self.bar

    def within(self, places: Sequence[int], start: int, stop: int) -> list[int]:
        """Places of the tune above `start` up to `stop`, as often as it is played."""
        found = []
        for turn in range(start // self.period, stop // self.period + 1):
            base = turn * self.period
            low = bisect_right(places, start - base)
            high = bisect_right(places, stop - base)
            found += [base + place for place in places[low:high]]
        return found

    def frames(self, slide: Slide) -> float:
        """Frames of a slide at the tempo of its mood."""
        return slide.seconds * self.tempos[slide.mood] / 60 * FRAMES_PER_QUARTER

    @property
    def bars(self) -> list[int]:
        """First frame of each bar."""
        return self.tune.bar_starts.tolist()

    @property
    def beats(self) -> list[int]:
        """First frame of each beat."""
        return np.flatnonzero(self.tune.position % self.tune.meter.beat_frames == 0).tolist()


def plan_sections(plan: Plan, slides: Sequence[Slide]) -> list[Span]:
    """Divide a tune among slides.

    Parameters
    ----------
    plan : Plan
        The tune.
    slides : sequence of Slide
        At least one.

    Returns
    -------
    list of Span
        One for each slide. Whole phrases where the tempo stays within 1.3 of the mood's, else
        whole bars within 1.5, else beats. Each goes on with the phrase after those before; the
        last one ends with the tune.
    """
    last = _last_span(plan, slides[-1])
    spans: list[Span] = []
    start = plan.phrases[0]
    for index, slide in enumerate(slides[:-1]):
        following = slides[index + 1]
        final = index + 2 == len(slides)
        spans.append(_span(plan, slide, following, start, last.start if final else None))
        start = _next_phrase(plan, spans[-1].stop)
    return [*spans, last]


def _next_phrase(plan: Plan, stop: int) -> int:
    """The first phrase that begins at a frame or after it."""
    turn, at = divmod(stop, plan.period)
    index = bisect_left(plan.phrases, at)
    if index == len(plan.phrases):
        return (turn + 1) * plan.period
    return turn * plan.period + plan.phrases[index]


def _last_span(plan: Plan, slide: Slide) -> Span:
    """The end of the tune, as long as the last slide."""
    wanted = plan.frames(slide)
    turns = int(wanted * 2 // plan.period) + 1
    stop = turns * plan.period + plan.tune.frames
    low = max(0, int(stop - 2 * wanted) - plan.bar)
    for places, tolerance in (
        (list(plan.phrases), _PHRASES), (plan.bars, _BARS), (plan.beats, None),
    ):  # fmt: skip
        starts = [p for p in plan.within(places, low - 1, stop - 1) if p < stop]
        best = min(starts, key=lambda p: abs(log((stop - p) / wanted)), default=None)
        if best is None:
            continue
        if tolerance is None or abs(log((stop - best) / wanted)) <= tolerance:
            return Span(best, stop, 0, plan.gap)
    return Span(stop - plan.tune.meter.beat_frames, stop, 0, plan.gap)


def _span(plan: Plan, slide: Slide, following: Slide, start: int, then: int | None) -> Span:
    """What a slide gets from `start` on; the next section begins at `then`, or goes on."""
    wanted = plan.frames(slide)
    same = slide.mood == following.mood
    most = start + int(2 * wanted) + plan.bar
    for places, tolerance in (
        (list(plan.phrases), _PHRASES), (plan.bars, _BARS), (plan.beats, None),
    ):  # fmt: skip
        found = []
        for stop in plan.within(places, start, most):
            goal = then if then is not None else _next_phrase(plan, stop)
            link = _link(plan, stop, goal, same=same)
            found.append(Span(start, stop, link, plan.gap))
            if tolerance is None:
                # A very short slide has no time for a link.
                found.append(Span(start, stop, 0, plan.gap))
        best = min(found, key=lambda one: _off(one, wanted), default=None)
        if best is not None and (tolerance is None or _off(best, wanted) <= tolerance):
            return best
    return Span(start, start + plan.tune.meter.beat_frames, 0, plan.gap)


def _off(span: Span, wanted: float) -> float:
    """How far the tempo will be from the mood's: 0 if it is the same."""
    return abs(log((span.stop - span.start + span.link) / wanted))


def _link(plan: Plan, stop: int, goal: int, *, same: bool) -> int:
    """Frames from the end of a section to the beginning of the next one in its place of the bar.

    In another mood there is time for a chord at least.
    """
    rest = (plan.position(goal) - plan.position(stop)) % plan.bar
    beat = min(plan.tune.meter.beat_frames, plan.bar)
    return rest if same or rest >= beat else rest + plan.bar
