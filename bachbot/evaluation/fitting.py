"""Fits what part-writing is charged, so that a decoder comes out at Bach's own rates.

In each round all pieces are decoded once, and each weight that is fitted (`bachbot.evaluation.
knobs.Knob`) moves by what its rate still lacks of Bach's, on the logarithm: a damped Newton step
whose slope is the secant through the last two rounds, where those differ by more than chance, kept
within a factor of the knob's usual one, since one knob moves another's rate a little and rare
faults are counted in ones and twos.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt

from bachbot.chorale import Chorale, Voice
from bachbot.decoding.charges import Charges
from bachbot.errors import UsageError
from bachbot.evaluation.harmonisation import MASKS
from bachbot.evaluation.knobs import KNOBS, Knob, Reading
from bachbot.evaluation.portrait import Portrait, portray

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
    readings: Mapping[str, Reading]
    distance: float
    equal_pitch: float


@dataclass(frozen=True)
class Fit:
    """Every round, and the charges of the best.

    Parameters
    ----------
    targets : mapping of str to Reading
        Bach's rates, by knob.
    rounds : tuple of Round
        In order.
    charges : Charges
        Those of the round nearest to Bach.
    """

    targets: Mapping[str, Reading]
    rounds: tuple[Round, ...]
    charges: Charges

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
    decode: Callable[[Charges], Sequence[Chorale]],
    bach: Sequence[Chorale],
    start: Charges,
    *,
    masked: Iterable[Voice] = MASKS["ATB"],
    rounds: int = 6,
    knobs: Sequence[Knob] = KNOBS,
    listen: Callable[[Mapping[str, Reading], Round], None] | None = None,
) -> Fit:
    """Fit the weights of some charges.

    Parameters
    ----------
    decode : callable
        The pieces as they come out under some charges, the same each time for the same charges.
    bach : sequence of Chorale
        His versions of the same pieces, in the same order.
    start : Charges
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
    portrait = portray(bach)
    targets = {knob.name: knob.rate(portrait) for knob in knobs}
    voices = tuple(masked)
    charges, done, tried = start, [], []
    for _ in range(rounds):
        portrait = portray(decode(charges), bach=bach, masked=voices)
        done.append(_round(charges, portrait, targets, knobs))
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
    charges: Charges,
    portrait: Portrait,
    targets: Mapping[str, Reading],
    knobs: Sequence[Knob],
) -> Round:
    readings = {knob.name: knob.rate(portrait) for knob in knobs}
    off = [readings[n].above(target) / readings[n].noise(target) for n, target in targets.items()]
    equal = portrait.likeness.equal_pitch.rate if portrait.likeness is not None else float("nan")
    weights = {knob.name: knob.read(charges) for knob in knobs}
    return Round(weights, readings, sqrt(sum(o * o for o in off) / len(off)), equal)


def _moved(
    charges: Charges,
    rounds: Sequence[Round],
    targets: Mapping[str, Reading],
    knobs: Sequence[Knob],
) -> Charges:
    """Charges with every weight moved towards Bach's rate; one that is there already stays."""
    for knob in knobs:
        reading, target = rounds[-1].readings[knob.name], targets[knob.name]
        if reading.near(target):
            continue
        step = -_DAMPING * reading.above(target) / _slope(knob, rounds)
        step = min(max(step, -knob.stride), knob.stride)
        weight = min(max(knob.read(charges) + step, 0.0), knob.most)
        charges = knob.write(charges, round(weight, 3))
    return charges


def _slope(knob: Knob, rounds: Sequence[Round]) -> float:
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
