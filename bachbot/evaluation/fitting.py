"""Fits the weights of penalties so that a decoder reproduces Bach's rates.

In each round all pieces are decoded once, and each weight is moved by the difference between its
rate and Bach's, on a logarithmic scale: a damped Newton step whose slope is the secant through the
last two rounds, if these differ by more than chance, kept within a factor of the default slope,
since one weight changes another's rate a little and rare faults are counted in ones and twos.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import log, sqrt

from bachbot.chorale import Chorale, Voice
from bachbot.decoding.penalties import Penalties
from bachbot.errors import UsageError
from bachbot.evaluation import decoding_metrics
from bachbot.evaluation.decoding_metrics import DecodingMetrics
from bachbot.evaluation.harmonization import MASKS
from bachbot.theory.rules import RULES, SUMS

_NEAR = 0.03
"""Relative difference from Bach's rate that counts as equal."""

_HIDDEN = ("hidden fifths", "hidden octaves")
_OFF_BEAT = 2  # position in the beat of the second eighth


@dataclass(frozen=True)
class RateMeasurement:
    """A rate, and its change by one more fault.

    Parameters
    ----------
    rate : float
        0 or more.
    one : float
        Change of the rate by one more fault; 0 if the rate is no count.
    """

    rate: float
    one: float = 0.0

    def above(self, other: "RateMeasurement") -> float:
        """Logarithm of the ratio of this rate to another, with half a fault added to each."""
        ours, theirs = self.rate + self.one / 2, other.rate + other.one / 2
        return log(max(ours, 1e-9) / max(theirs, 1e-9))

    def noise(self, other: "RateMeasurement") -> float:
        """Standard error of `above`: of the logarithm of a ratio of two counts, 3% at least."""
        counts = [r.rate / r.one for r in (self, other) if r.one]
        return max(_NEAR, sqrt(sum(1 / (count + 0.5) for count in counts)))

    def near(self, other: "RateMeasurement") -> bool:
        """Whether it equals the other within 3%, or within one fault."""
        return abs(self.rate - other.rate) <= max(_NEAR * other.rate, self.one, other.one)


@dataclass(frozen=True)
class TunableWeight:
    """A weight, and the rate that it changes.

    Parameters
    ----------
    name : str
        Name of the weight.
    unit : str
        Unit of the rate.
    slope : float
        Default change of the logarithm of the rate by one nat more.
    stride, most : float
        Largest change in a round, and largest weight, in nats.
    read : callable
        Returns the weight from some penalties.
    write : callable
        Returns the penalties with another weight.
    rate : callable
        Returns the rate from the metrics of a set of pieces.
    """

    name: str
    unit: str
    slope: float
    stride: float
    most: float
    read: Callable[[Penalties], float]
    write: Callable[[Penalties, float], Penalties]
    rate: Callable[[DecodingMetrics], RateMeasurement]


def _rules(charges: Penalties, names: Iterable[str], weight: float) -> Penalties:
    return replace(charges, rules={**charges.rules, **dict.fromkeys(names, weight)})


def _rule_rate(metrics: DecodingMetrics, names: Sequence[str]) -> RateMeasurement:
    """Pooled rate of rules with the same chances."""
    rates = [metrics.partwriting.rules[name] for name in names]
    if not rates[0].chance:
        return RateMeasurement(0.0)
    one = rates[0].per / rates[0].chance
    return RateMeasurement(one * sum(r.count for r in rates), one)


def _rule_weight(name: str, rules: Sequence[str], slope: float) -> TunableWeight:
    per, unit = RULES[rules[0]].per, RULES[rules[0]].unit
    return TunableWeight(
        name=name,
        unit=f"{per} {unit}s",
        slope=slope,
        stride=1.5,
        most=12.0,
        read=lambda charges: max(charges.rules.get(rule, 0.0) for rule in rules),
        write=lambda charges, weight: _rules(charges, rules, weight),
        rate=lambda metrics: _rule_rate(metrics, rules),
    )


