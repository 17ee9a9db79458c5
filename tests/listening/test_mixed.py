import numpy as np
import pytest
from listening_answers import answer

from bachbot.errors import UsageError
from bachbot.listening.analysis import mixed_fit
from bachbot.listening.analysis.mixed_fit import A_TRIAL, INTERCEPT, design, fit_posterior
from bachbot.listening.analysis.mixed_model import Mixed, Unfitted, fit_mixed
from bachbot.listening.analysis.power import Crowd, simulate
from bachbot.listening.analysis.proportions import share
from bachbot.listening.answers import Answers


def crowd(seed, people=120, **changes):
    values = {"participant_deviation": 0.6, "trial_deviation": 0.5}
    return simulate(Crowd(people, **values | changes), np.random.default_rng(seed))


@pytest.mark.parametrize("skill", [0.5, 0.59, 0.75])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_known_skill_is_found_within_its_interval(skill, seed):
    found = fit_mixed(crowd(seed, skill=skill))
    assert found.overall.interval.low <= skill <= found.overall.interval.high
    assert found.overall.interval.high - found.overall.interval.low < 0.2
    assert (found.overall.interval.low > 0.5) == (skill > 0.5)


def test_known_spreads_are_found_roughly():
    found = [fit_mixed(crowd(seed, 250, session=("AT", "ATB") * 4)) for seed in range(3)]
    assert np.mean([m.participant_deviation for m in found]) == pytest.approx(0.6, abs=0.12)
    assert np.mean([m.trial_deviation for m in found]) == pytest.approx(0.5, abs=0.2)


def test_few_trials_widen_the_interval_beyond_wilsons():
    answers = crowd(0, 400, trials_a_kind=2, session=("AT", "ATB"), trial_deviation=1.0)
    found, plain = fit_mixed(answers).overall.interval, share(answers, answers.correct).interval
    assert found.high - found.low > 3 * (plain.high - plain.low)


def test_effects_of_known_size_are_found():
    fits, truths = [], {"type S": 1.2, "type ATB": 0.0, A_TRIAL: 0.25}
    for seed in range(3):
        answers = crowd(
            seed,
            300,
            session=("S", "ATB", "composition", "composition"),
            kind_effects={"S": truths["type S"]},
            learning=truths[A_TRIAL],
            trial_deviation=0.2,
            trials_a_kind=15,
        )
        fits.append(fit_mixed(answers, ("kind", "experience", "order")))
        assert fits[-1].against["type"] == "composition"
    for name, allowed in (("type S", 0.3), ("type ATB", 0.25), (A_TRIAL, 0.1)):
        mean = np.mean([fit.effects[name].value for fit in fits])
        assert mean == pytest.approx(truths[name], abs=allowed)
    # Of nine intervals of 95% one may miss.
    inside = [
        fit.effects[n].interval.low <= t <= fit.effects[n].interval.high
        for fit in fits
        for n, t in truths.items()
    ]
    assert sum(inside) >= 8
    assert all(fit.effects["type S"].interval.low > 0 for fit in fits)


def test_proportions_of_the_types_make_up_that_of_all():
    answers = crowd(1, 60, kind_effects={"AT": 1.0})
    found = fit_mixed(answers, ("kind",))
    assert set(found.by_kind) == set(answers.kind)
    assert found.by_kind["AT"].value > found.by_kind["ATB"].value
    weights = [np.sum(answers.kind == k) for k in found.by_kind]
    mean = np.average([e.value for e in found.by_kind.values()], weights=weights)
    assert mean == pytest.approx(found.overall.value)


