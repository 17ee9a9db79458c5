"""Explains a piece: its chords, its cadences and its part-writing faults."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Chorale, Voice
from bachbot.chorale.place import beat_text
from bachbot.theory.analysis import Harmony, analyze
from bachbot.theory.cadence import PhraseCadence, phrase_cadences
from bachbot.theory.melody import bars, beat
from bachbot.theory.phrases import with_phrase_ends
from bachbot.theory.rules import RULES, Moves, Rule


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
    """

    rule: str
    frame: int
    bar: int
    beat: Fraction
    voices: tuple[Voice, ...]
    before: tuple[int, ...]
    now: tuple[int, ...]

    def __str__(self) -> str:
        who = ", ".join(voice.label for voice in self.voices)
        return f"bar {self.bar}, beat {beat_text(self.beat)}: {self.rule} ({who})"

    def to_json(self) -> dict[str, object]:
        """Convert to plain data, the beat as a number."""
        return {
            "rule": self.rule,
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


def find_faults(chorale: Chorale, rules: Mapping[str, Rule] = RULES) -> list[Fault]:
    """Find all faults of a piece, in order of time.

    A fault that lasts, such as a crossing, is reported once, where it begins; rules whose single
    violations are not faults (`Rule.reported`) are left out.

    Parameters
    ----------
    chorale : Chorale
        A piece in its ``key``.
    rules : mapping of str to Rule
        The rules to check, by name.

    Returns
    -------
    list of Fault
        By frame; within a frame in the order of the rules, then from the top down.
    """
    moves = Moves.of(chorale)
    numbers = bars(chorale)
    found = []
    for rule in rules.values():
        if not rule.reported:
            continue
        for frame, column in np.argwhere(_begins(rule, moves)).tolist():
            voices = rule.voices[column]
            before = () if rule.state else _pitches(moves.before, frame, voices)
            now = _pitches(moves.now, frame, voices)
            bar, at = int(numbers[frame]), beat(chorale, frame)
            found.append(Fault(rule.name, frame, bar, at, voices, before, now))
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


def _begins(rule: Rule, moves: Moves) -> NDArray[np.bool_]:
    """The faults of a rule, one that lasts only at its first frame; shape [T, K]."""
    faults = rule.count(moves)
    if rule.state:
        faults = faults.copy()
        faults[1:] &= ~rule.count(moves)[:-1]
    return faults


def _pitches(pitch: NDArray[np.int16], frame: int, voices: tuple[Voice, ...]) -> tuple[int, ...]:
    return tuple(pitch[frame, list(voices)].tolist())


@dataclass(frozen=True, eq=False)
class Explanation:
    """The explanation of a piece.

    Parameters
    ----------
    chorale : Chorale
        The piece.
    harmonies : tuple of Harmony
        Its chords.
    phrase_cadences : tuple of Close
        The cadences of its phrases.
    faults : tuple of Fault
        Its part-writing faults.
    bar_numbers : ndarray of int, shape [T], optional
        Printed number of the bar of each frame. Default: from 1; a pickup is 0.
    """

    chorale: Chorale
    harmonies: tuple[Harmony, ...]
    phrase_cadences: tuple[PhraseCadence, ...]
    faults: tuple[Fault, ...]
    bar_numbers: NDArray[np.integer] | None = None

    @property
    def bars(self) -> int:
        """Number of bars, without a pickup."""
        return int(bars(self.chorale)[-1]) if self.chorale.frames else 0

    @cached_property
    def _bars(self) -> NDArray[np.integer]:
        return bars(self.chorale) if self.bar_numbers is None else self.bar_numbers

    def position(self, frame: int) -> tuple[int, Fraction]:
        """Bar and beat of a frame, as `bachbot.chorale.place` counts them."""
        return int(self._bars[frame]), beat(self.chorale, frame)

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

            ``faults``: one object each, as `Fault.to_json` gives it.
        """
        return {
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
) -> Explanation:
    """Explain a piece.

    Rules that depend on a key, such as those of the leading note, are checked in the key that the
    analysis finds at that point.

    Parameters
    ----------
    chorale : Chorale
        A piece in its ``key``.
    phrase_ends : iterable of int, optional
        Frames in which phrases end. Default: at fermatas.
    bar_numbers : ndarray of int, shape [T], optional
        Printed number of the bar of each frame. Default: from 1; a pickup is 0.
    """
    harmonies = analyze(chorale)
    marked = chorale if phrase_ends is None else with_phrase_ends(chorale, phrase_ends)
    faults = _faults(chorale, harmonies)
    if bar_numbers is not None:
        faults = [replace(fault, bar=int(bar_numbers[fault.frame])) for fault in faults]
    return Explanation(
        chorale,
        tuple(harmonies),
        tuple(phrase_cadences(marked, harmonies)),
        tuple(faults),
        bar_numbers,
    )


def _faults(chorale: Chorale, harmonies: Sequence[Harmony]) -> list[Fault]:
    keyed = {name: rule for name, rule in RULES.items() if rule.keyed}
    found = find_faults(chorale, {n: r for n, r in RULES.items() if n not in keyed})
    for key in {harmony.key for harmony in harmonies}:
        here = np.zeros(chorale.frames, dtype=np.bool_)
        for harmony in harmonies:
            here[harmony.start : harmony.stop] |= harmony.key == key
        # The key of a motion is the one that it starts in.
        found += [
            fault
            for fault in find_faults(replace(chorale, key=key), keyed)
            if here[fault.frame - bool(fault.before)]
        ]
    order = list(RULES)
    return sorted(found, key=lambda fault: (fault.frame, order.index(fault.rule), fault.voices))
