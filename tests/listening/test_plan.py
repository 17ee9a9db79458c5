"""Which trials a participant gets."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bachbot.errors import UsageError
from bachbot.listening.answers import KINDS
from bachbot.listening.store.schema import Pairing, draw_pairings
from bachbot.listening.trials import Clip, Trial, path_of


def trials(kinds):
    made = []
    for number, kind in enumerate(kinds):
        ids = [f"{number:06x}{side:06x}" for side in (0, 1)]
        clips = tuple(Clip(i, 1.0, {"wav": path_of(i, "wav")}) for i in ids)
        made.append(Trial(f"{number:06x}ffffff", kind, clips))
    return tuple(made)


@given(
    st.lists(st.sampled_from(KINDS), min_size=1, max_size=40),
    st.integers(5, 10),
    st.integers(0, 2**32),
)
def test_as_even_as_can_be(kinds, each, seed):
    material = trials(kinds)
    plan = draw_pairings(material, each, Random(seed))
    assert len(plan) == min(each, len(material))
    assert len({pair.trial for pair in plan}) == len(plan)
    by_id = {trial.id: trial for trial in material}
    there, drawn = Counter(kinds), Counter(by_id[pair.trial].kind for pair in plan)
    for pair in plan:
        assert {pair.left, pair.right} == {clip.id for clip in by_id[pair.trial].clips}
    most = max(drawn.values())
    # A type that comes more seldom than another by two has no trial left.
    assert all(drawn[kind] >= min(there[kind], most - 1) for kind in there)


def test_the_same_chance_gives_the_same_plan():
    material = trials(KINDS * 3)
    assert draw_pairings(material, 10, Random(1)) == draw_pairings(material, 10, Random(1))
    assert draw_pairings(material, 10, Random(1)) != draw_pairings(material, 10, Random(2))


def test_order_and_sides_lean_nowhere():
    material = trials(KINDS)
    random = Random(0)
    plans = [draw_pairings(material, 7, random) for _ in range(2000)]
    first = Counter(plan[0].trial for plan in plans)
    # Of 2000 draws among seven, 286 each, with a deviation of 16.
    assert all(220 < first[trial.id] < 352 for trial in material)
    for at in range(7):
        left = sum(plan[at].left.endswith("000000") for plan in plans)
        assert 888 < left < 1112  # five deviations of 22


def test_of_more_types_than_trials_none_is_preferred():
    material = trials(KINDS)
    random = Random(0)
    kinds = Counter(pair.trial for _ in range(2000) for pair in draw_pairings(material, 5, random))
    assert all(1300 < kinds[trial.id] < 1560 for trial in material)


def test_sides():
    pair = Pairing("t", "a", "b")
    assert (pair.side_of("a"), pair.side_of("b")) == ("left", "right")
    with pytest.raises(UsageError, match="clip c is not in trial t"):
        pair.side_of("c")
    assert Pairing(**pair.to_json()) == pair


@pytest.mark.parametrize(("number", "each"), [(0, 5), (3, 0), (3, -1)])
def test_nothing_to_draw(number, each):
    with pytest.raises(UsageError):
        draw_pairings(trials(["S"] * number), each, Random(0))
