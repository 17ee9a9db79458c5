"""The whole analysis of a listening test."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from bachbot.errors import UsageError
from bachbot.extras import require
from bachbot.listening.analysis import published
from bachbot.listening.analysis.exclusions import ExclusionCriteria, Exclusions, apply_exclusions
from bachbot.listening.analysis.mixed_model import MixedModel, UnfittedModel, fit_mixed_model
from bachbot.listening.analysis.power import Power, StudyDesign, plan_power
from bachbot.listening.analysis.proportions import (
    LearningTrend,
    Proportion,
    SideBias,
    estimate_learning,
    estimate_side_bias,
    proportion_of,
    proportions_by_group,
)
from bachbot.listening.answers import AGES, CONDITIONS, EXPERIENCES, Answers

_TRIAL_FACTORS = (1, 2, 4)


@dataclass(frozen=True)
class AnalysisSettings:
    """How answers are analyzed.

    Parameters
    ----------
    criteria : ExclusionCriteria
        Which answers are excluded.
    target_proportion : float
        Proportion correct that the next test should distinguish from one half.
    power : float
        Probability with which it should do so.
    answers_per_participant : int, optional
        In the next test. Default: the mean of this test.
    trials : int, optional
        In the next test. Default: as many as in this test, twice and four times as many.
    """

    criteria: ExclusionCriteria = field(default_factory=ExclusionCriteria)
    target_proportion: float = 0.55
    power: float = 0.8
    answers_per_participant: int | None = None
    trials: int | None = None


@dataclass(frozen=True, eq=False)
class Analysis:
    """Results of a listening test.

    Parameters
    ----------
    exclusions : Exclusions
        All answers, and why some are excluded. Everything else is about the answers kept.
    overall : Proportion
        Correct answers.
    by_condition, by_experience, by_age, by_trial : mapping of str to Proportion
        Correct answers in each group that has answers; p-values corrected within each mapping.
    side : SideBias
        Whether participants prefer one side.
    learning : LearningTrend
        Whether answers get better along a session.
    intercept_only : MixedModel or UnfittedModel
        The mixed model without fixed effects but the intercept.
    full : MixedModel or UnfittedModel
        The mixed model with condition, experience and the position in the session.
    powers : tuple of Power
        Size of the next test; empty where the model with the intercept alone was not fitted.
    """

    exclusions: Exclusions
    overall: Proportion
    by_condition: Mapping[str, Proportion]
    by_experience: Mapping[str, Proportion]
    by_age: Mapping[str, Proportion]
    by_trial: Mapping[str, Proportion]
    side: SideBias
    learning: LearningTrend
    intercept_only: MixedModel | UnfittedModel
    full: MixedModel | UnfittedModel
    powers: tuple[Power, ...]

    def to_json(self) -> dict[str, object]:
        """Plain data, with the results of the original study and of related work."""
        return {
            "exclusions": self.exclusions.to_json(),
            "overall": self.overall.to_json(),
            "by_condition": _to_json(self.by_condition),
            "by_experience": _to_json(self.by_experience),
            "by_age": _to_json(self.by_age),
            "by_trial": _to_json(self.by_trial),
            "side": self.side.to_json(),
            "learning": self.learning.to_json(),
            "mixed_models": {
                "intercept_only": self.intercept_only.to_json(),
                "full": self.full.to_json(),
            },
            "power": [power.to_json() for power in self.powers],
            "original_study": {
                "by_condition": _to_json(published.BY_CONDITION),
                "by_experience": _to_json(published.BY_EXPERIENCE),
                "by_age": _to_json(published.BY_AGE),
            },
            "related_results": [result.to_json() for result in published.RELATED_RESULTS],
        }


def analyze_answers(answers: Answers, settings: AnalysisSettings | None = None) -> Analysis:
    """Analyze the answers of a listening test.

    Parameters
    ----------
    answers : Answers
        All answers.
    settings : AnalysisSettings, optional
        Default: the default settings.

    Raises
    ------
    UsageError
        If there are no answers, all are excluded, or a setting is out of range.
    MissingExtraError
        If statsmodels is not installed.
    """
    require("statsmodels")
    settings = settings or AnalysisSettings()
    exclusions = apply_exclusions(answers, settings.criteria)
    kept = exclusions.kept
    if not len(kept):
        raise UsageError(_no_answers_message(exclusions))
    intercept_only = fit_mixed_model(kept)
    return Analysis(
        exclusions=exclusions,
        overall=proportion_of(kept, kept.correct),
        by_condition=proportions_by_group(kept, kept.condition, CONDITIONS),
        by_experience=proportions_by_group(kept, kept.experience, EXPERIENCES),
        by_age=proportions_by_group(kept, kept.age, AGES),
        by_trial=proportions_by_group(kept, kept.trial, np.unique(kept.trial).tolist()),
        side=estimate_side_bias(kept),
        learning=estimate_learning(kept),
        intercept_only=intercept_only,
        full=fit_mixed_model(kept, ("condition", "experience", "position")),
        powers=tuple(_plan_next_test(kept, intercept_only, settings)),
    )


def _plan_next_test(
    kept: Answers, model: MixedModel | UnfittedModel, settings: AnalysisSettings
) -> list[Power]:
    """Power of the next test, if its standard deviations are those found here."""
    if isinstance(model, UnfittedModel):
        return []
    mean = max(1, round(len(kept) / kept.participants))
    per_participant = settings.answers_per_participant or mean
    numbers = [settings.trials] if settings.trials else [kept.trials * n for n in _TRIAL_FACTORS]
    return [
        plan_power(
            StudyDesign(per_participant, trials, model.participant_sd, model.trial_sd),
            settings.target_proportion,
            settings.power,
        )
        for trials in numbers
    ]


def _no_answers_message(exclusions: Exclusions) -> str:
    if not len(exclusions.answers):
        return "there are no answers: give some"
    counts = ", ".join(f"{n} {reason}" for reason, n in exclusions.excluded.items() if n)
    return (
        f"all {len(exclusions.answers)} answers are excluded ({counts}): "
        "relax the exclusion criteria"
    )


def _to_json(
    groups: Mapping[str, Proportion] | Mapping[str, published.PublishedProportion],
) -> dict[str, object]:
    return {group: found.to_json() for group, found in groups.items()}
