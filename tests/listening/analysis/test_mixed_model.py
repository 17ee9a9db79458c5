import numpy as np
import pytest
from listening_answers import answer

from bachbot.errors import UsageError
from bachbot.listening.analysis import mixed_fit
from bachbot.listening.analysis.mixed_fit import (
    INTERCEPT,
    PER_TRIAL,
    build_design_matrix,
    fit_posterior,
)
from bachbot.listening.analysis.mixed_model import MixedModel, UnfittedModel, fit_mixed_model
from bachbot.listening.analysis.proportions import proportion_of
from bachbot.listening.analysis.simulation import Population, simulate_answers
from bachbot.listening.answers import Answers


def simulated(seed, participants=120, **changes):
    values = {"participant_sd": 0.6, "trial_sd": 0.5}
    return simulate_answers(
        Population(participants, **values | changes), np.random.default_rng(seed)
    )


@pytest.mark.slow
@pytest.mark.parametrize("accuracy", [0.5, 0.59, 0.75])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_interval_contains_the_simulated_accuracy(accuracy, seed):
    found = fit_mixed_model(simulated(seed, accuracy=accuracy))
    assert found.overall.interval.low <= accuracy <= found.overall.interval.high
    assert found.overall.interval.high - found.overall.interval.low < 0.2
    assert (found.overall.interval.low > 0.5) == (accuracy > 0.5)


@pytest.mark.slow
def test_simulated_standard_deviations_are_estimated():
    found = [fit_mixed_model(simulated(seed, 250, session=("AT", "ATB") * 4)) for seed in range(3)]
    assert np.mean([m.participant_sd for m in found]) == pytest.approx(0.6, abs=0.12)
    assert np.mean([m.trial_sd for m in found]) == pytest.approx(0.5, abs=0.2)


@pytest.mark.slow
def test_few_trials_widen_the_interval_beyond_wilsons():
    answers = simulated(0, 400, trials_per_condition=2, session=("AT", "ATB"), trial_sd=1.0)
    found, plain = (
        fit_mixed_model(answers).overall.interval,
        proportion_of(answers, answers.correct).interval,
    )
    assert found.high - found.low > 3 * (plain.high - plain.low)


@pytest.mark.slow
def test_simulated_effects_are_estimated():
    fits, truths = [], {"condition S": 1.2, "condition ATB": 0.0, PER_TRIAL: 0.25}
    for seed in range(3):
        answers = simulated(
            seed,
            300,
            session=("S", "ATB", "composition", "composition"),
            condition_effects={"S": truths["condition S"]},
            learning=truths[PER_TRIAL],
            trial_sd=0.2,
            trials_per_condition=15,
        )
        fits.append(fit_mixed_model(answers, ("condition", "experience", "position")))
        assert fits[-1].reference_levels["condition"] == "composition"
    for name, allowed in (("condition S", 0.3), ("condition ATB", 0.25), (PER_TRIAL, 0.1)):
        mean = np.mean([fit.effects[name].value for fit in fits])
        assert mean == pytest.approx(truths[name], abs=allowed)
    # One of nine 95% intervals may miss.
    inside = [
        fit.effects[n].interval.low <= t <= fit.effects[n].interval.high
        for fit in fits
        for n, t in truths.items()
    ]
    assert sum(inside) >= 8
    assert all(fit.effects["condition S"].interval.low > 0 for fit in fits)


@pytest.mark.slow
def test_the_overall_proportion_is_the_mean_over_conditions():
    answers = simulated(1, 60, condition_effects={"AT": 1.0})
    found = fit_mixed_model(answers, ("condition",))
    assert set(found.by_condition) == set(answers.condition)
    assert found.by_condition["AT"].value > found.by_condition["ATB"].value
    weights = [np.sum(answers.condition == k) for k in found.by_condition]
    mean = np.average([e.value for e in found.by_condition.values()], weights=weights)
    assert mean == pytest.approx(found.overall.value)


