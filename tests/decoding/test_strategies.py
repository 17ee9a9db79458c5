import numpy as np
import pytest

from bachbot.decoding.hypotheses import ROOT, Backpointers
from bachbot.decoding.strategies import Beam, Sampler

ONE = np.zeros(1, dtype=int)
"""The group of a single hypothesis."""


def sampled(scores, legal=None, *, count=20_000, temperature=1.0, top_p=1.0):
    """How often each token is sampled."""
    sampler = Sampler([np.random.default_rng(seed) for seed in range(count)], temperature, top_p)
    scores = np.tile(np.asarray(scores, dtype=float), (count, 1))
    legal = np.ones_like(scores, dtype=bool) if legal is None else np.tile(legal, (count, 1))
    rows, tokens = sampler.choose(np.zeros(count), scores, legal, np.arange(count))
    assert np.array_equal(rows, np.arange(count))
    return np.bincount(tokens, minlength=scores.shape[1]) / count


@pytest.mark.slow
def test_samples_by_probability():
    p = [0.5, 0.3, 0.15, 0.05]
    np.testing.assert_allclose(sampled(np.log(p)), p, atol=0.015)


@pytest.mark.slow
def test_temperature():
    p = np.array([0.5, 0.3, 0.15, 0.05])
    for temperature in (0.5, 2.0):
        wanted = p ** (1 / temperature)
        np.testing.assert_allclose(
            sampled(np.log(p), temperature=temperature), wanted / wanted.sum(), atol=0.015
        )


@pytest.mark.slow
def test_illegal_tokens_are_never_sampled():
    p = np.array([0.5, 0.3, 0.15, 0.05])
    wanted = np.array([0, 0.3, 0, 0.05]) / 0.35
    legal = np.array([False, True, False, True])
    np.testing.assert_allclose(sampled(np.log(p), legal), wanted, atol=0.015)


@pytest.mark.slow
@pytest.mark.parametrize(("top_p", "kept"), [(0.4, 1), (0.5, 1), (0.51, 2), (0.94, 3), (1.0, 4)])
def test_top_p_keeps_the_fewest_that_reach_it(top_p, kept):
    found = sampled(np.log([0.05, 0.3, 0.5, 0.15]), top_p=top_p)
    assert (found > 0).tolist() == [kept > 3, kept > 1, kept > 0, kept > 2]


@pytest.mark.slow
def test_top_p_is_a_share_of_what_is_legal():
    legal = np.array([False, True, True, True])
    found = sampled(np.log([0.9, 0.06, 0.03, 0.01]), legal, top_p=0.5)
    assert found.tolist() == [0, 1, 0, 0]


def test_a_random_number_next_to_one():
    """It samples the last token that has any probability."""

    class Edge:
        def random(self):
            return np.nextafter(1.0, 0.0)

    sampler = Sampler([Edge()], 1.0, 1.0)
    scores = np.log(np.array([[0.1] * 7 + [0.3, 1e-300]]))
    legal = np.array([[True] * 8 + [False]])
    assert sampler.choose(np.zeros(1), scores, legal, ONE)[1].tolist() == [7]


def test_a_forced_token_uses_no_random_number():
    sampler = Sampler([np.random.default_rng(0)], 1.0, 1.0)
    sampler.choose(np.zeros(1), np.zeros((1, 3)), np.array([[False, True, False]]), ONE)
    assert sampler.generators[0].random() == np.random.default_rng(0).random()


def test_generators_of_finished_hypotheses_are_forgotten():
    generators = [np.random.default_rng(seed) for seed in range(3)]
    sampler = Sampler(generators, 1.0, 1.0)
    sampler.select(np.array([0, 2]))
    assert sampler.generators == [generators[0], generators[2]]


def test_a_beam_keeps_the_best_of_all_hypotheses():
    total = np.array([-1.0, -2.0])
    scores = np.array([[-9.0, -1.0, -3.0], [-0.5, -7.0, -1.0]])
    legal = np.array([[True, True, True], [True, True, False]])
    rows, tokens = Beam(3).choose(total, scores, legal, np.zeros(2, int))
    assert list(zip(rows.tolist(), tokens.tolist(), strict=True)) == [(0, 1), (1, 0), (0, 2)]
    rows, tokens = Beam(10).choose(total, scores, legal, np.zeros(2, int))
    assert len(rows) == 5


def test_groups_do_not_compete():
    total = np.array([-1.0, -2.0, -50.0, -51.0])
    scores = np.array([[-1.0, -3.0], [-1.5, -4.0], [-1.0, -2.5], [-0.5, -9.0]])
    legal = np.ones((4, 2), dtype=bool)
    rows, tokens = Beam(2).choose(total, scores, legal, np.array([3, 3, 7, 7]))
    assert list(zip(rows.tolist(), tokens.tolist(), strict=True)) == [
        (0, 0), (1, 0), (2, 0), (3, 0)
    ]  # fmt: skip
    rows, _ = Beam(1).choose(total, scores, legal, np.arange(4))
    assert rows.tolist() == [0, 1, 2, 3]


def test_more_are_kept_within_a_frame_than_after_it():
    beam, group = Beam(2, inner_beam_factor=3), np.zeros(1, dtype=int)
    scores = -np.arange(10.0)[None]
    _, tokens = beam.choose(np.zeros(1), scores, np.ones((1, 10), dtype=bool), group)
    assert tokens.tolist() == [0, 1, 2, 3, 4, 5]
    total = np.array([-3.0, -1.0, -2.0, -9.0, -8.0])
    assert beam.prune(total, np.array([0, 0, 0, 4, 4])).tolist() == [1, 2, 4, 3]
    assert Beam(5).prune(total, np.zeros(5, dtype=int)) is None


def test_a_sampler_keeps_all_hypotheses_after_a_frame():
    sampler = Sampler([np.random.default_rng(0)], 1.0, 1.0)
    assert sampler.prune(np.zeros(1), ONE) is None


def test_impossible_tokens_are_not_chosen():
    scores = np.full((1, 3), -np.inf)
    legal = np.ones((1, 3), dtype=bool)
    for selector in (Beam(2), Sampler([np.random.default_rng(0)], 1.0, 1.0)):
        rows, tokens = selector.choose(np.zeros(1), scores, legal, ONE)
        assert not len(rows)
        assert not len(tokens)


def test_backpointers():
    backpointers = Backpointers()
    first = backpointers.add(np.array([ROOT]), np.array([7]))
    second = backpointers.add(first[[0, 0]], np.array([8, 9]))
    assert backpointers.path(int(second[0])).tolist() == [7, 8]
    third = backpointers.add(second[[1]], np.array([10]))
    assert backpointers.path(int(third[0])).tolist() == [7, 9, 10]
    assert backpointers.path(ROOT).tolist() == []


def test_a_beam_prunes_what_is_far_below_the_best_of_its_group():
    total, group = np.array([0.0, -1.0, -3.0, -10.0, -10.5, -12.5]), np.array([0, 0, 0, 1, 1, 1])
    scores, legal = np.zeros((6, 1)), np.ones((6, 1), dtype=bool)
    rows, _ = Beam(5, prune_threshold=2.0).choose(total, scores, legal, group)
    assert rows.tolist() == [0, 1, 3, 4]
    assert Beam(5, 2, prune_threshold=2.0).prune(total, group).tolist() == [0, 1, 3, 4]
    assert Beam(5, 2).prune(total, group).tolist() == [0, 1, 2, 3, 4, 5]
