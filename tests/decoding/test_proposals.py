import numpy as np
import pytest

from bachbot.decoding.hypotheses import ROOT, Backpointers
from bachbot.decoding.strategies import Beam, Sampler

ONE = np.zeros(1, dtype=int)
"""The family of a single stream."""


def drawn(scores, legal=None, *, count=20_000, temperature=1.0, top_p=1.0):
    """How often each token is drawn."""
    draw = Sampler([np.random.default_rng(seed) for seed in range(count)], temperature, top_p)
    scores = np.tile(np.asarray(scores, dtype=float), (count, 1))
    legal = np.ones_like(scores, dtype=bool) if legal is None else np.tile(legal, (count, 1))
    rows, tokens = draw.choose(np.zeros(count), scores, legal, np.arange(count))
    assert np.array_equal(rows, np.arange(count))
    return np.bincount(tokens, minlength=scores.shape[1]) / count


def test_draws_by_probability():
    p = [0.5, 0.3, 0.15, 0.05]
    np.testing.assert_allclose(drawn(np.log(p)), p, atol=0.015)


def test_temperature():
    p = np.array([0.5, 0.3, 0.15, 0.05])
    for temperature in (0.5, 2.0):
        wanted = p ** (1 / temperature)
        np.testing.assert_allclose(
            drawn(np.log(p), temperature=temperature), wanted / wanted.sum(), atol=0.015
        )


def test_what_is_not_legal_is_never_drawn():
    p = np.array([0.5, 0.3, 0.15, 0.05])
    wanted = np.array([0, 0.3, 0, 0.05]) / 0.35
    legal = np.array([False, True, False, True])
    np.testing.assert_allclose(drawn(np.log(p), legal), wanted, atol=0.015)


@pytest.mark.parametrize(("top_p", "kept"), [(0.4, 1), (0.5, 1), (0.51, 2), (0.94, 3), (1.0, 4)])
def test_top_p_keeps_the_fewest_that_reach_it(top_p, kept):
    found = drawn(np.log([0.05, 0.3, 0.5, 0.15]), top_p=top_p)
    assert (found > 0).tolist() == [kept > 3, kept > 1, kept > 0, kept > 2]


def test_top_p_is_a_share_of_what_is_legal():
    legal = np.array([False, True, True, True])
    found = drawn(np.log([0.9, 0.06, 0.03, 0.01]), legal, top_p=0.5)
    assert found.tolist() == [0, 1, 0, 0]


def test_the_edge_of_the_numbers():
    """A number next to one draws the last token that has any probability."""

    class Edge:
        def random(self):
            return np.nextafter(1.0, 0.0)

    draw = Sampler([Edge()], 1.0, 1.0)
    scores = np.log(np.array([[0.1] * 7 + [0.3, 1e-300]]))
    legal = np.array([[True] * 8 + [False]])
    assert draw.choose(np.zeros(1), scores, legal, ONE)[1].tolist() == [7]


def test_no_choice_costs_no_number():
    draw = Sampler([np.random.default_rng(0)], 1.0, 1.0)
    draw.choose(np.zeros(1), np.zeros((1, 3)), np.array([[False, True, False]]), ONE)
    assert draw.generators[0].random() == np.random.default_rng(0).random()


def test_streams_that_ended_are_forgotten():
    generators = [np.random.default_rng(seed) for seed in range(3)]
    draw = Sampler(generators, 1.0, 1.0)
    draw.keep(np.array([0, 2]))
    assert draw.generators == [generators[0], generators[2]]


def test_a_beam_keeps_the_best_of_all_streams():
    total = np.array([-1.0, -2.0])
    scores = np.array([[-9.0, -1.0, -3.0], [-0.5, -7.0, -1.0]])
    legal = np.array([[True, True, True], [True, True, False]])
    rows, tokens = Beam(3).choose(total, scores, legal, np.zeros(2, int))
    assert list(zip(rows.tolist(), tokens.tolist(), strict=True)) == [(0, 1), (1, 0), (0, 2)]
    rows, tokens = Beam(10).choose(total, scores, legal, np.zeros(2, int))
    assert len(rows) == 5


def test_families_do_not_compete():
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
    beam, label = Beam(2, 3), np.zeros(1, dtype=int)
    scores = -np.arange(10.0)[None]
    _, tokens = beam.choose(np.zeros(1), scores, np.ones((1, 10), dtype=bool), label)
    assert tokens.tolist() == [0, 1, 2, 3, 4, 5]
    total = np.array([-3.0, -1.0, -2.0, -9.0, -8.0])
    assert beam.close(total, np.array([0, 0, 0, 4, 4])).tolist() == [1, 2, 4, 3]
    assert Beam(5).close(total, np.zeros(5, dtype=int)) is None


def test_all_streams_of_a_draw_go_on_after_a_frame():
    draw = Sampler([np.random.default_rng(0)], 1.0, 1.0)
    assert draw.close(np.zeros(1), ONE) is None


def test_the_impossible_is_no_choice():
    scores = np.full((1, 3), -np.inf)
    legal = np.ones((1, 3), dtype=bool)
    for proposal in (Beam(2), Sampler([np.random.default_rng(0)], 1.0, 1.0)):
        rows, tokens = proposal.choose(np.zeros(1), scores, legal, ONE)
        assert not len(rows)
        assert not len(tokens)


def test_trail():
    trail = Backpointers()
    first = trail.add(np.array([ROOT]), np.array([7]))
    second = trail.add(first[[0, 0]], np.array([8, 9]))
    assert trail.path(int(second[0])).tolist() == [7, 8]
    third = trail.add(second[[1]], np.array([10]))
    assert trail.path(int(third[0])).tolist() == [7, 9, 10]
    assert trail.path(ROOT).tolist() == []


def test_a_beam_gives_up_what_is_too_far_behind_in_its_family():
    total, label = np.array([0.0, -1.0, -3.0, -10.0, -10.5, -12.5]), np.array([0, 0, 0, 1, 1, 1])
    scores, legal = np.zeros((6, 1)), np.ones((6, 1), dtype=bool)
    rows, _ = Beam(5, behind=2.0).choose(total, scores, legal, label)
    assert rows.tolist() == [0, 1, 3, 4]
    assert Beam(5, 2, behind=2.0).close(total, label).tolist() == [0, 1, 3, 4]
    assert Beam(5, 2).close(total, label).tolist() == [0, 1, 2, 3, 4, 5]
