import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bachbot.errors import UsageError
from bachbot.training.examples import MIXTURE, Mixture, draw

FRAMES = 50
STARTS = np.array([0, 4, 20, 36])
NEVER = {"soprano": 0.0, "voices": 0.0, "nothing": 0.0, "hole": 0.0}


def _draws(count=200, **shares):
    mixture = Mixture(**NEVER | shares)
    random = np.random.default_rng(5)
    return [draw(FRAMES, STARTS, random, mixture) for _ in range(count)]


def test_the_soprano_alone_is_given():
    for asked in _draws(20, soprano=1.0):
        assert asked.cells.shape == (FRAMES, 4)
        assert asked.cells[:, 0].all()
        assert not asked.cells[:, 1:].any()


def test_every_set_of_one_two_or_three_voices_is_given():
    found = set()
    for asked in _draws(voices=1.0):
        assert (asked.cells == asked.cells[0]).all()
        found.add(tuple(asked.cells[0]))
    assert len(found) == 14
    assert {sum(voices) for voices in found} == {1, 2, 3}


def test_nothing_is_given():
    assert not any(asked.cells.any() for asked in _draws(20, nothing=1.0))


def test_a_hole_is_one_stretch_of_whole_bars():
    ends, sets = set(), set()
    bars = [*STARTS, FRAMES]
    for asked in _draws(600, hole=1.0, ending=0.0, tutti=0.0):
        frames = np.flatnonzero(~asked.cells.all(axis=1))
        start, stop = frames[0], frames[-1] + 1
        ends.add((bars.index(start), bars.index(stop)))
        missing = ~asked.cells[start]
        assert missing.any()
        assert (asked.cells[start:stop] == ~missing).all()
        sets.add(tuple(missing))
    assert ends == {(a, b) for a in range(4) for b in range(a + 1, 5)}
    assert len(sets) == 15


def test_a_hole_may_last_to_the_end_and_be_in_all_voices():
    for asked in _draws(50, hole=1.0, ending=1.0, tutti=1.0):
        first = int(np.argmin(asked.cells[:, 0]))
        assert first in STARTS
        assert asked.cells[:first].all()
        assert not asked.cells[first:].any()


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 60), st.data())
def test_something_is_always_missing(seed, frames, data):
    bars = data.draw(st.lists(st.integers(0, frames - 1), max_size=6))
    starts = np.unique([0, *bars])
    asked = draw(frames, starts, np.random.default_rng(seed))
    assert asked.cells.shape == (frames, 4)
    assert asked.fermatas.shape == (frames,)
    assert not asked.cells.all()


def test_fermatas_are_told_all_or_none():
    for share in (0.0, 1.0):
        for asked in _draws(20, nothing=1.0, fermatas=share):
            assert (asked.fermatas == bool(share)).all()


def test_a_mask_follows_from_the_generator_alone():
    one, other = (draw(FRAMES, STARTS, np.random.default_rng(9)) for _ in range(2))
    assert np.array_equal(one.cells, other.cells)
    assert np.array_equal(one.fermatas, other.fermatas)


def test_the_questions_come_as_often_as_the_mixture_says():
    random = np.random.default_rng(0)
    asked = [draw(FRAMES, STARTS, random) for _ in range(4000)]
    nothing = np.mean([not a.cells.any() for a in asked])
    # A hole of the whole piece in some voices is one of the other questions by chance.
    holes = np.mean([not (a.cells == a.cells[0]).all() for a in asked])
    soprano = np.mean([(a.cells == [True, False, False, False]).all() for a in asked])
    told = np.mean([a.fermatas.all() for a in asked])
    whole = MIXTURE.hole * ((1 - MIXTURE.ending) / 16 + MIXTURE.ending / 4)
    assert nothing == pytest.approx(MIXTURE.nothing + whole * (1 + 1 / 15) / 2, abs=0.02)
    assert holes == pytest.approx(MIXTURE.hole - whole, abs=0.02)
    assert soprano == pytest.approx(MIXTURE.soprano + MIXTURE.voices / 14, abs=0.025)
    assert told == pytest.approx(MIXTURE.fermatas, abs=0.025)


def test_nothing_may_be_asked_more_often():
    assert MIXTURE.with_nothing(MIXTURE.nothing) == MIXTURE
    more = MIXTURE.with_nothing(0.55)
    assert (more.soprano, more.voices, more.hole) == pytest.approx((0.175, 0.2, 0.075))
    assert MIXTURE.with_nothing(1.0) == Mixture(**NEVER | {"nothing": 1.0})


@pytest.mark.parametrize("shares", [{"hole": 0.3}, {"fermatas": 1.1}, {"soprano": -0.1}])
def test_what_is_no_mixture_is_refused(shares):
    with pytest.raises(UsageError, match="is no mixture: give shares of 0 to 1"):
        Mixture(**shares)
