"""A piece explained: its chords, its cadences and its faults of part-writing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Chorale, Voice
from bachbot.theory import melody as places
from bachbot.theory.analysis import Harmony, analyze
from bachbot.theory.cadence import Close, closes
from bachbot.theory.melody import bars, beat
from bachbot.theory.rules import RULES, Moves, Rule


@dataclass(frozen=True)
class Fault:
    """A rule broken once.

    Parameters
    ----------
    rule : str
        Name of the rule.
    frame : int
        The frame in which it is heard; of a fault held over many, the first.
    bar : int
        Bar of that frame, counted from 1; 0 in a pickup.
    beat : Fraction
        Felt beat of that frame (in 6/8 a dotted quarter), counted from 1: 5/2 is half a beat
        after the second.
    voices : tuple of Voice
        Who makes it, from the top down.
    before, now : tuple of int
        MIDI pitches of these voices in the frame before, -1 silent, and in this one. `before` is
        empty where the fault lies in what sounds and not in how it was reached.
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
        """As plain data, the beat as a number."""
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
    """How often a rule was broken, and how often it might have been.

    Parameters
    ----------
    count, chances : int
        Faults, each frame of a fault that lasts counted, and chances in the rule's unit.
    """

    count: int = 0
    chances: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.count + other.count, self.chances + other.chances)


def find_faults(chorale: Chorale, rules: Mapping[str, Rule] = RULES) -> list[Fault]:
    """Every fault of a piece, in order of time.

    A fault that lasts, such as a crossing, is told once, where it begins; a rule whose single
    breaches are no faults (`Rule.told`) is left out.

    Parameters
    ----------
    chorale : Chorale
        In the key that its ``key`` says.
    rules : mapping of str to Rule
        What it is held against, by name.

    Returns
    -------
    list of Fault
        By frame; within a frame in the order of the rules, then from the top down.
    """
    moves = Moves.of(chorale)
    bars = places.bars(chorale)
    found = []
    for rule in rules.values():
        if not rule.told:
            continue
        for frame, column in np.argwhere(_begins(rule, moves)).tolist():
            voices = rule.voices[column]
            before = () if rule.state else _pitches(moves.before, frame, voices)
            now = _pitches(moves.now, frame, voices)
            bar, beat = int(bars[frame]), places.beat(chorale, frame)
            found.append(Fault(rule.name, frame, bar, beat, voices, before, now))
    return sorted(found, key=lambda fault: fault.frame)  # stable: the rules' order stays


def tally(chorale: Chorale, rules: Mapping[str, Rule] = RULES) -> dict[str, Tally]:
    """Count every rule's faults and chances over a piece, frame by frame.

    Parameters
    ----------
    chorale : Chorale
        In the key that its ``key`` says.
    rules : mapping of str to Rule
        What it is held against, by name.
    """
    moves = Moves.of(chorale)
    return {
        name: Tally(int(rule.count(moves).sum()), int(rule.chances(moves).sum()))
        for name, rule in rules.items()
    }


def beat_text(beat: Fraction) -> str:
    """A beat as it is told: ``3``, ``2.5``, ``1 1/3``."""
    whole, rest = divmod(beat, 1)
    if not rest:
        return str(whole)
    if 100 % rest.denominator == 0:
        return str(float(beat))
    return f"{whole} {rest}"


def _begins(rule: Rule, moves: Moves) -> NDArray[np.bool_]:
    """The faults of a rule, one that lasts at its first frame only, shape [T, K]."""
    faults = rule.count(moves)
    if rule.state:
        faults = faults.copy()
        faults[1:] &= ~rule.count(moves)[:-1]
    return faults


def _pitches(pitch: NDArray[np.int16], frame: int, voices: tuple[Voice, ...]) -> tuple[int, ...]:
    return tuple(pitch[frame, list(voices)].tolist())


@dataclass(frozen=True, eq=False)
class Explanation:
    """A piece explained.

    Parameters
    ----------
    chorale : Chorale
        The piece.
    harmonies : tuple of Harmony
        Its chords.
    closes : tuple of Close
        How its phrases close.
    faults : tuple of Fault
        Where it breaks the part-writing rules.
    """

    chorale: Chorale
    harmonies: tuple[Harmony, ...]
    closes: tuple[Close, ...]
    faults: tuple[Fault, ...]

    @property
    def bars(self) -> int:
        """Bars of the piece, a pickup not counted."""
        return int(self._bars[-1]) if self.chorale.frames else 0

    @cached_property
    def _bars(self) -> NDArray[np.int64]:
        return bars(self.chorale)

    def position(self, frame: int) -> tuple[int, Fraction]:
        """Bar and felt beat of a frame: bars count from 1, a pickup is bar 0; beats from 1."""
        return int(self._bars[frame]), beat(self.chorale, frame)

    def to_json(self) -> dict[str, object]:
        """As plain data.

        Frames are sixteenths from the beginning; bars count from 1, a pickup is bar 0; beats count
        from 1 and may lie between two (2.5).

        Returns
        -------
        dict
            ``key``, ``meter``: text, such as ``"F# minor"`` and ``"3/4"``. ``bars``: their number.

            ``chords``: one object each with ``bar``, ``beat``, ``frame``, ``frames`` (its length),
            ``key``, ``numeral`` (``"V65/ii"``), ``chord`` (``"A7/C#"``) and ``ornaments``, the
            notes that are not of it, each with ``bar``, ``beat``, ``frame``, ``voice`` and
            ``kind``.

            ``cadences``: one object a phrase with ``bar``, ``beat``, ``frame`` (of the last
            chord), ``key``, ``kind`` (see `Close`) and ``chords``, the last two numerals.

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
                for close in self.closes
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


def explain(chorale: Chorale) -> Explanation:
    """Explain a piece.

    Rules that ask for a key, such as that of the leading note, are judged in the key that the
    piece is in at the time.

    Parameters
    ----------
    chorale : Chorale
        In the key that its ``key`` says.
    """
    harmonies = analyze(chorale)
    return Explanation(
        chorale,
        tuple(harmonies),
        tuple(closes(chorale, harmonies)),
        tuple(_faults(chorale, harmonies)),
    )


def _faults(chorale: Chorale, harmonies: Sequence[Harmony]) -> list[Fault]:
    keyed = {name: rule for name, rule in RULES.items() if rule.keyed}
    found = find_faults(chorale, {n: r for n, r in RULES.items() if n not in keyed})
    for key in {harmony.key for harmony in harmonies}:
        here = np.zeros(chorale.frames, dtype=np.bool_)
        for harmony in harmonies:
            here[harmony.start : harmony.stop] |= harmony.key == key
        # A step is judged by where it comes from.
        found += [
            fault
            for fault in find_faults(replace(chorale, key=key), keyed)
            if here[fault.frame - bool(fault.before)]
        ]
    order = list(RULES)
    return sorted(found, key=lambda fault: (fault.frame, order.index(fault.rule), fault.voices))