@pytest.mark.slow
def test_the_covariance_is_the_inverse_curvature_of_the_models_own_posterior():
    from scipy import sparse
    from statsmodels.genmod.bayes_mixed_glm import BinomialBayesMixedGLM
    from statsmodels.tools.numdiff import approx_fprime

    answers = simulated(7, 25, trials_per_condition=2)
    design = build_design_matrix(answers, ("condition",))
    posterior = fit_posterior(answers, design)
    people, trials = (
        mixed_fit._indicators(names) for names in (answers.participant, answers.trial)
    )
    sizes = (people.shape[1], trials.shape[1])
    model = BinomialBayesMixedGLM(
        answers.correct.astype(float),
        design.matrix,
        sparse.hstack([people, trials], format="csr"),
        np.repeat([0, 1], sizes),
    )
    start = np.full(design.matrix.shape[1] + 2 + sum(sizes), np.exp(-0.5))
    fit = model.fit_vb(mean=np.zeros(len(start)), sd=start, fit_method="L-BFGS-B")
    # The standard deviations are fixed: their rows and columns are removed before inversion.
    whole = -approx_fprime(fit.params, model.logposterior_grad, centered=True)
    effects = design.matrix.shape[1]
    free = np.r_[:effects, effects + 2 : len(whole)]
    expected = np.linalg.inv(whole[np.ix_(free, free)])[:effects, :effects]
    assert posterior.covariance == pytest.approx(expected, rel=1e-3, abs=1e-6)
    # Variational Bayes alone would be far too sure of the intercept.
    assert np.sqrt(posterior.covariance[0, 0]) > 1.3 * fit.fe_sd[0]


@pytest.mark.slow
def test_the_fit_does_not_depend_on_the_order_of_answers():
    answers = simulated(3, 40)
    turned = Answers.from_rows(list(answers.rows())[::-1])
    one, two = fit_mixed_model(answers), fit_mixed_model(turned)
    assert one == fit_mixed_model(answers)
    assert two.overall.value == pytest.approx(one.overall.value, abs=1e-3)
    assert two.trial_sd == pytest.approx(one.trial_sd, abs=0.01)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([answer(p, t) for p in "abc" for t in "xyz"], "every answer is correct"),
        ([answer(p, t, chosen="right") for p in "abc" for t in "xyz"], "every answer is wrong"),
        ([answer("a", t) for t in "xyz"], "all answers are of one participant"),
        ([answer(p, "x") for p in "abc"], "all answers are of one trial"),
    ],
)
def test_a_model_that_cannot_be_fitted_says_why(rows, reason):
    found = fit_mixed_model(Answers.from_rows(rows))
    assert isinstance(found, UnfittedModel)
    assert reason in found.reason
    assert found.to_json() == {"fitted": False, "reason": found.reason}


def test_a_fit_that_does_not_converge_says_so(monkeypatch):
    monkeypatch.setattr(mixed_fit, "_MAX_ITERATIONS", 3)
    found = fit_mixed_model(simulated(0, 30))
    assert isinstance(found, UnfittedModel)
    assert "did not converge in 3 iterations" in found.reason


def test_terms_that_do_not_vary_are_dropped_with_a_note():
    rows = [answer(f"p{n}", f"t{n % 3}", chosen="left" if n % 4 else "right") for n in range(12)]
    found = fit_mixed_model(Answers.from_rows(rows), ("condition", "experience", "position"))
    assert isinstance(found, MixedModel)
    assert list(found.effects) == [INTERCEPT]
    assert len([n for n in found.notes if "is the same in all answers" in n]) == 3
    assert any("each participant has one answer" in n for n in found.notes)
    assert any("there are only 3 trials" in n for n in found.notes)


def test_a_condition_without_wrong_answers_has_a_finite_effect():
    rows = [
        answer(
            f"p{n}",
            f"{condition}{m}",
            condition=condition,
            chosen="left" if condition == "S" or (n + m) % 2 else "right",
        )
        for n in range(20)
        for m in range(3)
        for condition in ("S", "AT")
    ]
    found = fit_mixed_model(Answers.from_rows(rows), ("condition",))
    assert 0.8 < found.by_condition["S"].value < 1
    assert found.by_condition["S"].interval.high <= 1
    assert np.isfinite(
        found.effects["condition S" if "condition S" in found.effects else "condition AT"].value
    )


@pytest.mark.parametrize("terms", [("age",), ("condition", "condition")])
def test_invalid_terms_are_rejected(terms):
    with pytest.raises(UsageError, match="give some of condition, experience, position"):
        fit_mixed_model(simulated(0, 10), terms)
