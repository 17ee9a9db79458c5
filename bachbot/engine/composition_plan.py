"""The plan of a new piece from what a user writes: form, keys, cadences, words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from bachbot.chorale import Chorale, GivenHarmony, Key, Meter
from bachbot.decoding.compose import LONGEST, final_chord_length
from bachbot.decoding.penalties.difficulty import SCALE
from bachbot.decoding.plan import CompositionPlan, PlannedPhrase
from bachbot.errors import UsageError
from bachbot.scores.verses import Verses
from bachbot.theory.given.chord_text import read_chord
from bachbot.theory.given.given_cadences import CADENCES, parse_cadences
from bachbot.theory.given.given_chords import BarBeats, bars_with_beats

_LETTER = re.compile(r"([A-Za-z])('?)")
_MOST_PHRASES = 40
_PLACED = re.compile(r"(\d{1,5})(?:\.(\d{1,2}(?:\.\d{1,2})?))?:[A-Za-z]+(?:/\S+)?")
_NAMED = re.compile(r"[A-Za-z]+(?:/\S+)?")
_BEATS = 8
"""Beats of a phrase, about, if nothing says how long it is."""
_TOPS = {"PAC": (0,), "IAC": (3, 4, 7)}
"""Semitones above the tonic of a cadence that the soprano closes on."""


@dataclass(frozen=True)
class PlanRequest:
    """What a user says of a new piece.

    Parameters
    ----------
    form : str, optional
        A letter for each phrase, such as ``"AABA"``: phrases of one letter have the same music.
        After a letter ``'`` asks for another close.
    keys : tuple of Key
        Key of each phrase; the last is that of the piece. Empty: all in the key of the piece.
    cadences : str, optional
        One for each phrase in order, such as ``"HC PAC"``, or by bars as harmonizing takes them.
    words : Verses, optional
        Words, a line for each phrase.
    bars : int, optional
        Length in bars. Default: two or four bars a phrase; as long as the words.
    meter : Meter
        Meter, with its pickup.
    key : Key
        Key of the piece.

    Raises
    ------
    UsageError
        If the request contradicts itself; the message names what.
    """

    form: str | None = None
    keys: tuple[Key, ...] = ()
    cadences: str | None = None
    words: Verses | None = None
    bars: int | None = None
    meter: Meter = Meter()
    key: Key = Key()

    @property
    def is_empty(self) -> bool:
        """Whether it plans nothing beyond length, meter and key."""
        return self.form is None and not self.keys and self.cadences is None and self.words is None

    @cached_property
    def letters(self) -> tuple[tuple[str, bool], ...]:
        """Letter of each phrase, and whether it closes otherwise than the first of its letter."""
        text = "".join((self.form or "").split()).replace("\u2019", "'").replace("-", "")
        if self.form is not None and not re.fullmatch(r"(?:[A-Za-z]'?){1,40}", text):
            raise UsageError(
                f"{self.form[:40]!r} is not a form: give a letter for each phrase, such as AABA or "
                f"AA'BA, up to {_MOST_PHRASES}"
            )
        return tuple((m[1].upper(), bool(m[2])) for m in _LETTER.finditer(text))

    @cached_property
    def named_cadences(self) -> tuple[str, ...]:
        """The cadences of phrases in order; empty if they are given by bars, or not."""
        words = (self.cadences or "").replace(",", " ").split()
        if self.cadences is not None and not words:
            raise UsageError(
                f"the cadences are empty: give one for each phrase, of {', '.join(CADENCES)}"
            )
        if any(":" in word for word in words):
            return ()
        for word in words:
            if not _NAMED.fullmatch(word) or word.split("/")[0].upper() not in CADENCES:
                raise UsageError(
                    f"{word[:40]!r} is not a cadence: give {', '.join(CADENCES)} for each phrase, "
                    "or places such as 4:HC 8:PAC"
                )
        return tuple(words)

    @cached_property
    def number(self) -> int:
        """Number of phrases."""
        counts = {
            "the form": len(self.letters),
            "the keys": len(self.keys),
            "the words": len(self.words.lengths) if self.words else 0,
            "the cadences": len(self.named_cadences),
        }
        given = {name: count for name, count in counts.items() if count}
        if len(set(given.values())) > 1:
            described = ", ".join(f"{name} {count}" for name, count in given.items())
            raise UsageError(f"the numbers of phrases differ ({described}): give as many of each")
        return next(iter(given.values()), 0)

    def plan(self) -> CompositionPlan:
        """The plan, in written notes.

        Raises
        ------
        UsageError
            If the request contradicts itself.
        """
        phrases = self._lined() if self.words else self._barred()
        phrases = [
            replace(phrase, scale=self._scale(i), letter=letter, varied=varied)
            for i, (phrase, (letter, varied)) in enumerate(
                zip(phrases, self.letters or [("", False)] * len(phrases), strict=True)
            )
        ]
        harmony, kinds = self._harmony(phrases)
        seen: dict[str, int] = {}
        for i, phrase in enumerate(phrases):
            first = seen.setdefault(phrase.letter, i) if phrase.letter else i
            self._check_alike(phrases[first], phrase, first, i)
            varied = first != i and (phrase.varied or kinds[first] != kinds[i])
            phrases[i] = replace(phrase, varied=varied)
        tops = tuple(
            (phrase.close, tuple((self._root(kind) + t) % 12 for t in _TOPS[kind.split("/")[0]]))
            for phrase, kind in zip(phrases, kinds, strict=True)
            if kind.split("/")[0] in _TOPS
        )
        return CompositionPlan(tuple(phrases), harmony.chords, tops)

    def _check_alike(self, first: PlannedPhrase, phrase: PlannedPhrase, i: int, k: int) -> None:
        """Check that a phrase can have the music of another."""
        label = f"phrases {i + 1} and {k + 1} are both {phrase.letter}"
        if first.scale != phrase.scale:
            raise UsageError(f"{label} but have different keys: give them one key, or two letters")
        shape = [
            (p.stop - p.start, p.close - p.start, tuple(f - p.start for f in p.onsets))
            for p in (first, phrase)
        ]
        if shape[0] != shape[1]:
            raise UsageError(
                f"{label} but differ in length or syllables: give them as many, or two letters"
            )

    def _scale(self, index: int) -> tuple[int, ...]:
        if not self.keys:
            return ()
        key = self.keys[index]
        above = key.pitch_class - self.key.pitch_class
        return tuple(sorted((above + tone) % 12 for tone in SCALE[key.mode]))

    def _barred(self) -> list[PlannedPhrase]:
        """Phrases of whole bars."""
        bar = self.meter.bar_frames
        ends = self._ends()
        close = final_chord_length(self.meter)
        starts = [0, *(end * bar for end in ends)]
        return [PlannedPhrase(a, b, b - min(close, (b - a) // 2)) for a, b in pairwise(starts)]

    def _ends(self) -> list[int]:
        """The bars after which phrases end, of those that are counted from the beginning."""
        if not self.number:
            places = [_PLACED.fullmatch(w) for w in (self.cadences or "").replace(",", " ").split()]
            ends = sorted({int(m[1]) for m in places if m})
            last = self.bars or (ends[-1] if ends else 0)
            if not ends or ends[0] < 1 or ends[-1] > last or last > LONGEST:
                raise UsageError(
                    f"{(self.cadences or '')[:40]!r} has no places such as 4:HC 8:PAC in the "
                    f"{last} bars: give bars from 1 on"
                )
            return ends if ends[-1] == last else [*ends, last]
        beats = self.meter.bar_frames // self.meter.beat_frames
        each = max(1, 2 if 4 <= beats <= 6 else 4 if beats <= 3 else 1)
        if self.bars is not None:
            if self.bars % self.number or self.bars < self.number:
                raise UsageError(
                    f"{self.bars} bars cannot be shared evenly by {self.number} phrases: give "
                    f"{self.number * each}, say"
                )
            each = self.bars // self.number
        if each * self.number > LONGEST:
            raise UsageError(f"{each * self.number} bars are planned: give up to {LONGEST}")
        return [each * (i + 1) for i in range(self.number)]

    def _lined(self) -> list[PlannedPhrase]:
        """Phrases of the lines of words: a note for each syllable, the last one held."""
        assert self.words is not None
        unit, bar = 16 // self.meter.unit, self.meter.bar_frames
        triple = self.meter.beats in (3, 6, 9, 12)
        begin, found = 0, []
        for syllables in self.words.lengths:
            at = (begin - self.meter.pickup) % bar // unit  # units after the bar line
            onsets, now = [], begin
            for index in range(syllables):
                onsets.append(now)
                strong = (at == 0 and index % 2 == 0) or (at != 0 and index % 2 == 1)
                now += unit * (2 if triple and strong else 1)
            length = -(-(now - begin) // bar) * bar
            stop = begin + length
            found.append(PlannedPhrase(begin, stop, onsets[-1], onsets=tuple(onsets)))
            begin = stop
        if self.bars is not None and self.bars * bar != begin:
            raise UsageError(
                f"the words take {begin // bar} bars, not {self.bars}: leave the length out"
            )
        return found

    def _template(self, phrases: Sequence[PlannedPhrase]) -> tuple[Chorale, tuple[BarBeats, ...]]:
        """An empty piece with the fermatas of the plan, for parsers of places."""
        frames = phrases[-1].stop
        tied = np.ones((frames, 4), dtype=np.bool_)
        tied[[p.start for p in phrases]] = tied[[p.close for p in phrases]] = False
        fermata = np.zeros(frames, dtype=np.bool_)
        for phrase in phrases:
            fermata[phrase.close : phrase.stop] = True
        pitch = np.full((frames, 4), 60, dtype=np.int16)
        chorale = Chorale(pitch, tied, fermata, meter=self.meter, key=self.key)
        return chorale, bars_with_beats(chorale)

    def _harmony(self, phrases: Sequence[PlannedPhrase]) -> tuple[GivenHarmony, list[str]]:
        """The chords of all cadences, and the kind of each phrase's, ``""`` if it is free."""
        chorale, bars = self._template(phrases)
        starts = [bar.frames.start for bar in bars]
        places = []
        for phrase in phrases:
            bar = bars[int(np.searchsorted(starts, phrase.close, side="right")) - 1]
            beat = 1 + (phrase.close - bar.frames.start + bar.first) / bar.beat_frames
            places.append((bar.number, f"{bar.number}.{beat:g}"))
        kinds = self._kinds(places)
        if kinds[-1].split("/")[0] in ("HC", "DC") or self._root(kinds[-1]):
            raise UsageError(
                f"the last cadence is {kinds[-1]}: a piece closes on the tonic of {self.key}, so "
                "give PAC, IAC or PC"
            )
        cells = np.zeros((chorale.frames, 4), dtype=np.bool_)
        text = " ".join(f"{p}:{k}" for (_, p), k in zip(places, kinds, strict=True) if k)
        return (parse_cadences(text, bars, chorale, cells) if text else GivenHarmony()), kinds

    def _kinds(self, places: Sequence[tuple[int, str]]) -> list[str]:
        """The cadence of each phrase, with its key where that is not the piece's."""
        kinds = list(self.named_cadences) or [""] * len(places)
        if self.cadences and not self.named_cadences:
            ends = [bar for bar, _ in places]
            for word in self.cadences.replace(",", " ").split():
                match = _PLACED.fullmatch(word)
                if match is None:
                    raise UsageError(f"{word[:40]!r} is not a cadence: give one such as 8:PAC")
                if int(match[1]) not in ends:
                    named = ", ".join(map(str, sorted(set(ends))))
                    raise UsageError(
                        f"{word[:40]!r}: no phrase ends in bar {match[1]}: phrases end in bars "
                        f"{named}"
                    )
                kinds[ends.index(int(match[1]))] = word.split(":")[1]
        elif not self.cadences:
            kinds = self._usual(len(places))
        kinds = ["/".join([k.split("/")[0].upper(), *k.split("/")[1:]]) if k else "" for k in kinds]
        for index, key in enumerate(self.keys):
            if kinds[index] and "/" not in kinds[index] and key != self.key:
                kinds[index] += f"/{key.tonic}{'m' if key.mode == 'minor' else ''}"
        return kinds

    def _usual(self, phrases: int) -> list[str]:
        """Cadences that nobody asked for.

        The last phrase and all of its letter have a perfect one, so that they can close the piece,
        and so have phrases in other keys; others of a form have a half cadence. Half way through
        words there is a half cadence.
        """
        letters = self.letters or (("", False),) * phrases
        found = []
        for index in range(phrases):
            letter = letters[index][0]
            away = bool(self.keys) and self.keys[index] != self.key
            if index == phrases - 1 or away or (letter and letters[index] == letters[-1]):
                found.append("PAC")
            else:
                found.append("HC" if letter or self.keys else "")
        if not self.letters and not self.keys and phrases >= 4 and phrases % 2 == 0:
            found[phrases // 2 - 1] = "HC"
        return found

    def _root(self, kind: str) -> int:
        """Semitones from the tonic of the piece to that of a cadence such as ``"PAC/D"``."""
        _, _, goal = kind.partition("/")
        return read_chord(goal, self.key).root if goal else 0
