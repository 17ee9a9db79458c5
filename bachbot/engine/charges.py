"""What the search's penalties charge a score, bar by bar, in words.

A search ranks music by its log-probability less such charges (`bachbot.decoding.penalties`). A
charge is above 0 where a rule is broken, or where a pattern is one that the network writes more
often than Bach; it is below 0 for patterns that Bach writes more often.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bachbot.chorale import Pulse, Voice
from bachbot.decoding import DecodingOptions
from bachbot.decoding.charges import Charge, charges_of
from bachbot.engine.requests import HarmonizeRequest
from bachbot.errors import UsageError
from bachbot.features.templates import template_of
from bachbot.features.wording import describe_in_words
from bachbot.runtime import Checkpoint
from bachbot.scores import Score
from bachbot.theory.melody import bars

LARGEST = 5
"""Charges of a bar that are listed unless more are asked for."""


@dataclass(frozen=True)
class ChargeLine:
    """Charges of one kind together.

    Parameters
    ----------
    name : str
        Name of the penalty, or in words the learned feature or its template.
    nats : float
        Their sum; negative for a bonus.
    times : int
        How often it applies.
    learned : bool
        Whether it is learned.
    """

    name: str
    nats: float
    times: int
    learned: bool

    @property
    def weight(self) -> float:
        """Nats for each time, on average."""
        return self.nats / self.times

    def to_json(self) -> dict[str, object]:
        """As plain data."""
        return {**vars(self), "weight": self.weight}


@dataclass(frozen=True)
class BarCharges:
    """The charges of a bar.

    Parameters
    ----------
    bar : int
        Its number; a pickup is bar 0.
    nats : float
        Sum of all its charges.
    largest : tuple of ChargeLine
        The largest in absolute value, charges and bonuses, the largest first.
    """

    bar: int
    nats: float
    largest: tuple[ChargeLine, ...]

    def to_json(self) -> dict[str, object]:
        """As plain data."""
        largest = [line.to_json() for line in self.largest]
        return {"bar": self.bar, "nats": self.nats, "largest": largest}


@dataclass(frozen=True)
class Charges:
    """The charges of a score.

    Parameters
    ----------
    nats : float
        Sum of all.
    penalties, templates : tuple of ChargeLine
        By penalty, and those of learned features by template; the largest in absolute value first.
    bars : tuple of BarCharges
        Bar by bar.
    """

    nats: float
    penalties: tuple[ChargeLine, ...]
    templates: tuple[ChargeLine, ...]
    bars: tuple[BarCharges, ...]

    def to_json(self) -> dict[str, object]:
        """As plain data."""
        return {
            "nats": self.nats,
            "penalties": [line.to_json() for line in self.penalties],
            "templates": [line.to_json() for line in self.templates],
            "bars": [bar.to_json() for bar in self.bars],
        }


def score_charges(
    score: Score,
    checkpoint: Checkpoint,
    *,
    given: Sequence[Voice] = (Voice.SOPRANO,),
    options: DecodingOptions | None = None,
    largest: int = LARGEST,
) -> Charges:
    """What a score costs in a search that would have written it.

    Parameters
    ----------
    score : Score
        Of all four voices.
    checkpoint : Checkpoint
        Whose learned features are charged.
    given : sequence of Voice
        Voices that the search would not choose: their notes are charged only together with others.
    options : DecodingOptions, optional
        Its penalties are charged. Default: those of `bachbot harmonize`.
    largest : int
        Charges of a bar that are listed.

    Raises
    ------
    UsageError
        If the score lacks a voice, or all or none are given.
    EncodingError
        If a pitch is outside the model's vocabulary.
    """
    lacking = [voice.label for voice in Voice if voice not in score.present]
    if lacking:
        raise UsageError(f"the score lacks the {lacking[0]}: give one of four voices")
    request = HarmonizeRequest(score, tuple(sorted(set(given))))
    filled = request.fill_request
    penalties = (options or DecodingOptions()).penalties_with(checkpoint.features)
    found = charges_of(filled.chorale, filled.given, penalties, checkpoint.vocabulary)
    numbers = bars(score.chorale)
    by_bar: dict[int, list[Charge]] = {int(number): [] for number in numbers}
    for charge in found:
        by_bar[int(numbers[_written(charge.frame, request.pulse, len(numbers))])].append(charge)

    def words(charge: Charge) -> str:
        if charge.feature is None:
            return charge.name
        return describe_in_words(charge.feature, score.chorale.key)

    return Charges(
        sum(charge.nats for charge in found),
        tuple(_lines(found, lambda charge: charge.name)),
        tuple(
            _lines(
                (charge for charge in found if charge.feature is not None),
                lambda charge: template_of(charge.feature or 0),
            )
        ),
        tuple(
            BarCharges(bar, sum(c.nats for c in inside), tuple(_lines(inside, words)[:largest]))
            for bar, inside in by_bar.items()
        ),
    )


def _written(frame: int, pulse: Pulse, frames: int) -> int:
    """The written frame of one in the model's pulse."""
    return min(frame * pulse.diminution // pulse.augmentation, frames - 1)


def _lines(charges: Iterable[Charge], label: Callable[[Charge], str]) -> list[ChargeLine]:
    """Charges summed by label, the largest in absolute value first."""
    grouped: dict[str, list[Charge]] = defaultdict(list)
    for charge in charges:
        grouped[label(charge)].append(charge)
    lines = [
        ChargeLine(name, sum(c.nats for c in group), len(group), group[0].feature is not None)
        for name, group in grouped.items()
    ]
    return sorted(lines, key=lambda line: (-abs(line.nats), line.name))