def test_the_covariance_is_the_inverse_curvature_of_the_models_own_posterior():
    from scipy import sparse
    from statsmodels.genmod.bayes_mixed_glm import BinomialBayesMixedGLM
    from statsmodels.tools.numdiff import approx_fprime

    answers = crowd(7, 25, trials_a_kind=2)
    made = design(answers, ("kind",))
    posterior = fit_posterior(answers, made)
    people, trials = (
        mixed_fit._indicators(names) for names in (answers.participant, answers.trial)
    )
    sizes = (people.shape[1], trials.shape[1])
    model = BinomialBayesMixedGLM(
        answers.correct.astype(float),
        made.matrix,
        sparse.hstack([people, trials], format="csr"),
        np.repeat([0, 1], sizes),
    )
    start = np.full(made.matrix.shape[1] + 2 + sum(sizes), np.exp(-0.5))
    fit = model.fit_vb(mean=np.zeros(len(start)), sd=start, fit_method="L-BFGS-B")
    # The two deviations held: their rows and columns go before the inverse is taken.
    whole = -approx_fprime(fit.params, model.logposterior_grad, centered=True)
    effects = made.matrix.shape[1]
    free = np.r_[:effects, effects + 2 : len(whole)]
    expected = np.linalg.inv(whole[np.ix_(free, free)])[:effects, :effects]
    assert posterior.covariance == pytest.approx(expected, rel=1e-3, abs=1e-6)
    # Variational Bayes alone would be far too sure of the intercept.
    assert np.sqrt(posterior.covariance[0, 0]) > 1.3 * fit.fe_sd[0]


def test_the_same_answers_give_the_same_fit_whatever_their_order():
    answers = crowd(3, 40)
    turned = Answers.of(list(answers.rows())[::-1])
    one, two = fit_mixed(answers), fit_mixed(turned)
    assert one == fit_mixed(answers)
    assert two.overall.value == pytest.approx(one.overall.value, abs=1e-3)
    assert two.trial_deviation == pytest.approx(one.trial_deviation, abs=0.01)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([answer(p, t) for p in "abc" for t in "xyz"], "every answer is right"),
        ([answer(p, t, chosen="right") for p in "abc" for t in "xyz"], "every answer is wrong"),
        ([answer("a", t) for t in "xyz"], "all answers are of one participant"),
        ([answer(p, "x") for p in "abc"], "all answers are of one trial"),
    ],
)
def test_what_answers_cannot_tell_is_not_made_up(rows, reason):
    found = fit_mixed(Answers.of(rows))
    assert isinstance(found, Unfitted)
    assert reason in found.reason
    assert found.to_json() == {"fitted": False, "reason": found.reason}


def test_a_fit_that_does_not_converge_says_so(monkeypatch):
    monkeypatch.setattr(mixed_fit, "_STEPS", 3)
    found = fit_mixed(crowd(0, 30))
    assert isinstance(found, Unfitted)
    assert "did not converge in 3 steps" in found.reason


def test_what_does_not_vary_is_left_out_with_a_note():
    rows = [answer(f"p{n}", f"t{n % 3}", chosen="left" if n % 4 else "right") for n in range(12)]
    found = fit_mixed(Answers.of(rows), ("kind", "experience", "order"))
    assert isinstance(found, Mixed)
    assert list(found.effects) == [INTERCEPT]
    assert len([n for n in found.notes if "is the same in all answers" in n]) == 3
    assert any("each participant has one answer" in n for n in found.notes)
    assert any("there are 3 trials only" in n for n in found.notes)


def test_a_type_that_all_get_right_has_a_bounded_effect():
    rows = [
        answer(
            f"p{n}",
            f"{kind}{m}",
            kind=kind,
            chosen="left" if kind == "S" or (n + m) % 2 else "right",
        )
        for n in range(20)
        for m in range(3)
        for kind in ("S", "AT")
    ]
    found = fit_mixed(Answers.of(rows), ("kind",))
    assert 0.8 < found.by_kind["S"].value < 1
    assert found.by_kind["S"].interval.high <= 1
    assert np.isfinite(found.effects["type S" if "type S" in found.effects else "type AT"].value)


@pytest.mark.parametrize("terms", [("age",), ("kind", "kind")])
def test_terms_that_cannot_be_are_refused(terms):
    with pytest.raises(UsageError, match="give some of kind, experience, order"):
        fit_mixed(crowd(0, 10), terms)
