"""What is recalled is what a reader with a pencil would find."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bachbot.encoding import Vocabulary
from bachbot.encoding.copying import (
    BOUNDS,
    LONGEST,
    REACH,
    ahead_runs,
    choose,
    codes,
    find_copies,
    grown,
    no_runs,
)

NONE = 9


def _frames(text):
    """One piece in which each letter is a frame of four voices that do the same, [1, T, 4]."""
    return np.array([[[ord(letter) - ord("a")] * 4 for letter in text]])


def _nothing(tokens):
    return np.full_like(tokens, NONE)


def _by_hand(tokens, shown):
    """Distance, length of the past and of what is ahead, frame by frame, by comparing all pairs."""
    out = []
    for now in range(len(tokens)):
        best = (0, 0, 0, 0)
        for then in range(now - 1, max(now - 1 - REACH, -1), -1):
            past = 0
            while (
                past < min(then, LONGEST)
                and (tokens[now - 1 - past] == tokens[then - 1 - past]).all()
            ):
                past += 1
            ahead = 0
            while now + ahead < len(tokens) and ahead < LONGEST:
                one, other = shown[now + ahead], shown[then + ahead]
                both = (one != NONE) & (other != NONE)
                if not both.any() or (one != other)[both].any():
                    break
                ahead += 1
            if past + ahead > best[0]:
                best = (past + ahead, now - then, past, ahead)
        out.append(best[1:])
    return np.array(out)


@st.composite
def _pieces(draw):
    frames = draw(st.integers(1, 14))
    tokens = draw(hnp.arrays(np.int64, (frames, 4), elements=st.integers(0, 1)))
    given_cells = draw(hnp.arrays(np.bool_, (frames, 4)))
    return tokens, np.where(given_cells, tokens, NONE)


@given(_pieces())
def test_the_longest_match_is_found_and_of_several_the_nearest(piece):
    tokens, shown = piece
    found = find_copies(tokens[None], shown[None], NONE)
    wanted = _by_hand(tokens, shown)
    np.testing.assert_array_equal(found.distance[0], wanted[:, 0])
    for classes, lengths in ((found.past, wanted[:, 1]), (found.ahead, wanted[:, 2])):
        np.testing.assert_array_equal(classes[0], np.searchsorted(BOUNDS, lengths, side="right"))


def test_music_that_comes_again_recalls_its_first_time():
    tokens = _frames("abcdabce")
    found = find_copies(tokens, _nothing(tokens), NONE)
    assert found.distance[0].tolist() == [0, 0, 0, 0, 0, 4, 4, 4]
    assert found.past[0].tolist() == [0, 0, 0, 0, 0, 1, 2, 2]  # lengths 1, 2, 3
    assert not found.ahead.any()


def test_a_given_tune_recalls_its_first_time_before_anything_is_written():
    tokens = _frames("abcdabcd")
    shown = _nothing(tokens)
    shown[..., 0] = tokens[..., 0]
    found = find_copies(tokens, shown, NONE)
    assert found.distance[0, 4] == 4
    assert found.past[0, 4] == 0
    assert found.ahead[0, 4] == 3  # a length of four


@given(_pieces(), st.data())
def test_a_frame_hears_of_no_later_one_that_is_not_given(piece, data):
    tokens, shown = piece
    at = data.draw(st.integers(0, len(tokens) - 1))
    other = tokens.copy()
    other[at:] = data.draw(hnp.arrays(np.int64, other[at:].shape, elements=st.integers(0, 1)))
    one, two = (find_copies(t[None], shown[None], NONE) for t in (tokens, other))
    for name in ("distance", "past", "ahead"):
        np.testing.assert_array_equal(
            getattr(one, name)[0, : at + 1], getattr(two, name)[0, : at + 1]
        )


def test_it_looks_back_so_far_and_no_farther_and_counts_so_long_and_no_longer():
    frames = REACH + 200
    tokens = np.zeros((1, frames, 4), dtype=np.int64)
    # Numbers that never come twice, but for a passage at either end.
    tokens[0, :, 0] = np.arange(frames)
    tokens[0, -150:-50] = tokens[0, :100]
    none = frames + 1
    found = find_copies(tokens, np.full_like(tokens, none), none)
    assert not found.distance.any()
    tokens[0, :100] = tokens[0, 200:300]
    tokens[0, -150:-50] = tokens[0, 200:300]
    found = find_copies(tokens, np.full_like(tokens, none), none)
    assert found.distance[0, -50] == frames - 150 - 200
    assert found.past[0, -50] == len(BOUNDS)
    runs = no_runs(1, frames)
    same = np.zeros((1, frames), dtype=np.int64)
    for frame in range(1, LONGEST + 20):
        runs = grown(runs, same, frame)
    assert runs.max() == LONGEST


def test_nothing_given_takes_no_memory():
    shown = np.full((1, 20_000, 4), NONE)
    assert not ahead_runs(shown, NONE).strides[1]


def test_frames_are_told_apart_by_every_voice():
    vocabulary = Vocabulary()
    tokens = np.zeros((5, 4), dtype=np.int64)
    tokens[np.arange(1, 5), np.arange(4)] = len(vocabulary)
    assert len(set(codes(tokens).tolist())) == 5


@pytest.mark.parametrize(("ahead", "distance"), [(0, 0), (3, 2)])
def test_what_matches_nowhere_recalls_nothing(ahead, distance):
    runs = np.zeros((1, 5), dtype=np.uint8)
    coming = runs.copy()
    coming[0, 1] = ahead
    assert choose(runs, coming, 3).distance.tolist() == [distance]
