"""What is recalled is what a reader with a pencil would find."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bachbot.encoding import Vocabulary
from bachbot.encoding.copying import (
    LENGTH_BOUNDS,
    MAX_DISTANCE,
    MAX_MATCH,
    choose_copy,
    extend_matches,
    find_copies,
    frame_ids,
    given_matches,
    no_matches,
)

NONE = 9


def _frames(text):
    """One piece in which each letter is a frame of four voices that do the same, [1, T, 4]."""
    return np.array([[[ord(letter) - ord("a")] * 4 for letter in text]])


def _nothing(tokens):
    return np.full_like(tokens, NONE)


def _by_hand(tokens, given_tokens):
    """Distance, length of the past and of what is ahead, frame by frame, by comparing all pairs."""
    out = []
    for now in range(len(tokens)):
        best = (0, 0, 0, 0)
        for then in range(now - 1, max(now - 1 - MAX_DISTANCE, -1), -1):
            past = 0
            while (
                past < min(then, MAX_MATCH)
                and (tokens[now - 1 - past] == tokens[then - 1 - past]).all()
            ):
                past += 1
            ahead = 0
            while now + ahead < len(tokens) and ahead < MAX_MATCH:
                one, other = given_tokens[now + ahead], given_tokens[then + ahead]
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


@pytest.mark.slow
@given(_pieces())
def test_the_longest_match_is_found_and_of_several_the_nearest(piece):
    tokens, given_tokens = piece
    found = find_copies(tokens[None], given_tokens[None], NONE)
    wanted = _by_hand(tokens, given_tokens)
    np.testing.assert_array_equal(found.distance[0], wanted[:, 0])
    for classes, lengths in ((found.past, wanted[:, 1]), (found.ahead, wanted[:, 2])):
        np.testing.assert_array_equal(
            classes[0], np.searchsorted(LENGTH_BOUNDS, lengths, side="right")
        )


def test_repeated_music_may_copy_its_first_occurrence():
    tokens = _frames("abcdabce")
    found = find_copies(tokens, _nothing(tokens), NONE)
    assert found.distance[0].tolist() == [0, 0, 0, 0, 0, 4, 4, 4]
    assert found.past[0].tolist() == [0, 0, 0, 0, 0, 1, 2, 2]  # lengths 1, 2, 3
    assert not found.ahead.any()


def test_a_given_tune_matches_its_first_occurrence_before_anything_is_written():
    tokens = _frames("abcdabcd")
    given_tokens = _nothing(tokens)
    given_tokens[..., 0] = tokens[..., 0]
    found = find_copies(tokens, given_tokens, NONE)
    assert found.distance[0, 4] == 4
    assert found.past[0, 4] == 0
    assert found.ahead[0, 4] == 3  # a length of four


@pytest.mark.slow
@given(_pieces(), st.data())
def test_a_copy_does_not_depend_on_later_frames_that_are_not_given(piece, data):
    tokens, given_tokens = piece
    at = data.draw(st.integers(0, len(tokens) - 1))
    other = tokens.copy()
    other[at:] = data.draw(hnp.arrays(np.int64, other[at:].shape, elements=st.integers(0, 1)))
    one, two = (find_copies(t[None], given_tokens[None], NONE) for t in (tokens, other))
    for name in ("distance", "past", "ahead"):
        np.testing.assert_array_equal(
            getattr(one, name)[0, : at + 1], getattr(two, name)[0, : at + 1]
        )


def test_distances_and_lengths_have_a_maximum():
    frames = MAX_DISTANCE + 200
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
    assert found.past[0, -50] == len(LENGTH_BOUNDS)
    matches = no_matches(1, frames)
    same = np.zeros((1, frames), dtype=np.int64)
    for frame in range(1, MAX_MATCH + 20):
        matches = extend_matches(matches, same, frame)
    assert matches.max() == MAX_MATCH


def test_nothing_given_takes_no_memory():
    given_tokens = np.full((1, 20_000, 4), NONE)
    assert not given_matches(given_tokens, NONE).strides[1]


def test_frames_that_differ_in_any_voice_have_different_ids():
    vocabulary = Vocabulary()
    tokens = np.zeros((5, 4), dtype=np.int64)
    tokens[np.arange(1, 5), np.arange(4)] = len(vocabulary)
    assert len(set(frame_ids(tokens).tolist())) == 5


@pytest.mark.parametrize(("ahead", "distance"), [(0, 0), (3, 2)])
def test_without_a_match_nothing_is_copied(ahead, distance):
    matches = np.zeros((1, 5), dtype=np.uint8)
    coming = matches.copy()
    coming[0, 1] = ahead
    assert choose_copy(matches, coming, 3).distance.tolist() == [distance]
