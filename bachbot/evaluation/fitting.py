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
        Its name.
    penalties : tuple of str
        Names of the penalties or bonuses that have this weight.
    unit : str
        Unit of the rate.
    slope : float
        By how much one nat more usually raises the logarithm of the rate.
    stride, most : float
        The most it moves in a round, and its greatest value, in nats.
    rate : callable
        Returns the rate from the metrics of a set of pieces.
    """

    name: str
    penalties: tuple[str, ...]
    unit: str
    slope: float
    stride: float
    most: float
    rate: Callable[[DecodingMetrics], RateMeasurement]

    def read(self, penalties: Penalties) -> float:
        """The weight in a list of penalties; 0 if the list lacks it."""
        return max(penalties.weights.get(name, 0.0) for name in self.penalties)

    def write(self, penalties: Penalties, weight: float) -> Penalties:
        """The same list with another weight."""
        return penalties.with_weights(dict.fromkeys(self.penalties, weight))


def _rule_rate(metrics: DecodingMetrics, names: Sequence[str]) -> RateMeasurement:
    """Faults of some rules, as a rate over the chances that they share."""
    rates = [metrics.partwriting.rules[name] for name in names]
    if not rates[0].chance:
        return RateMeasurement(0.0)
    one = rates[0].per / rates[0].chance
    return RateMeasurement(one * sum(r.count for r in rates), one)


def _rule_weight(name: str, rules: tuple[str, ...], slope: float) -> TunableWeight:
    per, unit = RULES[rules[0]].per, RULES[rules[0]].unit
    return TunableWeight(
        name=name,
        penalties=rules,
        unit=f"{per} {unit}s",
        slope=slope,
        stride=1.5,
        most=12.0,
        rate=lambda metrics: _rule_rate(metrics, rules),
    )


def _style_weight(
    penalty: str, unit: str, slope: float, rate: Callable[[DecodingMetrics], float]
) -> TunableWeight:
    return TunableWeight(
        name=penalty,
        penalties=(penalty,),
        unit=unit,
        slope=slope,
        stride=0.5,
        most=4.0,
        rate=lambda metrics: RateMeasurement(rate(metrics)),
    )


TUNABLE_WEIGHTS: tuple[TunableWeight, ...] = (
    _rule_weight("parallels", SUMS["parallels"], -1.0),
    _rule_weight("hidden", _HIDDEN, -0.7),
    _style_weight("onset bonus 2", "beat and voice", 0.2, lambda m: m.variety.onsets_per_beat.mean),
    _style_weight(
        "repeated note", "note of a lower voice", -1.2, lambda m: m.variety.repeated_notes.mean
    ),
    _style_weight("leap bonus", "note of a lower voice", 0.9, lambda m: m.variety.leaps.mean),
    _style_weight(
        "new-chord bonus",
        "different chords per beat",
        0.4,
        lambda m: m.variety.different_chords_per_beat.mean,
    ),
)
"""Every weight that is fitted. Parallel fifths and octaves share one, and so do hidden ones; the
onset bonus is that of the middle of the beat."""


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
    penalties : Penalties
        Those of the round nearest to Bach.
    """

    targets: Mapping[str, RateMeasurement]
    rounds: tuple[Round, ...]
    penalties: Penalties

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
            "penalties": self.penalties.to_json(),
        }


def fit(
    decode: Callable[[Penalties], Sequence[Chorale]],
    bach: Sequence[Chorale],
    start: Penalties,
    *,
    masked: Iterable[Voice] = MASKS["ATB"],
    rounds: int = 6,
    weights_to_fit: Sequence[TunableWeight] = TUNABLE_WEIGHTS,
    listen: Callable[[Mapping[str, RateMeasurement], Round], None] | None = None,
) -> Fit:
    """Fit the weights of some penalties.

    Parameters
    ----------
    decode : callable
        The pieces as they come out under some penalties, the same each time for the same penalties.
    bach : sequence of Chorale
        His versions of the same pieces, in the same order.
    start : Penalties
        What to begin from; what no tunable moves stays.
    masked : iterable of Voice
        The voices that are decoded.
    rounds : int
        Most rounds, 1 or more. Fitting ends earlier when every rate is within 3% of Bach's, or
        within one fault, or when no weight changes any more.
    weights_to_fit : sequence of TunableWeight
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
    targets = {tunable.name: tunable.rate(metrics) for tunable in weights_to_fit}
    voices = tuple(masked)
    penalties, done, tried = start, [], []
    for _ in range(rounds):
        metrics = decoding_metrics.measure(decode(penalties), bach=bach, masked=voices)
        done.append(_round(penalties, metrics, targets, weights_to_fit))
        tried.append(penalties)
        if listen is not None:
            listen(targets, done[-1])
        if all(done[-1].readings[k.name].near(targets[k.name]) for k in weights_to_fit):
            break
        penalties = _moved(penalties, done, targets, weights_to_fit)
        if all(tunable.read(penalties) == tunable.read(tried[-1]) for tunable in weights_to_fit):
            break
    found = Fit(targets, tuple(done), start)
    return replace(found, penalties=tried[found.best])


def _round(
    penalties: Penalties,
    metrics: DecodingMetrics,
    targets: Mapping[str, RateMeasurement],
    weights_to_fit: Sequence[TunableWeight],
) -> Round:
    readings = {tunable.name: tunable.rate(metrics) for tunable in weights_to_fit}
    off = [readings[n].above(target) / readings[n].noise(target) for n, target in targets.items()]
    equal = (
        metrics.harmonization_error.equal_pitch.rate
        if metrics.harmonization_error is not None
        else float("nan")
    )
    weights = {tunable.name: tunable.read(penalties) for tunable in weights_to_fit}
    return Round(weights, readings, sqrt(sum(o * o for o in off) / len(off)), equal)


def _moved(
    penalties: Penalties,
    rounds: Sequence[Round],
    targets: Mapping[str, RateMeasurement],
    weights_to_fit: Sequence[TunableWeight],
) -> Penalties:
    """Penalties with every weight moved toward Bach's rate; one that is there already stays."""
    for tunable in weights_to_fit:
        reading, target = rounds[-1].readings[tunable.name], targets[tunable.name]
        if reading.near(target):
            continue
        step = -_DAMPING * reading.above(target) / _slope(tunable, rounds)
        step = min(max(step, -tunable.stride), tunable.stride)
        weight = min(max(tunable.read(penalties) + step, 0.0), tunable.most)
        penalties = tunable.write(penalties, round(weight, 3))
    return penalties


def _slope(tunable: TunableWeight, rounds: Sequence[Round]) -> float:
    """The slope of the secant through the last two rounds, or else the default slope."""
    if len(rounds) < 2:
        return tunable.slope
    weights = [r.weights[tunable.name] for r in rounds[-2:]]
    before, now = (r.readings[tunable.name] for r in rounds[-2:])
    moved, rose = weights[1] - weights[0], now.above(before)
    if not moved or abs(rose) < now.noise(before):
        return tunable.slope
    times = rose / moved / tunable.slope
    return tunable.slope * min(max(times, 1 / _STRAY), _STRAY)
