from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import made_up_chorale

from bachbot.encoding import FIRST_PITCH, START, Vocabulary, encode
from bachbot.errors import TrainingError
from bachbot.training.config import changed, preset
from bachbot.training.token_batches import TokenText

VOCABULARY = Vocabulary()
PIECES = [made_up_chorale(n, 30 + n) for n in range(9)]


def _text(**changes):
    return TokenText(PIECES, changed(preset("tiny"), changes), VOCABULARY)


def test_targets_are_the_tokens_after_the_inputs():
    lanes = _text().lanes(0)
    assert lanes.inputs.shape == lanes.targets.shape == (4, _text().chunks * 32)
    assert np.array_equal(lanes.inputs[:, 1:], lanes.targets[:, :-1])


def test_a_lane_is_one_stretch_of_whole_pieces_in_their_order():
    wholes = [encode(p, VOCABULARY).ids for p in PIECES]
    row = _text().lanes(3).inputs.reshape(-1)
    starts = np.flatnonzero(row == START)
    assert len(starts) > 4
    for begin, end in pairwise(starts):
        assert any(np.array_equal(row[begin:end], whole) for whole in wholes)


def test_an_epoch_is_the_same_at_every_call_and_another_is_not():
    text = _text()
    assert np.array_equal(text.lanes(2).inputs, text.lanes(2).inputs)
    assert np.array_equal(text.lanes(2).inputs, _text().lanes(2).inputs)
    assert not np.array_equal(text.lanes(2).inputs, text.lanes(3).inputs)
    assert not np.array_equal(text.lanes(2).inputs, _text(seed=1).lanes(2).inputs)


def test_chunks_begin_elsewhere_each_epoch():
    text = _text()
    places = [int(np.flatnonzero(text.lanes(n).inputs[0] == START)[0]) % 32 for n in range(12)]
    assert len(set(places)) > 5


def test_nearly_every_token_is_read_in_an_epoch():
    text = _text()
    assert text.lanes(0).inputs.size > text.tokens - 4 * 32 - 1


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.integers(0, 6))
def test_transposing_moves_every_note_of_a_piece_alike(epoch, semitones):
    text = _text(transposed=1.0, semitones=semitones, batch=1)
    row = text.lanes(epoch).inputs.reshape(-1)
    assert row.max() < len(VOCABULARY)
    wholes = [encode(p, VOCABULARY).ids for p in PIECES]
    starts = np.flatnonzero(row == START)
    for begin, end in pairwise(starts):
        piece = row[begin:end]
        (whole,) = [
            w
            for w in wholes
            if len(w) == len(piece) and np.array_equal(w < FIRST_PITCH, piece < FIRST_PITCH)
        ]
        moved = np.unique((piece - whole)[whole >= FIRST_PITCH])
        assert len(moved) == 1
        assert moved[0] % 2 == 0
        assert abs(moved[0]) <= 2 * semitones
        assert np.array_equal(piece[piece < FIRST_PITCH], whole[whole < FIRST_PITCH])


def test_a_piece_at_the_edge_of_the_vocabulary_stays_inside_it():
    pitch = np.full((8, 4), [[87, 80, 60, 31]])
    edge = type(PIECES[0])(pitch, np.zeros((8, 4)), np.zeros(8))
    config = changed(preset("tiny"), {"transposed": 1.0, "semitones": 6, "batch": 1, "chunk": 8})
    text = TokenText([edge] * 4, config, VOCABULARY)
    assert {int(text.lanes(n).inputs.max()) for n in range(20)} == {
        int(VOCABULARY.ids_of(87, False))
    }


def test_too_small_a_corpus_is_refused():
    with pytest.raises(TrainingError, match="too few for 50 lanes of 128: make batch or chunk"):
        TokenText(PIECES, preset("paper"), VOCABULARY)
