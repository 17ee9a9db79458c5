"""What others found, each with its source.

The original's figures are those of the thesis (F. Liang, *BachBot: Automatic composition in the
style of Bach chorales*, University of Cambridge, 2016, chapter 7): 721 people who had played both
clips of every question, five questions each, 3605 answers. The proportions by type and by group are
printed to two decimals in its figures' tables; the number of answers by experience and age too. How
many fell to each type follows from its design: one AT, one ATB, two compositions each, and one
single voice, drawn evenly, so about a quarter of 721 for each of S, A, T and B.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bachbot.evaluation.bootstrap import Interval
from bachbot.listening.analysis.proportions import proportion
from bachbot.listening.answers import KINDS

PEOPLE = 721


@dataclass(frozen=True)
class Published:
    """A proportion of correct answers as somebody printed it.

    Parameters
    ----------
    proportion : float
        0 to 1, to the decimals printed.
    answers : int or None
        On which it rests, where that is known.
    about : bool
        Whether the number of answers follows from the design, and is not itself printed.
    """

    proportion: float
    answers: int | None = None
    about: bool = False

    @property
    def interval(self) -> Interval | None:
        """Wilson's of 95%, answers taken for independent; None where their number is not known."""
        if self.answers is None:
            return None
        return proportion(round(self.proportion * self.answers), self.answers).interval

    def to_json(self) -> dict[str, object]:
        """Plain data."""
        interval = self.interval
        return {
            "proportion": self.proportion,
            "answers": self.answers,
            "answers_about": self.about,
            "interval": interval.to_json() if interval else None,
        }


_BY_DESIGN = (0.05, 0.05, 0.05, 0.05, 0.2, 0.2, 0.4)
"""Share of a participant's five answers that falls to each type."""

BY_KIND: Mapping[str, Published] = MappingProxyType(
    {
        "S": Published(0.76, 180, about=True),
        "A": Published(0.61, 180, about=True),
        "T": Published(0.64, 180, about=True),
        "B": Published(0.49, 180, about=True),
        "AT": Published(0.73, PEOPLE),
        "ATB": Published(0.67, PEOPLE),
        "composition": Published(0.59, 2 * PEOPLE),
    }
)
"""The original's proportions by type (figure *responses-mask*)."""

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


def _whole(groups: Mapping[str, tuple[int, tuple[float, ...]]]) -> Mapping[str, Published]:
    """Of each group over all types, weighted as the design weights them."""
    return MappingProxyType(
        {
            group: Published(
                round(sum(w * p for w, p in zip(_BY_DESIGN, found, strict=True)), 3), answers
            )
            for group, (answers, found) in groups.items()
        }
    )


def _split(
    groups: Mapping[str, tuple[int, tuple[float, ...]]],
) -> Mapping[str, Mapping[str, float]]:
    return MappingProxyType(
        {
            group: MappingProxyType(dict(zip(KINDS, found, strict=True)))
            for group, (_, found) in groups.items()
        }
    )


BY_EXPERIENCE = _whole(_BY_EXPERIENCE)
"""The original's over all types, from `BY_EXPERIENCE_AND_KIND` by the weights of the design."""

BY_AGE = _whole(_BY_AGE)
"""The same by age; the youngest and the oldest are few."""

BY_EXPERIENCE_AND_KIND = _split(_BY_EXPERIENCE)
"""As printed (figure *responses-mask-musicExperience*)."""

BY_AGE_AND_KIND = _split(_BY_AGE)
"""As printed (figure *responses-mask-agegroup*)."""


@dataclass(frozen=True)
class Peer:
    """A figure of another test, or another count of the same.

    Parameters
    ----------
    what : str
        Of what it is a proportion.
    figure : Published
        The proportion.
    source : str
        Where it stands.
    remark : str
        What keeps it from being compared outright; empty where nothing does.
    """

    what: str
    figure: Published
    source: str
    remark: str = ""

    def to_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "what": self.what,
            **self.figure.to_json(),
            "source": self.source,
            "remark": self.remark or None,
        }


PEERS: tuple[Peer, ...] = (
    Peer(
        "BachBot, compositions",
        BY_KIND["composition"],
        "Liang, thesis, 2016, chapter 7: 721 people",
    ),
    Peer(
        "BachBot, compositions",
        Published(0.57),
        "a later count of the same test: 1779 people",
    ),
    Peer(
        "BachBot, compositions",
        Published(0.51),
        "Liang, Gotham, Johnson and Shotton, ISMIR 2017: 2336 people",
        "its script kept only the trials in which Bach came first",
    ),
    Peer("JS Fake Chorales", Published(0.573, 4048), "Peracha, 2021: 4048 answers"),
    Peer(
        "DeepBach, taken for Bach",
        Published(0.5),
        "Hadjeres, Pachet and Nielsen, ICML 2017",
        "one clip at a time, Bach or not: half the votes, not a choice between two",
    ),
    Peer(
        "Bach, taken for Bach",
        Published(0.75),
        "Hadjeres, Pachet and Nielsen, ICML 2017",
        "in the same test as DeepBach",
    ),
)
"""Proportions to hold a test's beside."""
