"""Where a tune is put so that its voices fit their ranges: octaves first, then another key."""

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np

from bachbot.chorale import BACH_RANGES, Choir, Key, Voice
from bachbot.errors import ScoreError, UsageError
from bachbot.scores.interval import Interval, key_words, pitch_words
from bachbot.scores.readers.document import Document, Line
from bachbot.scores.readers.fit import Fit, fit
from bachbot.scores.score import Notice

DEFAULT_CHOIR = Choir()
"""Bach's singers."""

_OCTAVES = (0, 1, -1, 2, -2, 3, -3)
_OCTAVE_WORDS = {1: "an octave", 2: "two octaves", 3: "three octaves"}

_FEW = 0.1
"""Share of notes outside the range with which a tune that fits nowhere stays in its key."""

_MOST = 0.25
"""Largest share of notes outside the range of a tune that is moved automatically."""

_SIMPLE = 4
"""Most accidentals of a simple key signature."""

_MOST_SEMITONES = 12
_HIGHEST = 127
_NAMED = 4
"""How many notes outside the range a message names."""

_EDGE = 2
"""Semitones at either end of a range that singers reach with effort."""

_SEMITONES = re.compile(r"[+-]?\d{1,2}")


@dataclass(frozen=True)
class Transposition:
    """How a user wants a tune moved.

    Parameters
    ----------
    kind : {"auto", "best", "no", "by", "to"}
        Only where nothing else fits; where tune and choir fit best; never to another key; by some
        semitones; to a key.
    semitones : int
        Upwards, for ``"by"``.
    key : str
        For ``"to"``.
    """

    kind: Literal["auto", "best", "no", "by", "to"] = "auto"
    semitones: int = 0
    key: str = ""

    @classmethod
    def parse(cls, text: str | int) -> "Transposition":
        """Read an option such as ``"auto"``, ``"no"``, ``"+2"``, ``-3`` or ``"G major"``.

        Raises
        ------
        UsageError
            If it is none of these.
        """
        words = str(text).strip()
        if words in ("auto", "best", "no"):
            return cls(words)  # type: ignore[arg-type]
        if _SEMITONES.fullmatch(words):
            if abs(int(words)) > _MOST_SEMITONES:
                raise UsageError(
                    f"{words} semitones are more than an octave: give {-_MOST_SEMITONES} to "
                    f"+{_MOST_SEMITONES}, and the tune goes where its voice can sing it"
                )
            return cls("by", semitones=int(words))
        try:
            Key.parse(words)
        except UsageError:
            raise UsageError(
                f"'{words[:40]}' says not where to move the tune: give auto, best, no, semitones "
                "such as +2 or -3, or a key such as 'G major'"
            ) from None
        return cls("to", key=words)


@dataclass(frozen=True)
class Placement:
    """How far the lines of a score move.

    Parameters
    ----------
    interval : Interval or None
        By which the whole score moves; None if it stays in its key.
    octaves : mapping of Voice to int
        Octaves by which the line of each voice moves besides.
    outside : int
        Notes that are then outside the ranges.
    """

    interval: Interval | None
    octaves: Mapping[Voice, int]
    outside: int

    @property
    def whole(self) -> Interval | None:
        """The interval with the octaves, if they are the same for all lines."""
        first = next(iter(self.octaves.values()))
        if self.interval is None or any(o != first for o in self.octaves.values()):
            return self.interval
        return Interval(self.interval.semitones + 12 * first, self.interval.fifths)


