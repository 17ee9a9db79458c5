from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from training_corpus import random_chorale

from bachbot.encoding import FIRST_PITCH, START, Vocabulary, encode
from bachbot.errors import TrainingError
from bachbot.training.config import changed
from bachbot.training.kinds import preset
from bachbot.training.kinds.lstm import TokenDataset

VOCABULARY = Vocabulary()
PIECES = [random_chorale(n, 30 + n) for n in range(9)]


def _dataset(pieces=PIECES, base="tiny", **changes):
    config = changed(preset(base), changes)
    return TokenDataset(pieces, config.data, config.objective.chunk_tokens, config.seed, VOCABULARY)


def test_targets_are_the_tokens_after_the_inputs():
    rows = _dataset().rows(0)
    assert rows.inputs.shape == rows.targets.shape == (4, _dataset().chunks * 32)
    assert np.array_equal(rows.inputs[:, 1:], rows.targets[:, :-1])


def test_the_rows_together_are_whole_pieces_one_after_another():
    wholes = [encode(p, VOCABULARY).ids for p in PIECES]
    row = _dataset().rows(3).inputs.reshape(-1)
    starts = np.flatnonzero(row == START)
    assert len(starts) > 4
    for begin, end in pairwise(starts):
        assert any(np.array_equal(row[begin:end], whole) for whole in wholes)


def test_an_epoch_is_the_same_at_every_call_and_another_is_not():
    dataset = _dataset()
    assert np.array_equal(dataset.rows(2).inputs, dataset.rows(2).inputs)
    assert np.array_equal(dataset.rows(2).inputs, _dataset().rows(2).inputs)
    assert not np.array_equal(dataset.rows(2).inputs, dataset.rows(3).inputs)
    assert not np.array_equal(dataset.rows(2).inputs, _dataset(seed=1).rows(2).inputs)


def test_chunks_start_at_other_tokens_each_epoch():
    dataset = _dataset()
    positions = [int(np.flatnonzero(dataset.rows(n).inputs[0] == START)[0]) % 32 for n in range(12)]
    assert len(set(positions)) > 5


def test_almost_every_token_is_read_in_an_epoch():
    dataset = _dataset()
    assert dataset.rows(0).inputs.size > dataset.tokens - 4 * 32 - 1


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.integers(0, 6))
def test_transposing_moves_every_note_of_a_piece_alike(epoch, semitones):
    dataset = _dataset(transpose_share=1.0, max_semitones=semitones, batch_size=1)
    row = dataset.rows(epoch).inputs.reshape(-1)
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
    dataset = _dataset(
        [edge] * 4, transpose_share=1.0, max_semitones=6, batch_size=1, chunk_tokens=8
    )
    assert {int(dataset.rows(n).inputs.max()) for n in range(20)} == {
        int(VOCABULARY.ids_of(87, False))
    }


def test_too_small_a_corpus_is_refused():
    with pytest.raises(TrainingError, match="too few for 50 rows of 128: give a smaller"):
        _dataset(base="paper")