TUNABLE_WEIGHTS: tuple[TunableWeight, ...] = (
    _rule_weight("parallels", SUMS["parallels"], -1.0),
    _rule_weight("hidden", _HIDDEN, -0.7),
    TunableWeight(
        name="strikes",
        unit="beat and voice",
        slope=0.2,
        stride=0.5,
        most=4.0,
        read=lambda charges: charges.strikes.get(_OFF_BEAT, 0.0),
        write=lambda charges, weight: replace(
            charges, strikes={**charges.strikes, _OFF_BEAT: weight}
        ),
        rate=lambda metrics: RateMeasurement(metrics.variety.onsets_a_beat.mean),
    ),
    TunableWeight(
        name="still",
        unit="note of a lower voice",
        slope=-1.2,
        stride=0.5,
        most=4.0,
        read=lambda charges: charges.still,
        write=lambda charges, weight: replace(charges, still=weight),
        rate=lambda metrics: RateMeasurement(metrics.variety.repeated_notes.mean),
    ),
    TunableWeight(
        name="leaps",
        unit="note of a lower voice",
        slope=0.9,
        stride=0.5,
        most=4.0,
        read=lambda charges: charges.leaps,
        write=lambda charges, weight: replace(charges, leaps=weight),
        rate=lambda metrics: RateMeasurement(metrics.variety.leaps.mean),
    ),
    TunableWeight(
        name="fresh",
        unit="different chords a beat",
        slope=0.4,
        stride=0.5,
        most=4.0,
        read=lambda charges: charges.fresh,
        write=lambda charges, weight: replace(charges, fresh=weight),
        rate=lambda metrics: RateMeasurement(metrics.variety.different_chords_a_beat.mean),
    ),
)
"""Every weight that is fitted. Parallel fifths and octaves share one, so do hidden ones. `strikes`
is that of onsets in the middle of the beat, measured by onsets a beat; `still` is measured by
repeated notes and `leaps` by moves of a third or more."""


_DAMPING = 0.8
_STRAY = 2.5
"""Factor by which a secant's slope may differ from the default slope."""


@dataclass(frozen=True)
class Round:
    """The result of one round.

    Parameters
    ----------
    weights : mapping of str to float
        Weights in nats, by name.
    readings : mapping of str to RateMeasurement
        Rates, by name of the weight.
    distance : float
        Root mean square of the differences from Bach's rates (`RateMeasurement.above`), in units of
        their standard errors (`RateMeasurement.noise`).
    equal_pitch : float
        Share of the masked tokens whose pitch is Bach's.
    """

    weights: Mapping[str, float]
    readings: Mapping[str, RateMeasurement]
    distance: float
    equal_pitch: float


@dataclass(frozen=True)
class Fit:
    """Every round, and the penalties of the best.

    Parameters
    ----------
    targets : mapping of str to RateMeasurement
        Bach's rates, by name of the weight.
    rounds : tuple of Round
        In order.
    charges : Penalties
        Those of the round nearest to Bach's rates.
    """

    targets: Mapping[str, RateMeasurement]
    rounds: tuple[Round, ...]
    charges: Penalties

    @property
    def best(self) -> int:
        """Index of the round nearest to Bach's rates; the first of equals."""
        return min(range(len(self.rounds)), key=lambda i: self.rounds[i].distance)

    def to_json(self) -> dict[str, object]:
        """As plain data."""
        return {
            "bach": {name: reading.rate for name, reading in self.targets.items()},
            "rounds": [
                {
                    "weights": dict(r.weights),
                    "rates": {name: reading.rate for name, reading in r.readings.items()},
                    "distance": r.distance,
                    "equal_pitch": r.equal_pitch,
                }
                for r in self.rounds
            ],
            "best": self.best,
            "charges": {
                "rules": dict(self.charges.rules),
                "strikes": {str(place): nats for place, nats in self.charges.strikes.items()},
                "still": self.charges.still,
                "leaps": self.charges.leaps,
                "fresh": self.charges.fresh,
                "astray": self.charges.astray,
                "unsettled": self.charges.unsettled,
            },
        }


