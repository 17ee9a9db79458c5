"""A piece held against the part-writing rules: each fault where it stands, and the counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Chorale, Voice
from bachbot.theory import places
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
