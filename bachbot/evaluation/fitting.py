"""Fits the weights of penalties, so that a decoder comes out at Bach's own rates."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import log, sqrt

from bachbot.chorale import Chorale, Voice
from bachbot.decoding.penalties import Penalties
from bachbot.errors import UsageError
from bachbot.evaluation.harmonization import MASKS
from bachbot.evaluation.variety import DecodingMetrics, decoding_metrics
from bachbot.theory.rules import RULES, SUMS

_NEAR = 0.03
"""A rate within so much of Bach's, as a share of his, is his."""

_HIDDEN = ("hidden fifths", "hidden octaves")


@dataclass(frozen=True)
class RateMeasurement:
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

    def above(self, other: "RateMeasurement") -> float:
        """Logarithm of the ratio of this rate to another, half a fault added to either."""
        ours, theirs = self.rate + self.one / 2, other.rate + other.one / 2
        return log(max(ours, 1e-9) / max(theirs, 1e-9))

    def noise(self, other: "RateMeasurement") -> float:
        """How far `above` may be off by chance, as with counts of one or two faults.

        The standard error of the logarithm of a ratio of two counts; 3% where nothing is counted.
        """
        counts = [r.rate / r.one for r in (self, other) if r.one]
        return max(_NEAR, sqrt(sum(1 / (count + 0.5) for count in counts)))

    def near(self, other: "RateMeasurement") -> bool:
        """Whether it is as good as the other: within 3%, or one fault."""
        return abs(self.rate - other.rate) <= max(_NEAR * other.rate, self.one, other.one)


@dataclass(frozen=True)
class TunableWeight:
    """A weight and the rate that it moves.

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
        The rate in a set of pieces.
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
    rates = [metrics.writing.rules[name] for name in names]
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
    _style_weight("onset bonus 2", "beat and voice", 0.2, lambda m: m.variety.onsets_a_beat.mean),
    _style_weight(
        "repeated note", "note of a lower voice", -1.2, lambda m: m.variety.repeated_notes.mean
    ),
    _style_weight("leap bonus", "note of a lower voice", 0.9, lambda m: m.variety.leaps.mean),
    _style_weight(
        "new-chord bonus",
        "different chords a beat",
        0.4,
        lambda m: m.variety.different_chords_a_beat.mean,
    ),
)
"""Every weight that is fitted. Parallel fifths and octaves share one, and so do hidden ones; the
onset bonus is that of the middle of the beat."""


_DAMPING = 0.8
_STRAY = 2.5
"""How far a secant's slope may be from the knob's usual one, as a factor."""


@dataclass(frozen=True)
class Round:
    """What a set of weights came to.

    Parameters
    ----------
    weights : mapping of str to float
        Nats, by knob.
    readings : mapping of str to Reading
        The rates, by knob.
    distance : float
        Root mean square of what each rate is above or below Bach's (`Reading.above`), in units of
        its `Reading.noise`.
    equal_pitch : float
        Share of the masked voices' cells whose pitch is Bach's.
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
    targets : mapping of str to Reading
        Bach's rates, by knob.
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
        """Which round is nearest to Bach, from 0; the first of equals."""
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
    knobs: Sequence[TunableWeight] = TUNABLE_WEIGHTS,
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
        What to begin from; what no knob moves stays.
    masked : iterable of Voice
        The voices that are decoded.
    rounds : int
        How often all pieces are decoded at most, 1 or more. It ends sooner where every rate is
        within 3% of Bach's, or within one fault, or no weight can move any more.
    knobs : sequence of Knob
        What is fitted.
    listen : callable, optional
        Told Bach's rates and each round.

    Returns
    -------
    Fit

    Raises
    ------
    UsageError
        If there are no rounds, or no pieces.
    """
    if rounds < 1 or not bach:
        raise UsageError(f"{rounds} rounds over {len(bach)} pieces fit nothing: give 1 or more")
    portrait = decoding_metrics(bach)
    targets = {knob.name: knob.rate(portrait) for knob in knobs}
    voices = tuple(masked)
    penalties, done, tried = start, [], []
    for _ in range(rounds):
        portrait = decoding_metrics(decode(penalties), bach=bach, masked=voices)
        done.append(_round(penalties, portrait, targets, knobs))
        tried.append(penalties)
        if listen is not None:
            listen(targets, done[-1])
        if all(done[-1].readings[k.name].near(targets[k.name]) for k in knobs):
            break
        penalties = _moved(penalties, done, targets, knobs)
        if all(knob.read(penalties) == knob.read(tried[-1]) for knob in knobs):
            break
    found = Fit(targets, tuple(done), start)
    return replace(found, penalties=tried[found.best])


def _round(
    penalties: Penalties,
    portrait: DecodingMetrics,
    targets: Mapping[str, RateMeasurement],
    knobs: Sequence[TunableWeight],
) -> Round:
    readings = {knob.name: knob.rate(portrait) for knob in knobs}
    off = [readings[n].above(target) / readings[n].noise(target) for n, target in targets.items()]
    equal = portrait.likeness.equal_pitch.rate if portrait.likeness is not None else float("nan")
    weights = {knob.name: knob.read(penalties) for knob in knobs}
    return Round(weights, readings, sqrt(sum(o * o for o in off) / len(off)), equal)


def _moved(
    penalties: Penalties,
    rounds: Sequence[Round],
    targets: Mapping[str, RateMeasurement],
    knobs: Sequence[TunableWeight],
) -> Penalties:
    """Penalties with every weight moved towards Bach's rate; one that is there already stays."""
    for knob in knobs:
        reading, target = rounds[-1].readings[knob.name], targets[knob.name]
        if reading.near(target):
            continue
        step = -_DAMPING * reading.above(target) / _slope(knob, rounds)
        step = min(max(step, -knob.stride), knob.stride)
        weight = min(max(knob.read(penalties) + step, 0.0), knob.most)
        penalties = knob.write(penalties, round(weight, 3))
    return penalties


def _slope(knob: TunableWeight, rounds: Sequence[Round]) -> float:
    """The secant through the last two rounds, if they tell of one, or else the usual slope."""
    if len(rounds) < 2:
        return knob.slope
    weights = [r.weights[knob.name] for r in rounds[-2:]]
    before, now = (r.readings[knob.name] for r in rounds[-2:])
    moved, rose = weights[1] - weights[0], now.above(before)
    if not moved or abs(rose) < now.noise(before):
        return knob.slope
    times = rose / moved / knob.slope
    return knob.slope * min(max(times, 1 / _STRAY), _STRAY)
