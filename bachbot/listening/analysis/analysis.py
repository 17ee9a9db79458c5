"""All that a listening test shows, in one piece."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from bachbot.errors import UsageError
from bachbot.extras import require
from bachbot.listening.analysis import published
from bachbot.listening.analysis.exclusions import Rules, Sifted, sift
from bachbot.listening.analysis.mixed_model import Mixed, Unfitted, fit_mixed
from bachbot.listening.analysis.power import Power, StudyDesign, power_of
from bachbot.listening.analysis.proportions import (
    Learning,
    Proportion,
    SideBias,
    by_group,
    learning,
    share,
    side_bias,
)
from bachbot.listening.answers import AGES, EXPERIENCES, KINDS, Answers

_MORE_TRIALS = (1, 2, 4)


@dataclass(frozen=True)
class AnalysisSettings:
    """How answers are analyzed.

    Parameters
    ----------
    rules : Rules
        Which answers count.
    tell : float
        Proportion that the next test is to tell from one half.
    power : float
        Chance with which it is to do so.
    answers_each : int, optional
        Answers of a participant in the next test; this one's mean unless given.
    trials : int, optional
        Trials of the next test; as many as in this one, twice and four times as many unless given.
    """

    rules: Rules = field(default_factory=Rules)
    tell: float = 0.55
    power: float = 0.8
    answers_each: int | None = None
    trials: int | None = None


@dataclass(frozen=True, eq=False)
class Analysis:
    """What a listening test shows.

    Parameters
    ----------
    sifted : Sifted
        All answers that came in, and why some do not count.
    overall : Proportion
        Of correct answers.
    by_kind, by_experience, by_age, by_trial : mapping of str to Proportion
        The same in each group that has answers; each set of tests corrected by itself.
    side : SideBias
        Whether a side is chosen for being that side.
    learning : Learning
        Whether later answers are better.
    plain : Mixed or Unfitted
        The mixed model with an intercept alone.
    full : Mixed or Unfitted
        With type, experience and the position in the session.
    powers : tuple of Power
        What the next test takes; none where the plain model was not fitted.
    """

    sifted: Sifted
    overall: Proportion
    by_kind: Mapping[str, Proportion]
    by_experience: Mapping[str, Proportion]
    by_age: Mapping[str, Proportion]
    by_trial: Mapping[str, Proportion]
    side: SideBias
    learning: Learning
    plain: Mixed | Unfitted
    full: Mixed | Unfitted
    powers: tuple[Power, ...]

    def to_json(self) -> dict[str, object]:
        """Plain data, the original's figures beside."""
        return {
            "exclusions": self.sifted.to_json(),
            "overall": self.overall.to_json(),
            "by_type": _plain(self.by_kind),
            "by_experience": _plain(self.by_experience),
            "by_age": _plain(self.by_age),
            "by_trial": _plain(self.by_trial),
            "side": self.side.to_json(),
            "learning": self.learning.to_json(),
            "mixed": {"plain": self.plain.to_json(), "full": self.full.to_json()},
            "power": [power.to_json() for power in self.powers],
            "original": {
                "by_type": {k: p.to_json() for k, p in published.BY_KIND.items()},
                "by_experience": {k: p.to_json() for k, p in published.BY_EXPERIENCE.items()},
                "by_age": {k: p.to_json() for k, p in published.BY_AGE.items()},
            },
            "peers": [peer.to_json() for peer in published.PEERS],
        }


def analyze(answers: Answers, settings: AnalysisSettings | None = None) -> Analysis:
    """Analyze a listening test.

    Parameters
    ----------
    answers : Answers
        As they came in.
    settings : Settings, optional
        The usual ones unless given.

    Raises
    ------
    UsageError
        If there are no answers, none counts, or a setting is out of range.
    MissingExtraError
        If statsmodels is not installed.
    """
    require("statsmodels")
    settings = settings or AnalysisSettings()
    sifted = sift(answers, settings.rules)
    kept = sifted.kept
    if not len(kept):
        raise UsageError(_nothing_left(sifted))
    plain = fit_mixed(kept)
    return Analysis(
        sifted=sifted,
        overall=share(kept, kept.correct),
        by_kind=by_group(kept, kept.kind, KINDS),
        by_experience=by_group(kept, kept.experience, EXPERIENCES),
        by_age=by_group(kept, kept.age, AGES),
        by_trial=by_group(kept, kept.trial, np.unique(kept.trial).tolist()),
        side=side_bias(kept),
        learning=learning(kept),
        plain=plain,
        full=fit_mixed(kept, ("kind", "experience", "order")),
        powers=tuple(_powers(kept, plain, settings)),
    )


def _powers(kept: Answers, plain: Mixed | Unfitted, settings: AnalysisSettings) -> list[Power]:
    """Plans for the next test, with this one's spreads."""
    each = settings.answers_each or max(1, round(len(kept) / kept.participants))
    trials = [settings.trials] if settings.trials else [kept.trials * n for n in _MORE_TRIALS]
    if isinstance(plain, Unfitted):
        return []
    return [
        power_of(
            StudyDesign(each, many, plain.participant_deviation, plain.trial_deviation),
            settings.tell,
            settings.power,
        )
        for many in trials
    ]


def _nothing_left(sifted: Sifted) -> str:
    if not len(sifted.answers):
        return "there are no answers: give some"
    taken = ", ".join(f"{n} {reason}" for reason, n in sifted.left_out.items() if n)
    return f"none of {len(sifted.answers)} answers is left ({taken}): ease the rules"


def _plain(groups: Mapping[str, Proportion]) -> dict[str, object]:
    return {group: found.to_json() for group, found in groups.items()}