class Ranges:
    """The notes of some lines, counted against the ranges of their voices.

    Parameters
    ----------
    document : Document
        The score.
    lines : mapping of Voice to Line
        Lines with notes.
    key : Key
        Its key.
    choir : Choir
        Who sings it.
    """

    def __init__(
        self,
        document: Document,
        lines: Mapping[Voice, Line],
        key: Key,
        choir: Choir = DEFAULT_CHOIR,
    ) -> None:
        self.document, self.lines, self.key, self.choir = document, lines, key, choir
        self._counts = {
            voice: np.bincount([note.pitch for note in line.notes if not note.tied], minlength=128)
            for voice, line in lines.items()
        }

    def place(self, wanted: Transposition) -> Placement:
        """Find where the lines go.

        Raises
        ------
        ScoreError
            If the tune moves automatically and a quarter of its notes is outside everywhere.
        UsageError
            If the key that it should go to is of the other mode.
        """
        if wanted.kind == "no":
            return self._placement(0)
        if wanted.kind == "by":
            exact = wanted.semitones % 12 == 0  # then the user chooses the octave
            return self._placement(wanted.semitones, octaves=(0,) if exact else _OCTAVES)
        if wanted.kind == "to":
            return self._to_key(wanted.key)
        if wanted.kind == "best":
            return min(
                (self._placement(semitones) for semitones in range(-11, 12)),
                key=lambda one: (len(set(one.octaves.values())) > 1, self._misfit(one)),
            )
        here = self._placement(0)
        if not here.outside:
            return here
        others = [self._placement(semitones) for semitones in range(-11, 12) if semitones]
        fitting = [other for other in others if not other.outside]
        if fitting:
            return min(fitting, key=self._cost)
        notes = sum(int(counts.sum()) for counts in self._counts.values())
        if here.outside <= _FEW * notes:
            return here
        best = min((here, *others), key=lambda found: (found.outside, self._cost(found)))
        if best.outside > _MOST * notes:
            raise ScoreError(
                f"{self.span()}: give the melody alone, or say --transpose no to keep it where "
                "it is"
            )
        return best

    def fit(self, found: Placement) -> Fit:
        """How well the music fits the choir in a place."""
        semitones = found.interval.semitones if found.interval else 0
        shifts = {voice: semitones + 12 * octaves for voice, octaves in found.octaves.items()}
        return fit(self._counts, shifts, self.choir.ranges)

    def _misfit(self, found: Placement) -> float:
        interval = found.interval or Interval(0, 0)
        size = max(abs(interval.semitones + 12 * o) for o in found.octaves.values())
        names = [(key.pitch_class, key.mode) for key in self.choir.keys]
        goal = interval.key(self.key)
        preferred = (goal.pitch_class, goal.mode) in names
        accidentals = self._accidentals(interval.fifths)
        return self.fit(found).cost(accidentals, size, preferred=preferred)

    def _placement(
        self, semitones: int, fifths: int | None = None, octaves: Sequence[int] = _OCTAVES
    ) -> Placement:
        """Move everything by some semitones, and each line by octaves if it needs them."""
        best, outside = {}, 0
        for voice, counts in self._counts.items():
            low, high = (bound + semitones for bound in self._bounds(voice))
            left = {
                o: self._outside(voice, semitones + 12 * o)
                for o in octaves
                if low + 12 * o >= 0 and high + 12 * o <= _HIGHEST
            }
            if not left:
                raise ScoreError(
                    f"moved by {semitones:+d} semitones the {voice.label} would leave the range "
                    "of MIDI: give fewer"
                )
            best[voice] = min(left, key=left.__getitem__)
            # A tune too wide for every octave stays where it is unless another is much better.
            notes = int(counts.sum())
            wide = left[best[voice]] > 0 and 0 in left
            if wide and (left[0] <= _FEW * notes or left[best[voice]] > _MOST * notes):
                best[voice] = 0
            outside += left[best[voice]]
        if fifths is None:
            fifths = self._fifths(semitones)
        interval = Interval(semitones, fifths) if semitones or fifths else None
        return Placement(interval, best, outside)

    def _fifths(self, semitones: int) -> int:
        """The spelling of an interval that gives the simplest key signatures."""
        if semitones % 12 == 0:
            return 0
        first = 7 * semitones % 12
        return min(
            (first - 12, first),
            key=lambda fifths: (self._accidentals(fifths), abs(fifths), fifths),
        )

    def _accidentals(self, fifths: int) -> int:
        """Most accidentals of a key signature of the score, moved."""
        signatures = [s.fifths for s in self.document.signatures] or [self.key.fifths]
        return max(abs(signature + fifths) for signature in signatures)

    def _cost(self, found: Placement) -> tuple[bool, bool, int, int, int]:
        """Order of places that fit equally well: simple signatures, then small intervals.

        Before that, one interval for all lines is better than octaves between them.
        """
        interval = found.interval or Interval(0, 0)
        accidentals = self._accidentals(interval.fifths)
        simple = accidentals <= max(_SIMPLE, self._accidentals(0))
        size = max(abs(interval.semitones + 12 * o) for o in found.octaves.values())
        return (
            len(set(found.octaves.values())) > 1,
            not simple,
            size,
            abs(interval.semitones),
            accidentals,
        )

    def _to_key(self, text: str) -> Placement:
        key = Key.parse(text, mode=self.key.mode)
        if key.mode != self.key.mode:
            other = "minor" if key.mode == "major" else "major"
            raise UsageError(
                f"the tune is in {key_words(self.key)} and cannot be moved to {key_words(key)}: "
                f"give a {other} key, or say its own with --key"
            )
        fifths = key.fifths - self.key.fifths
        up = (key.pitch_class - self.key.pitch_class) % 12
        found = [self._placement(semitones, fifths) for semitones in (up, up - 12)]
        return min(found, key=lambda one: (one.outside, self._cost(one)))

    # What is said

    def notices(self, found: Placement, wanted: Transposition) -> list[Notice]:
        """What the user should know of where the lines go, before they have gone there."""
        out = []
        interval = found.whole
        if wanted.kind == "best":
            out.append(Notice("transposed", self._why_best(found)))
        elif interval is not None:
            goal = interval.key(self.key)
            way = f"moved {interval.direction} {interval.words}"
            if not interval.semitones:
                way = "respelled"
            way += f", from {key_words(self.key)} to {key_words(goal)}"
            why = f"{self.span()}: it was " if wanted.kind == "auto" else ""
            out.append(Notice("transposed", why + way))
        if interval is found.interval:
            for voice, octaves in found.octaves.items():
                if octaves:
                    way = "up" if octaves > 0 else "down"
                    out.append(
                        Notice(
                            "octave",
                            f"the {voice.label} goes from {self._low(voice)} to "
                            f"{self._high(voice)} and was moved {way} "
                            f"{_OCTAVE_WORDS[abs(octaves)]} into its range"
                            f"{self._at_the_edge(found, voice)}",
                        )
                    )
        if found.outside:
            out.append(Notice("range", self._kept(found, wanted)))
        return out

    def _at_the_edge(self, found: Placement, voice: Voice) -> str:
        """A hint where the octave that fits leaves a voice at the end of its range."""
        shift = 12 * found.octaves[voice] + (found.interval.semitones if found.interval else 0)
        bottom, top = self.choir.ranges.of(voice)
        low, high = (bound + shift for bound in self._bounds(voice))
        if low >= bottom + _EDGE and high <= top - _EDGE:
            return ""
        end = (
            f"down to {self._label(low)}" if low < bottom + _EDGE else f"up to {self._label(high)}"
        )
        return f", where it goes {end}: --transpose best looks for a better key"

    def _why_best(self, found: Placement) -> str:
        """Where tune and choir fit best, and by which figures."""
        interval = found.whole or Interval(0, 0)
        goal = interval.key(self.key)
        here = self.fit(self._placement(0, octaves=(0,)))
        there = self.fit(found)
        voice = min(self._counts)
        low, high = (bound + interval.semitones for bound in self._bounds(voice))
        who = "the tune" if voice == Voice.SOPRANO else f"the {voice.label}"
        signs = self._accidentals(interval.fifths if found.interval else 0)
        way = f"stays in {key_words(self.key)}"
        before = ""
        if interval.semitones:
            way = f"moved {interval.direction} {interval.words}, from {key_words(self.key)} to "
            way += key_words(goal)
            before = f" ({here.comfortable:.0%} where it was)"
        outside = f", {there.outside:.0%} are outside the ranges" if there.outside > 0.005 else ""
        return (
            f"{way}, where tune and choir fit best: about {there.comfortable:.0%} of the notes of "
            f"the four voices are in the comfortable middle of their ranges{before}{outside}; "
            f"{who} goes from {pitch_words(low, goal.fifths)} to {pitch_words(high, goal.fifths)}; "
            f"{signs or 'no'} accidental{'' if signs == 1 else 's'} in the key signature"
        )

    def span(self) -> str:
        """What of the lines is outside its range, and which range that is."""
        voice = max(self._counts, key=lambda v: min(self._outside(v, 12 * o) for o in _OCTAVES))
        bottom, top = self.choir.ranges.of(voice)
        low, high = self._bounds(voice)
        who = "the tune" if set(self.lines) == {Voice.SOPRANO} else f"the {voice.label}"
        if low < bottom and high > top:
            return (
                f"{who} goes from {self._low(voice)} to {self._high(voice)}, and its range is "
                f"{self._label(bottom)} to {self._label(top)}"
            )
        if high > top:
            return (
                f"{who} reaches {self._high(voice)}, and a choir {voice.label}'s highest note is "
                f"{self._label(top)}"
            )
        return (
            f"{who} goes down to {self._low(voice)}, and a choir {voice.label}'s lowest note is "
            f"{self._label(bottom)}"
        )

    def _kept(self, found: Placement, wanted: Transposition) -> str:
        """Which notes are outside the ranges, and what becomes of them."""
        interval = found.interval or Interval(0, 0)
        fifths = interval.key(self.key).fifths
        places: list[str] = []
        for voice, line in self.lines.items():
            shift = interval.semitones + 12 * found.octaves[voice]
            for note in line.notes:
                moved = note.pitch + shift
                if len(places) == _NAMED:
                    break
                if not note.tied and not self.choir.ranges.contains(voice, moved):
                    where = self.document.where(*self._bar_of(note.start))
                    places.append(f"{pitch_words(moved, fifths)} in {where}")
        one = found.outside == 1
        ranges = "the ranges of the voices"
        if len(self.lines) == 1:
            [voice] = self.lines
            bottom, top = (pitch_words(bound, fifths) for bound in self.choir.ranges.of(voice))
            ranges = f"a choir {voice.label}'s range, {bottom} to {top}"
        named = "; ".join(places) + ("; and others" if found.outside > len(places) else "")
        text = (
            f"{'a note is' if one else f'{found.outside} notes are'} outside {ranges} ({named}): "
            f"{'it stays as it is' if one else 'they stay as they are'} in the tune"
        )
        if self.choir.ranges == BACH_RANGES:
            text += f", and the model reads {'it' if one else 'them'} in another octave"
        if wanted.kind not in ("auto", "best"):
            try:
                better = self.place(Transposition())
            except ScoreError:
                return text
            if not better.outside:
                best = better.whole.semitones if better.whole else 0
                hint = f"--transpose {best:+d}" if best else "--transpose auto"
                text += f"; {hint} moves {'it' if one else 'them'} into the range"
        return text

    def _outside(self, voice: Voice, shift: int) -> int:
        """Notes outside the range of a voice after a shift in semitones."""
        counts = self._counts[voice]
        low, high = self.choir.ranges.of(voice)
        inside = counts[max(0, low - shift) : max(0, high - shift + 1)]
        return int(counts.sum() - inside.sum())

    def _bar_of(self, start: Fraction) -> tuple[int, Fraction]:
        """Index of the bar of a time, and the time from its beginning."""
        bars = self.document.bars
        bar = max(0, bisect_right(bars, start, key=lambda bar: bar.start) - 1)
        return bar, start - bars[bar].start

    def _bounds(self, voice: Voice) -> tuple[int, int]:
        sounding = np.flatnonzero(self._counts[voice])
        return int(sounding[0]), int(sounding[-1])

    def _low(self, voice: Voice) -> str:
        return self._label(self._bounds(voice)[0])

    def _high(self, voice: Voice) -> str:
        return self._label(self._bounds(voice)[1])

    def _label(self, pitch: int) -> str:
        return pitch_words(pitch, self.key.fifths)


def place_lines(
    document: Document,
    lines: Mapping[Voice, Line],
    key: Key,
    wanted: Transposition,
    choir: Choir = DEFAULT_CHOIR,
) -> tuple[Placement, Sequence[Notice]]:
    """Find where the lines of a score go, and what is to be said of it.

    A tune stays where it is if it fits there or in another octave. If it does not, ``"auto"``
    moves it by the smallest interval that fits and gives a simple key signature. A tune that
    spans more than its voice's range stays if few of its notes are outside, or else goes where
    the fewest are.

    Parameters
    ----------
    document, lines, key
        As `Ranges` takes them.
    wanted : Transposition
        What the user asks for. ``"best"`` moves the tune to where the most notes are in the
        comfortable middle of the choir's ranges, its own and those that the other voices may be
        expected to have, with few accidentals and by a small interval.
    choir : Choir
        Who sings it. Default: the ranges of Bach's chorales.

    Raises
    ------
    ScoreError, UsageError
        As `Ranges.place`.
    """
    ranges = Ranges(document, lines, key, choir)
    found = ranges.place(wanted)
    return found, ranges.notices(found, wanted)
