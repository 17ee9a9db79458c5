"""Results of the original study and of related work, each with its source.

The original study is that of the thesis (F. Liang, *BachBot: Automatic composition in the
style of Bach chorales*, University of Cambridge, 2016, chapter 7): 721 people who played both
clips of every question, five questions each, 3605 answers. Its figures print the proportions by
condition and by group to two decimals, and the numbers of answers by experience and by age. The
numbers by condition follow from its design: one AT, one ATB, two compositions, and one single voice
each, so about a quarter of 721 for each of S, A, T and B.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bachbot.evaluation.bootstrap import Interval
from bachbot.listening.analysis.proportions import estimate_proportion
from bachbot.listening.answers import CONDITIONS

PARTICIPANTS = 721


@dataclass(frozen=True)
class PublishedProportion:
    """A proportion correct from the literature.

    Parameters
    ----------
    proportion : float
        0 to 1, to the decimals printed.
    answers : int or None
        Number of answers, if known.
    approximate : bool
        Whether the number of answers follows from the design and is not printed itself.
    """

    proportion: float
    answers: int | None = None
    approximate: bool = False

    @property
    def interval(self) -> Interval | None:
        """Wilson's 95% interval for independent answers; None if their number is unknown."""
        if self.answers is None:
            return None
        hits = round(self.proportion * self.answers)
        return estimate_proportion(hits, self.answers).interval

    def to_json(self) -> dict[str, object]:
        """Plain data."""
        interval = self.interval
        return {
            "proportion": self.proportion,
            "answers": self.answers,
            "answers_approximate": self.approximate,
            "interval": interval.to_json() if interval else None,
        }


_CONDITION_WEIGHTS = (0.05, 0.05, 0.05, 0.05, 0.2, 0.2, 0.4)
"""Share of each condition in the five answers of a participant."""

BY_CONDITION: Mapping[str, PublishedProportion] = MappingProxyType(
    {
        "S": PublishedProportion(0.76, 180, approximate=True),
        "A": PublishedProportion(0.61, 180, approximate=True),
        "T": PublishedProportion(0.64, 180, approximate=True),
        "B": PublishedProportion(0.49, 180, approximate=True),
        "AT": PublishedProportion(0.73, PARTICIPANTS),
        "ATB": PublishedProportion(0.67, PARTICIPANTS),
        "composition": PublishedProportion(0.59, 2 * PARTICIPANTS),
    }
)
"""By condition (figure *responses-mask*)."""

_BY_EXPERIENCE = {
    "novice": (970, (0.67, 0.56, 0.58, 0.43, 0.63, 0.62, 0.51)),
    "intermediate": (1765, (0.75, 0.59, 0.65, 0.52, 0.73, 0.67, 0.58)),
    "advanced": (610, (0.82, 0.69, 0.65, 0.54, 0.79, 0.66, 0.65)),
    "expert": (260, (1.0, 0.7, 0.77, 0.38, 0.94, 0.83, 0.76)),
}
_BY_AGE = {
    "under 18": (60, (1.0, 0.0, 0.33, 0.25, 0.92, 0.42, 0.63)),
    "18-25": (1375, (0.73, 0.56, 0.69, 0.38, 0.72, 0.68, 0.55)),
    "26-45": (1695, (0.76, 0.68, 0.64, 0.52, 0.73, 0.68, 0.62)),
    "46-60": (385, (0.72, 0.52, 0.63, 0.78, 0.7, 0.6, 0.51)),
    "over 60": (90, (1.0, 0.67, 0.2, 0.33, 0.89, 0.67, 0.81)),
}


def _over_conditions(
    groups: Mapping[str, tuple[int, tuple[float, ...]]],
) -> Mapping[str, PublishedProportion]:
    """Mean of each group over all conditions, with the weights of the design."""
    return MappingProxyType(
        {
            group: PublishedProportion(
                round(sum(w * p for w, p in zip(_CONDITION_WEIGHTS, found, strict=True)), 3),
                answers,
            )
            for group, (answers, found) in groups.items()
        }
    )


def _by_group_and_condition(
    groups: Mapping[str, tuple[int, tuple[float, ...]]],
) -> Mapping[str, Mapping[str, float]]:
    return MappingProxyType(
        {
            group: MappingProxyType(dict(zip(CONDITIONS, found, strict=True)))
            for group, (_, found) in groups.items()
        }
    )


BY_EXPERIENCE = _over_conditions(_BY_EXPERIENCE)
"""By experience: means of `BY_EXPERIENCE_AND_CONDITION` with the weights of the design."""

BY_AGE = _over_conditions(_BY_AGE)
"""By age, in the same way; there are few answers of the youngest and the oldest."""

BY_EXPERIENCE_AND_CONDITION = _by_group_and_condition(_BY_EXPERIENCE)
"""As printed (figure *responses-mask-musicExperience*)."""

BY_AGE_AND_CONDITION = _by_group_and_condition(_BY_AGE)
"""As printed (figure *responses-mask-agegroup*)."""


@dataclass(frozen=True)
class RelatedResult:
    """A result of another test, or another publication of the same test.

    Parameters
    ----------
    what : str
        What the proportion is about.
    result : PublishedProportion
        The proportion.
    source : str
        Publication.
    remark : str
        Why it is not directly comparable; empty if it is.
    """

    what: str
    result: PublishedProportion
    source: str
    remark: str = ""

    def to_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "what": self.what,
            **self.result.to_json(),
            "source": self.source,
            "remark": self.remark or None,
        }


RELATED_RESULTS: tuple[RelatedResult, ...] = (
    RelatedResult(
        "BachBot, compositions",
        BY_CONDITION["composition"],
        "Liang, thesis, 2016, chapter 7: 721 people",
    ),
    RelatedResult(
        "BachBot, compositions",
        PublishedProportion(0.57),
        "a later evaluation of the same test: 1779 people",
    ),
    RelatedResult(
        "BachBot, compositions",
        PublishedProportion(0.51),
        "Liang, Gotham, Johnson and Shotton, ISMIR 2017: 2336 people",
        "its script kept only the trials in which Bach came first",
    ),
    RelatedResult(
        "JS Fake Chorales", PublishedProportion(0.573, 4048), "Peracha, 2021: 4048 answers"
    ),
    RelatedResult(
        "DeepBach, taken for Bach",
        PublishedProportion(0.5),
        "Hadjeres, Pachet and Nielsen, ICML 2017",
        "one clip at a time, Bach or not: half the votes, not a choice between two",
    ),
    RelatedResult(
        "Bach, taken for Bach",
        PublishedProportion(0.75),
        "Hadjeres, Pachet and Nielsen, ICML 2017",
        "in the same test as DeepBach",
    ),
)
"""Proportions to compare those of a test with."""
