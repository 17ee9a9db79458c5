"""What is looked up is what a reader who goes through the whole book would find."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bachbot.encoding import FIRST_PITCH
from bachbot.encoding.copying import BOUNDS
from bachbot.encoding.datastore import (
    CANDIDATES,
    LONGEST_PAST,
    LONGEST_TUNE,
    Datastore,
    Neighbors,
    advance,
    build_datastore,
    nearest,
    retrieve,
    start_runs,
)

NONE = 9


def _frames(text):
    """A piece in which each letter is a frame of four voices that do the same, [T, 4]."""
    return np.array([[ord(letter) - ord("a")] * 4 for letter in text])


def _library(*texts):
    return Datastore(build_datastore([_frames(text) for text in texts]))


_pieces = st.integers(1, 9).flatmap(
    lambda frames: hnp.arrays(np.int64, (frames, 4), elements=st.integers(0, 1))
)


def _by_hand(library, piece, frame, voice, own):
    """Number, tune and past of the likest frames for a cell, by comparing note by note."""

    def matched(there, same, most):
        run = 0
        while run < most:
            now, then = frame - 1 - run, there - 1 - run
            if now < 0:
                # Both begin: that counts as one frame more.
                return run + (library.tokens[then, 0] == -1)
            if library.tokens[then, 0] == -1 or not same(piece[now], library.tokens[then]):
                return run
            run += 1
        return run

    found = []
    for there, tokens in enumerate(library.tokens):
        if tokens[0] == -1 or (own is not None and own.start <= there < own.stop):
            continue
        if (tokens[:voice] != piece[frame, :voice]).any():
            continue
        tune = matched(there, lambda a, b: a[0] == b[0], LONGEST_TUNE)
        past = matched(there, lambda a, b: (a == b).all(), LONGEST_PAST)
        if tune:
            found.append((-tune - 2 * past, there, tune, past))
    return [rest for _, *rest in sorted(found)[:CANDIDATES]]


@given(st.lists(_pieces, min_size=1, max_size=4), _pieces, st.booleans())
def test_the_likest_frames_are_found_and_of_equals_the_first(book, piece, one_of_them):
    library = Datastore(build_datastore(book))
    own = library.places[0] if one_of_them else None
    piece = book[0] if one_of_them else piece
    found = retrieve(library, piece, NONE, own)
    for frame in range(len(piece)):
        for voice in range(4):
            wanted = _by_hand(library, piece, frame, voice, own)
            tokens = found.tokens[frame, voice]
            missing = CANDIDATES - len(wanted)
            assert tokens[: len(wanted)].tolist() == [
                library.tokens[at].tolist() for at, _, _ in wanted
            ]
            assert (tokens[len(wanted) :] == NONE).all()
            for classes, column in ((found.tune, 1), (found.past, 2)):
                lengths = [row[column] for row in wanted] + [0] * missing
                expected = np.searchsorted(BOUNDS, lengths, side="right")
                assert classes[frame, voice].tolist() == expected.tolist()


def test_a_tune_in_the_book_is_followed_to_its_end():
    library = _library("dddd", "abcabd", "acb")
    found = retrieve(library, _frames("abcabd"), NONE)
    assert found.tokens[1:, 0, 0, 0].tolist() == [1, 2, 0, 1, 3]
    # A piece of the book passes itself over.
    found = retrieve(library, _frames("abcabd"), NONE, library.places[1])
    assert found.tokens[1:, 0, 0, 0].tolist() != [1, 2, 0, 1, 3]


def test_nothing_is_known_beforehand_but_how_pieces_begin():
    library = _library("ab", "cd")
    found = retrieve(library, _frames("c"), NONE)
    assert found.tokens[0, 0, :, 0].tolist() == [0, 2, NONE, NONE]
    # Once the soprano is known, the voices below go with it.
    assert found.tokens[0, 1, :, 1].tolist() == [2, NONE, NONE, NONE]


@given(st.lists(_pieces, min_size=1, max_size=3), _pieces, st.integers(0, 8), st.integers(0, 3))
def test_a_cell_hears_of_nothing_that_is_written_later(book, piece, frame, voice):
    library = Datastore(build_datastore(book))
    frame %= len(piece)
    other = piece.copy()
    other[frame, voice] = 1 - other[frame, voice]
    one, two = (retrieve(library, p, NONE).tokens for p in (piece, other))
    assert (one[:frame] == two[:frame]).all()
    assert (one[frame, : voice + 1] == two[frame, : voice + 1]).all()


def test_runs_do_not_pass_their_longest():
    library = _library("a" * 300)
    runs = start_runs(library, 1)
    for _ in range(290):
        runs = advance(library, runs, _frames("a"))
    assert runs.tune.max() == LONGEST_TUNE
    assert runs.past.max() == LONGEST_PAST


def test_streams_do_not_mix():
    library = _library("abcabd", "acb")
    runs = start_runs(library, 2)
    both = advance(library, runs, _frames("ac"))
    for stream, letter in enumerate("ac"):
        alone = advance(library, start_runs(library, 1), _frames(letter))
        assert (both.tune[stream] == alone.tune[0]).all()
        assert (both.past[stream] == alone.past[0]).all()
    found = nearest(library, both, np.zeros((2, 0), dtype=np.int64), NONE)
    # An opening with a goes on with b or c; two pieces have a c within, followed by a or b.
    assert found.tokens[0, :2, 0].tolist() == [1, 2]
    assert found.tokens[1, :, 0].tolist() == [0, 1, NONE, NONE]


def test_the_places_of_the_pieces():
    library = _library("ab", "c")
    assert [library.tokens[at, 0].tolist() for at in library.places] == [[0, 1], [2]]
    assert np.flatnonzero(library.opens).tolist() == [1, 4]


@pytest.mark.parametrize("semitones", [-3, 0, 2])
def test_what_was_found_is_transposed(semitones):
    low, high = FIRST_PITCH, FIRST_PITCH + 40
    none = high + 2
    tokens = np.array([[[low, high, 0, none]]])
    zero = np.zeros((1, 1), dtype=np.int64)
    found = Neighbors(tokens, zero, zero).moved(semitones, none).tokens[0, 0]
    inside = [
        at + 2 * semitones if low <= at + 2 * semitones < none else none for at in (low, high)
    ]
    # A rest has no pitch, and what is not there stays so.
    assert found.tolist() == [*inside, 0, none]
