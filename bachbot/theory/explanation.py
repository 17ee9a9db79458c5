"""Explains a piece: its chords, its cadences and its part-writing faults."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, REST, Chorale, Key, Voice
from bachbot.chorale.place import beat_text
from bachbot.theory.analysis import Harmony, analyze
from bachbot.theory.cadence import PhraseCadence, phrase_cadences
from bachbot.theory.fault_text import NotePair, tell
from bachbot.theory.melody import bars, beat
from bachbot.theory.phrases import with_phrase_ends
from bachbot.theory.rules import RULES, Moves, Rule
from bachbot.theory.rules.lessons import LESSONS
from bachbot.theory.rules.rule_set import BUILT_IN, RuleSet, Severity
from bachbot.theory.rules.spelled import SpelledMoves, usual_names


@dataclass(frozen=True)
class Fault:
    """A rule broken once.

    Parameters
    ----------
    rule : str
        Name of the rule.
    frame : int
        Its frame; for a fault that lasts, the first.
    bar : int
        Bar of that frame, from 1; a pickup is bar 0.
    beat : Fraction
        Beat of that frame (in 6/8 a dotted quarter), from 1: 5/2 is half a beat after the second.
    voices : tuple of Voice
        Its voices, from the top down.
    before, now : tuple of int
        MIDI pitches of these voices in the previous frame and in this one; -1 is a rest. `before`
        is empty if the fault is in the chord itself and not in the motion to it.
    names_before, names_now : tuple of int
        Their names as positions on the line of fifths; empty if they are not known.
    severity : Severity
        How bad it is, by the rules that the piece is judged by.
    """

    rule: str
    frame: int
    bar: int
    beat: Fraction
    voices: tuple[Voice, ...]
    before: tuple[int, ...]
    now: tuple[int, ...]
    names_before: tuple[int, ...] = ()
    names_now: tuple[int, ...] = ()
    severity: Severity = "error"

    def __str__(self) -> str:
        who = ", ".join(voice.label for voice in self.voices)
        return f"bar {self.bar}, beat {beat_text(self.beat)}: {self.rule} ({who})"

    @property
    def sounding(self) -> tuple[Voice, ...]:
        """Its voices but those that rest, such as one that the score lacks."""
        sounds = zip(self.voices, self.now, self.before or self.now, strict=True)
        return tuple(voice for voice, now, before in sounds if max(now, before) != REST)

    @property
    def notes(self) -> tuple[NotePair, ...]:
        """Its notes before and now with their names, one pair a voice."""
        count = len(self.voices)
        return tuple(
            NotePair.of(*row)
            for row in zip(
                self.voices,
                self.before or (-1,) * count,
                self.names_before or (None,) * count,
                self.now,
                self.names_now or (None,) * count,
                strict=True,
            )
        )

    @property
    def sentence(self) -> str:
        """What happened: ``F4 to G4 in the tenor against C5 to D5 in the soprano``."""
        return tell(self.rule, self.notes)

    def to_json(self) -> dict[str, object]:
        """Convert to plain data, the beat as a number."""
        return {
            "rule": self.rule,
            "severity": self.severity,
            "sentence": self.sentence,
            "notes": [note.to_json() for note in self.notes],
            "frame": self.frame,
            "bar": self.bar,
            "beat": float(self.beat),
            "voices": [voice.label for voice in self.voices],
            "before": list(self.before),
            "now": list(self.now),
        }


@dataclass(frozen=True)
class Tally:
    """How often a rule is broken, and how often it could have been.

    Parameters
    ----------
    count, chances : int
        Faults (every frame of a fault that lasts counts) and opportunities, in the rule's unit.
    """

    count: int = 0
    chances: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.count + other.count, self.chances + other.chances)


def find_faults(
    chorale: Chorale,
    rules: Mapping[str, Rule] = RULES,
    names: NDArray[np.int16] | None = None,
) -> list[Fault]:
    """Find all faults of a piece, in order of time.

    A fault that lasts, such as a crossing, is reported once, where it begins; rules whose single
    violations are not faults (`Rule.reported`) are left out.

    Parameters
    ----------
    chorale : Chorale
        A piece in its ``key``.
    rules : mapping of str to Rule
        The rules to check, by name.
    names : ndarray of int16, shape [T, 4], optional
        Names of the notes, which the faults then have too.

    Returns
    -------
    list of Fault
        By frame; within a frame in the order of the rules, then from the top down.
    """
    moves = SpelledMoves.of(chorale, names)
    numbers = bars(chorale)
    found = []
    for rule in rules.values():
        if not rule.reported:
            continue
        for frame, column in np.argwhere(begins(rule, moves)).tolist():
            voices = rule.voices[column]
            before = () if rule.state else _pitches(moves.before, frame, voices)
            now = _pitches(moves.now, frame, voices)
            bar, at = int(numbers[frame]), beat(chorale, frame)
            fault = Fault(rule.name, frame, bar, at, voices, before, now)
            if names is not None:
                fault = replace(
                    fault,
                    names_before=() if rule.state else _pitches(moves.names_before, frame, voices),
                    names_now=_pitches(moves.names_now, frame, voices),
                )
            found.append(fault)
    return sorted(found, key=lambda fault: fault.frame)  # stable: the rules' order stays


def tally(chorale: Chorale, rules: Mapping[str, Rule] = RULES) -> dict[str, Tally]:
    """Count every rule's faults and opportunities in a piece, frame by frame.

    Parameters
    ----------
    chorale : Chorale
        A piece in its ``key``.
    rules : mapping of str to Rule
        The rules to check, by name.
    """
    moves = Moves.of(chorale)
    return {
        name: Tally(int(rule.count(moves).sum()), int(rule.chances(moves).sum()))
        for name, rule in rules.items()
    }


def begins(rule: Rule, moves: Moves) -> NDArray[np.bool_]:
    """The faults of a rule in consecutive frames, one that lasts only at its first.

    Parameters
    ----------
    rule : Rule
        The rule. Some faults of chords count only if they last (`Lesson.beats`).
    moves : Moves
        The motion into each of T frames.

    Returns
    -------
    ndarray of bool, shape [T, K]
    """
    faults = rule.count(moves)
    if not rule.state:
        return faults
    first = faults.copy()
    first[1:] &= ~faults[:-1]
    lesson = LESSONS.get(rule.name)
    if lesson is not None and lesson.beats:
        frames = lesson.beats * FRAMES_PER_QUARTER
        for frame, column in np.argwhere(first).tolist():
            span = faults[frame : frame + frames, column]
            first[frame, column] = len(span) == frames and bool(span.all())
    return first


def _pitches(pitch: NDArray[np.int16], frame: int, voices: tuple[Voice, ...]) -> tuple[int, ...]:
    return tuple(pitch[frame, list(voices)].tolist())


@dataclass(frozen=True, eq=False)
class Explanation:
    """The explanation of a piece.

    Parameters
    ----------
    chorale : Chorale
        The piece, with fermatas where its phrases end.
    harmonies : tuple of Harmony
        Its chords.
    phrase_cadences : tuple of Close
        The cadences of its phrases.
    faults : tuple of Fault
        Its part-writing faults.
    rules : RuleSet
        The rules that it was judged by.
    names : ndarray of int16, shape [T, 4]
        Names of its notes as positions on the line of fifths.
    findings : tuple of str
        What is to be said of the score as a whole, such as a missing voice; a line each.
    bar_numbers : ndarray of int, shape [T], optional
        Printed number of the bar of each frame. Default: from 1; a pickup is 0.
    """

    chorale: Chorale
    harmonies: tuple[Harmony, ...]
    phrase_cadences: tuple[PhraseCadence, ...]
    faults: tuple[Fault, ...]
    rules: RuleSet
    names: NDArray[np.int16]
    findings: tuple[str, ...] = ()
    bar_numbers: NDArray[np.integer] | None = None

    @property
    def bars(self) -> int:
        """Number of bars, without a pickup."""
        return int(bars(self.chorale)[-1]) if self.chorale.frames else 0

    @cached_property
    def frame_bars(self) -> NDArray[np.integer]:
        """Number of the bar of each frame, shape [T]."""
        return bars(self.chorale) if self.bar_numbers is None else self.bar_numbers

    def position(self, frame: int) -> tuple[int, Fraction]:
        """Bar and beat of a frame, as `bachbot.chorale.place` counts them."""
        return int(self.frame_bars[frame]), beat(self.chorale, frame)

    def to_json(self) -> dict[str, object]:
        """Convert to plain data.

        Frames are sixteenths from the beginning; bars count from 1, a pickup is bar 0; beats count
        from 1 and may have a fraction (2.5).

        Returns
        -------
        dict
            ``key``, ``meter``: text, such as ``"F# minor"`` and ``"3/4"``. ``bars``: their number.

            ``chords``: one object each with ``bar``, ``beat``, ``frame``, ``frames`` (its length),
            ``key``, ``numeral`` (``"V65/ii"``), ``chord`` (``"A7/C#"``) and ``ornaments``, the
            notes that are not of it, each with ``bar``, ``beat``, ``frame``, ``voice`` and
            ``kind``.

            ``cadences``: one object a phrase with ``bar``, ``beat``, ``frame`` (of the last
            chord), ``key``, ``kind`` (see `PhraseCadence`) and ``chords``, the last two numerals.

            ``rules``: the name of the rules. ``findings``: lines of text.

            ``faults``: one object each, as `Fault.to_json` gives it.
        """
        return {
            "rules": self.rules.name,
            "findings": list(self.findings),
            "key": str(self.chorale.key),
            "meter": str(self.chorale.meter),
            "bars": self.bars,
            "chords": [self._chord(harmony) for harmony in self.harmonies],
            "cadences": [
                self._place(close.frame)
                | {
                    "key": str(close.key),
                    "kind": close.kind,
                    "chords": [harmony.text for harmony in close.chords],
                }
                for close in self.phrase_cadences
            ],
            "faults": [fault.to_json() for fault in self.faults],
        }

    def _chord(self, harmony: Harmony) -> dict[str, object]:
        return self._place(harmony.start) | {
            "frames": harmony.stop - harmony.start,
            "key": str(harmony.key),
            "numeral": harmony.text,
            "chord": harmony.chord,
            "ornaments": [
                self._place(note.frame) | {"voice": note.voice.label, "kind": note.kind}
                for note in harmony.ornaments
            ],
        }

    def _place(self, frame: int) -> dict[str, object]:
        bar, at = self.position(frame)
        return {"bar": bar, "beat": float(at), "frame": frame}


def explain(
    chorale: Chorale,
    phrase_ends: Iterable[int] | None = None,
    bar_numbers: NDArray[np.integer] | None = None,
    *,
    rules: RuleSet = BUILT_IN["bach"],
    names: NDArray[np.int16] | None = None,
    findings: Iterable[str] = (),
    harmonies: Sequence[Harmony] | None = None,
) -> Explanation:
    """Explain a piece.

    Rules that depend on a key, such as those of the leading note, are checked in the key that the
    analysis finds at that point. Between two phrases no note has to resolve, and voices may leap. A
    single voice has no chords.

    Parameters
    ----------
    chorale : Chorale
        A piece of T frames in its ``key``.
    phrase_ends : iterable of int, optional
        Frames in which phrases end. Default: at fermatas.
    bar_numbers : ndarray of int, shape [T], optional
        Printed number of the bar of each frame. Default: from 1; a pickup is 0.
    rules : RuleSet
        The rules that it is judged by.
    names : ndarray of int16, shape [T, 4], optional
        Names of its notes as positions on the line of fifths. Default: the usual ones of its key.
    findings : iterable of str
        What is to be said of the score as a whole.
    harmonies : sequence of Harmony, optional
        Its analysis where it has been made already. Default: it is analyzed.
    """
    if phrase_ends is not None:
        chorale = with_phrase_ends(chorale, phrase_ends)
    if harmonies is None:
        voices = int((chorale.pitch >= 0).any(axis=0).sum())
        harmonies = analyze(chorale) if voices > 1 else []
    if names is None:
        names = usual_names(chorale.pitch, chorale.key)
    return Explanation(
        chorale,
        tuple(harmonies),
        tuple(phrase_cadences(chorale, harmonies)) if harmonies else (),
        tuple(judge(chorale, harmonies, rules, names, bar_numbers)),
        rules,
        names,
        tuple(findings),
        bar_numbers,
    )


def judge(
    chorale: Chorale,
    harmonies: Sequence[Harmony],
    rules: RuleSet,
    names: NDArray[np.int16],
    bar_numbers: NDArray[np.integer] | None = None,
) -> list[Fault]:
    """Find the faults of a piece whose harmony is known.

    Parameters
    ----------
    chorale : Chorale
        T frames.
    harmonies : sequence of Harmony
        Its analysis, for the keys.
    rules : RuleSet
        The rules that it is judged by.
    names : ndarray of int16, shape [T, 4]
        Names of its notes.
    bar_numbers : ndarray of int, shape [T], optional
        Printed number of the bar of each frame. Default: from 1; a pickup is 0.

    Returns
    -------
    list of Fault
        By frame, then in the order of the rules. An overlap that comes of a crossing is not told
        beside it.
    """
    keyed = {name: rule for name, rule in rules.rules.items() if rule.keyed}
    plain = {name: rule for name, rule in rules.rules.items() if not rule.keyed}
    found = find_faults(chorale, plain, names)
    for key, here in key_frames(chorale, harmonies).items():
        # The key of a motion is the one that it starts in.
        found += [
            fault
            for fault in find_faults(replace(chorale, key=key), keyed, names)
            if here[fault.frame - bool(fault.before)]
        ]
    moves = Moves.of(chorale)
    crossed = RULES["crossing"].count(moves)
    pairs = RULES["crossing"].voices
    kept = []
    for each in found:
        fault = each
        if fault.rule == "overlap":
            span = slice(max(0, fault.frame - 1), fault.frame + 1)
            if crossed[span, pairs.index(fault.voices)].any():
                continue
        if bar_numbers is not None:
            fault = replace(fault, bar=int(bar_numbers[fault.frame]))
        between = bool(moves.released[fault.frame])
        if any(e.excuses(fault.rule, fault.voices, fault.bar, between) for e in rules.exceptions):
            continue
        kept.append(replace(fault, severity=rules.severities[fault.rule]))
    order = list(rules.rules)
    return sorted(kept, key=lambda fault: (fault.frame, order.index(fault.rule), fault.voices))


def key_frames(chorale: Chorale, harmonies: Iterable[Harmony]) -> dict[Key, NDArray[np.bool_]]:
    """The frames of each key that a piece passes through, shape [T] each; without harmony its own.

    Parameters
    ----------
    chorale : Chorale
        T frames.
    harmonies : iterable of Harmony
        Its analysis.
    """
    found: dict[Key, NDArray[np.bool_]] = {}
    for harmony in harmonies:
        here = found.setdefault(harmony.key, np.zeros(chorale.frames, dtype=np.bool_))
        here[harmony.start : harmony.stop] = True
    return found or {chorale.key: np.ones(chorale.frames, dtype=np.bool_)}
