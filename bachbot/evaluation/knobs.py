"""What can be fitted of `bachbot.decoding.charges.Charges`: weights with a rate of their own."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import log, sqrt

from bachbot.decoding.charges import Charges
from bachbot.evaluation.portrait import Portrait
from bachbot.theory.rules import RULES, SUMS

_NEAR = 0.03
"""A rate within so much of Bach's, as a share of his, is his."""

_HIDDEN = ("hidden fifths", "hidden octaves")
_OFF_BEAT = 2  # place in the beat of the second eighth


@dataclass(frozen=True)
class Reading:
    """A rate, and what one fault more would make of it.

    Parameters
    ----------
    rate : float
        0 or more.
    one : float
        0 where nothing is counted.
    """

    rate: float
    one: float = 0.0

    def above(self, other: "Reading") -> float:
        """Logarithm of the ratio of this rate to another, half a fault added to either."""
        ours, theirs = self.rate + self.one / 2, other.rate + other.one / 2
        return log(max(ours, 1e-9) / max(theirs, 1e-9))

    def noise(self, other: "Reading") -> float:
        """How far `above` goes astray by chance, as faults counted in ones and twos do.

        The standard error of the logarithm of a ratio of two counts; 3% where nothing is counted.
        """
        counts = [r.rate / r.one for r in (self, other) if r.one]
        return max(_NEAR, sqrt(sum(1 / (count + 0.5) for count in counts)))

    def near(self, other: "Reading") -> bool:
        """Whether it is as good as the other: within 3%, or one fault."""
        return abs(self.rate - other.rate) <= max(_NEAR * other.rate, self.one, other.one)


@dataclass(frozen=True)
class Knob:
    """A weight and the rate that it moves.

    Parameters
    ----------
    name : str
        What it is called.
    unit : str
        What the rate is told in.
    slope : float
        By how much a nat more usually raises the logarithm of the rate.
    stride, most : float
        How far it moves in a round at most, and how far it goes, in nats.
    read : callable
        The weight in some charges.
    write : callable
        The same charges with another weight.
    rate : callable
        The rate in a set of pieces.
    """

    name: str
    unit: str
    slope: float
    stride: float
    most: float
    read: Callable[[Charges], float]
    write: Callable[[Charges, float], Charges]
    rate: Callable[[Portrait], Reading]


def _rules(charges: Charges, names: Iterable[str], weight: float) -> Charges:
    return replace(charges, rules={**charges.rules, **dict.fromkeys(names, weight)})


def _rule_rate(portrait: Portrait, names: Sequence[str]) -> Reading:
    """Faults of some rules for each so many of the chances that they share."""
    rates = [portrait.writing.rules[name] for name in names]
    if not rates[0].chance:
        return Reading(0.0)
    one = rates[0].per / rates[0].chance
    return Reading(one * sum(r.count for r in rates), one)


def _rule_knob(name: str, rules: Sequence[str], slope: float) -> Knob:
    per, unit = RULES[rules[0]].per, RULES[rules[0]].unit
    return Knob(
        name=name,
        unit=f"{per} {unit}s",
        slope=slope,
        stride=1.5,
        most=12.0,
        read=lambda charges: max(charges.rules.get(rule, 0.0) for rule in rules),
        write=lambda charges, weight: _rules(charges, rules, weight),
        rate=lambda portrait: _rule_rate(portrait, rules),
    )


KNOBS: tuple[Knob, ...] = (
    _rule_knob("parallels", SUMS["parallels"], -1.0),
    _rule_knob("hidden", _HIDDEN, -0.7),
    Knob(
        name="strikes",
        unit="beat and voice",
        slope=0.2,
        stride=0.5,
        most=4.0,
        read=lambda charges: charges.strikes.get(_OFF_BEAT, 0.0),
        write=lambda charges, weight: replace(
            charges, strikes={**charges.strikes, _OFF_BEAT: weight}
        ),
        rate=lambda portrait: Reading(portrait.variety.onsets_a_beat.mean),
    ),
    Knob(
        name="still",
        unit="note of a lower voice",
        slope=-1.2,
        stride=0.5,
        most=4.0,
        read=lambda charges: charges.still,
        write=lambda charges, weight: replace(charges, still=weight),
        rate=lambda portrait: Reading(portrait.variety.repeated_notes.mean),
    ),
    Knob(
        name="leaps",
        unit="note of a lower voice",
        slope=0.9,
        stride=0.5,
        most=4.0,
        read=lambda charges: charges.leaps,
        write=lambda charges, weight: replace(charges, leaps=weight),
        rate=lambda portrait: Reading(portrait.variety.leaps.mean),
    ),
    Knob(
        name="fresh",
        unit="different chords a beat",
        slope=0.4,
        stride=0.5,
        most=4.0,
        read=lambda charges: charges.fresh,
        write=lambda charges, weight: replace(charges, fresh=weight),
        rate=lambda portrait: Reading(portrait.variety.different_chords_a_beat.mean),
    ),
)
"""Every weight that is fitted. Parallel fifths and octaves share one, so do hidden ones; strikes
are those in the middle of the beat, told by onsets a beat; `still` is told by repeated notes and
`leaps` by moves of a third or more."""