def fit(
    decode: Callable[[Penalties], Sequence[Chorale]],
    bach: Sequence[Chorale],
    start: Penalties,
    *,
    masked: Iterable[Voice] = MASKS["ATB"],
    rounds: int = 6,
    knobs: Sequence[TunableWeight] = TUNABLE_WEIGHTS,
    listen: Callable[[Mapping[str, RateMeasurement], Round], None] | None = None,
) -> Fit:
    """Fit the weights of some penalties.

    Parameters
    ----------
    decode : callable
        Decodes the pieces with some penalties; deterministic.
    bach : sequence of Chorale
        Bach's versions of the same pieces, in the same order.
    start : Penalties
        Initial penalties; what is not fitted stays.
    masked : iterable of Voice
        The voices that are decoded.
    rounds : int
        Most rounds, 1 or more. Fitting ends earlier when every rate is within 3% of Bach's, or
        within one fault, or when no weight changes any more.
    knobs : sequence of TunableWeight
        The weights to fit.
    listen : callable, optional
        Called with Bach's rates and each round.

    Returns
    -------
    Fit

    Raises
    ------
    UsageError
        If there is no round or no piece.
    """
    if rounds < 1 or not bach:
        raise UsageError(f"{rounds} rounds over {len(bach)} pieces fit nothing: give 1 or more")
    metrics = decoding_metrics.measure(bach)
    targets = {knob.name: knob.rate(metrics) for knob in knobs}
    voices = tuple(masked)
    charges, done, tried = start, [], []
    for _ in range(rounds):
        metrics = decoding_metrics.measure(decode(charges), bach=bach, masked=voices)
        done.append(_round(charges, metrics, targets, knobs))
        tried.append(charges)
        if listen is not None:
            listen(targets, done[-1])
        if all(done[-1].readings[k.name].near(targets[k.name]) for k in knobs):
            break
        charges = _moved(charges, done, targets, knobs)
        if all(knob.read(charges) == knob.read(tried[-1]) for knob in knobs):
            break
    found = Fit(targets, tuple(done), start)
    return replace(found, charges=tried[found.best])


def _round(
    charges: Penalties,
    metrics: DecodingMetrics,
    targets: Mapping[str, RateMeasurement],
    knobs: Sequence[TunableWeight],
) -> Round:
    readings = {knob.name: knob.rate(metrics) for knob in knobs}
    off = [readings[n].above(target) / readings[n].noise(target) for n, target in targets.items()]
    equal = (
        metrics.harmonization_error.equal_pitch.rate
        if metrics.harmonization_error is not None
        else float("nan")
    )
    weights = {knob.name: knob.read(charges) for knob in knobs}
    return Round(weights, readings, sqrt(sum(o * o for o in off) / len(off)), equal)


def _moved(
    charges: Penalties,
    rounds: Sequence[Round],
    targets: Mapping[str, RateMeasurement],
    knobs: Sequence[TunableWeight],
) -> Penalties:
    """Penalties with every weight moved towards Bach's rate, unless it is there already."""
    for knob in knobs:
        reading, target = rounds[-1].readings[knob.name], targets[knob.name]
        if reading.near(target):
            continue
        step = -_DAMPING * reading.above(target) / _slope(knob, rounds)
        step = min(max(step, -knob.stride), knob.stride)
        weight = min(max(knob.read(charges) + step, 0.0), knob.most)
        charges = knob.write(charges, round(weight, 3))
    return charges


def _slope(knob: TunableWeight, rounds: Sequence[Round]) -> float:
    """The slope of the secant through the last two rounds, or else the default slope."""
    if len(rounds) < 2:
        return knob.slope
    weights = [r.weights[knob.name] for r in rounds[-2:]]
    before, now = (r.readings[knob.name] for r in rounds[-2:])
    moved, rose = weights[1] - weights[0], now.above(before)
    if not moved or abs(rose) < now.noise(before):
        return knob.slope
    times = rose / moved / knob.slope
    return knob.slope * min(max(times, 1 / _STRAY), _STRAY)
