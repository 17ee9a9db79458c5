"""Neighbors are those that a search through the whole datastore finds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bachbot.encoding import FIRST_PITCH
from bachbot.encoding.copying import LENGTH_BOUNDS
from bachbot.encoding.datastore import (
    MAX_PAST_MATCH,
    MAX_SOPRANO_MATCH,
    NEIGHBORS,
    Datastore,
    Neighbors,
    advance,
    build_datastore,
    nearest,
    retrieve,
    start_matches,
)

NONE = 9


def _frames(text):
    """A piece in which each letter is a frame of four voices that do the same, [T, 4]."""
    return np.array([[ord(letter) - ord("a")] * 4 for letter in text])


def _datastore(*texts):
    return Datastore(build_datastore([_frames(text) for text in texts]))


_pieces = st.integers(1, 9).flatmap(
    lambda frames: hnp.arrays(np.int64, (frames, 4), elements=st.integers(0, 1))
)


def _by_hand(datastore, piece, frame, voice, own):
    """Index and lengths of the matches of the neighbors of a cell, by comparing note by note."""

    def matched(there, same, most):
        run = 0
        while run < most:
            now, then = frame - 1 - run, there - 1 - run
            if now < 0:
                # Both begin: that counts as one frame more.
                return run + (datastore.tokens[then, 0] == -1)
            if datastore.tokens[then, 0] == -1 or not same(piece[now], datastore.tokens[then]):
                return run
            run += 1
        return run

    found = []
    for there, tokens in enumerate(datastore.tokens):
        if tokens[0] == -1 or (own is not None and own.start <= there < own.stop):
            continue
        if (tokens[:voice] != piece[frame, :voice]).any():
            continue
        soprano = matched(there, lambda a, b: a[0] == b[0], MAX_SOPRANO_MATCH)
        past = matched(there, lambda a, b: (a == b).all(), MAX_PAST_MATCH)
        if soprano:
            found.append((-soprano - 2 * past, there, soprano, past))
    return [rest for _, *rest in sorted(found)[:NEIGHBORS]]


@pytest.mark.slow
@given(st.lists(_pieces, min_size=1, max_size=4), _pieces, st.booleans())
def test_the_longest_matches_are_found_and_ties_go_to_the_first(pieces, piece, one_of_them):
    datastore = Datastore(build_datastore(pieces))
    own = datastore.piece_slices[0] if one_of_them else None
    piece = pieces[0] if one_of_them else piece
    found = retrieve(datastore, piece, NONE, own)
    for frame in range(len(piece)):
        for voice in range(4):
            wanted = _by_hand(datastore, piece, frame, voice, own)
            tokens = found.tokens[frame, voice]
            missing = NEIGHBORS - len(wanted)
            assert tokens[: len(wanted)].tolist() == [
                datastore.tokens[at].tolist() for at, _, _ in wanted
            ]
            assert (tokens[len(wanted) :] == NONE).all()
            for classes, column in ((found.soprano, 1), (found.past, 2)):
                lengths = [row[column] for row in wanted] + [0] * missing
                expected = np.searchsorted(LENGTH_BOUNDS, lengths, side="right")
                assert classes[frame, voice].tolist() == expected.tolist()


def test_a_tune_in_the_datastore_is_followed_to_its_end():
    datastore = _datastore("dddd", "abcabd", "acb")
    found = retrieve(datastore, _frames("abcabd"), NONE)
    assert found.tokens[1:, 0, 0, 0].tolist() == [1, 2, 0, 1, 3]
    # A piece of the datastore leaves itself out.
    found = retrieve(datastore, _frames("abcabd"), NONE, datastore.piece_slices[1])
    assert found.tokens[1:, 0, 0, 0].tolist() != [1, 2, 0, 1, 3]


def test_the_first_frame_matches_the_starts_of_pieces():
    datastore = _datastore("ab", "cd")
    found = retrieve(datastore, _frames("c"), NONE)
    assert found.tokens[0, 0, :, 0].tolist() == [0, 2, NONE, NONE]
    # Once the soprano is known, the voices below go with it.
    assert found.tokens[0, 1, :, 1].tolist() == [2, NONE, NONE, NONE]


@pytest.mark.slow
@given(st.lists(_pieces, min_size=1, max_size=3), _pieces, st.integers(0, 8), st.integers(0, 3))
def test_neighbors_do_not_depend_on_what_is_written_later(pieces, piece, frame, voice):
    datastore = Datastore(build_datastore(pieces))
    frame %= len(piece)
    other = piece.copy()
    other[frame, voice] = 1 - other[frame, voice]
    one, two = (retrieve(datastore, p, NONE).tokens for p in (piece, other))
    assert (one[:frame] == two[:frame]).all()
    assert (one[frame, : voice + 1] == two[frame, : voice + 1]).all()


def test_lengths_are_counted_up_to_their_maximum():
    datastore = _datastore("a" * 300)
    matches = start_matches(datastore, 1)
    for _ in range(290):
        matches = advance(datastore, matches, _frames("a"))
    assert matches.soprano.max() == MAX_SOPRANO_MATCH
    assert matches.past.max() == MAX_PAST_MATCH


def test_sequences_do_not_affect_each_other():
    datastore = _datastore("abcabd", "acb")
    matches = start_matches(datastore, 2)
    both = advance(datastore, matches, _frames("ac"))
    for row, letter in enumerate("ac"):
        alone = advance(datastore, start_matches(datastore, 1), _frames(letter))
        assert (both.soprano[row] == alone.soprano[0]).all()
        assert (both.past[row] == alone.past[0]).all()
    found = nearest(datastore, both, np.zeros((2, 0), dtype=np.int64), NONE)
    # An opening a is followed by b or c; two pieces have a c within, followed by a or b.
    assert found.tokens[0, :2, 0].tolist() == [1, 2]
    assert found.tokens[1, :, 0].tolist() == [0, 1, NONE, NONE]


def test_where_the_pieces_are():
    datastore = _datastore("ab", "c")
    assert [datastore.tokens[at, 0].tolist() for at in datastore.piece_slices] == [[0, 1], [2]]
    assert np.flatnonzero(datastore.starts).tolist() == [1, 4]


@pytest.mark.parametrize("semitones", [-3, 0, 2])
def test_neighbors_are_transposed(semitones):
    low, high = FIRST_PITCH, FIRST_PITCH + 40
    none = high + 2
    tokens = np.array([[[low, high, 0, none]]])
    zero = np.zeros((1, 1), dtype=np.int64)
    found = Neighbors(tokens, zero, zero).transposed(semitones, none).tokens[0, 0]
    inside = [
        at + 2 * semitones if low <= at + 2 * semitones < none else none for at in (low, high)
    ]
    # A rest has no pitch, and none stays none.
    assert found.tolist() == [*inside, 0, none]
