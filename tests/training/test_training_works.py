import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import made_up_chorale

from bachbot.chorale import Given
from bachbot.encoding import FIRST_PITCH, FillRequest, Vocabulary, encode_conditioning
from bachbot.encoding.conditioning import CLOCK_FRAMES
from bachbot.errors import TrainingError
from bachbot.training.config import changed, preset
from bachbot.training.examples import PieceDataset, collate, crop, example

VOCABULARY = Vocabulary()
PIECES = [made_up_chorale(n, 30 + 4 * n) for n in range(9)]


def _repertoire(pieces=PIECES, **changes):
    return PieceDataset(pieces, changed(preset("lookahead-tiny"), changes), VOCABULARY)


def _number(found, pieces=PIECES):
    """Which piece a sheet was made of; their lengths tell."""
    return [p.frames for p in pieces].index(found.frames)


def test_pieces_are_read_in_training_as_in_stepping():
    pieces = PIECES[2:4]
    given = [
        Given(np.random.default_rng(n).random((p.frames, 4)) < 0.5, bool(n))
        for n, p in enumerate(pieces)
    ]
    told = encode_conditioning(
        [FillRequest(p, g) for p, g in zip(pieces, given, strict=True)], VOCABULARY
    )
    sheets = [example(p, VOCABULARY) for p in pieces]
    works = collate(sheets, given, torch.device("cpu"))
    inside = np.arange(pieces[1].frames) < told.length[:, None]
    shown = works.tokens.masked_fill(~works.given, len(VOCABULARY)).numpy()
    pause = works.fermata.masked_fill(~works.fermata_given, 2).numpy()
    assert np.array_equal(shown[inside], told.tokens[inside])
    assert np.array_equal(pause[inside], told.fermata[inside])
    for name in ("position", "bar", "mode", "length"):
        assert np.array_equal(getattr(works, name).numpy(), getattr(told, name)), name
    for row, piece in enumerate(pieces):
        ids = VOCABULARY.ids_of(piece.pitch, piece.tied)
        assert np.array_equal(works.tokens[row, : piece.frames].numpy(), ids)


def test_a_batch_is_the_same_at_every_call_whatever_came_before():
    one, other = _repertoire(transposed=0.5), _repertoire(transposed=0.5)
    for epoch, step in ((1, 3), (0, 0), (1, 2), (1, 3)):
        for (a, asked), (b, also) in zip(
            one.batch(epoch, step), other.batch(epoch, step), strict=True
        ):
            assert np.array_equal(a.tokens, b.tokens)
            assert np.array_equal(asked.cells, also.cells)
        other.batch(2, 0)


def test_epochs_seeds_and_steps_differ():
    def told(repertoire, epoch):
        return [
            (piece.tokens.tobytes(), asked.cells.tobytes())
            for step in range(repertoire.steps)
            for piece, asked in repertoire.batch(epoch, step)
        ]

    base = told(_repertoire(), 0)
    assert len(set(base)) == len(base)
    assert base != told(_repertoire(), 1)
    assert base != told(_repertoire(seed=1), 0)


@pytest.mark.parametrize("batch", [1, 2, 4, 16, 30])
def test_every_piece_is_heard_and_every_batch_is_full(batch):
    repertoire = _repertoire(batch=batch, chunk=100)
    assert repertoire.steps == -(-9 // batch)
    heard = [repertoire.batch(3, step) for step in range(repertoire.steps)]
    assert {len(pieces) for pieces in heard} == {batch}
    assert {_number(piece) for pieces in heard for piece, _ in pieces} == set(range(9))


def test_pieces_of_like_length_come_together_but_not_always_the_same():
    many = [made_up_chorale(n, 40 + 10 * n) for n in range(30)]
    repertoire = _repertoire(many, batch=5, chunk=500)
    found = {
        tuple(sorted(_number(piece, many) for piece, _ in repertoire.batch(epoch, step)))
        for epoch in range(8)
        for step in range(repertoire.steps)
    }
    assert np.mean([group[-1] - group[0] for group in found]) < 12
    assert len(found) > 20


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.integers(0, 6))
def test_transposing_moves_every_note_alike(epoch, semitones):
    repertoire = _repertoire(transposed=1.0, semitones=semitones, batch=9, chunk=100)
    for piece, _ in repertoire.batch(epoch, 0):
        whole = example(PIECES[_number(piece)], VOCABULARY).tokens
        notes = whole >= FIRST_PITCH
        (moved,) = np.unique((piece.tokens - whole)[notes])
        assert moved % 2 == 0
        assert abs(moved) <= 2 * semitones
        assert np.array_equal(piece.tokens[~notes], whole[~notes])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 70))
def test_a_long_piece_is_cut_at_a_bar_and_its_held_notes_begin_anew(seed, most):
    chorale = PIECES[8]
    whole = example(chorale, VOCABULARY)
    cut = crop(whole, most, np.random.default_rng(seed), VOCABULARY)
    assert cut.frames == min(most, whole.frames)
    starts = [
        s
        for s in whole.starts
        if np.array_equal(cut.tokens[1:], whole.tokens[s + 1 : s + cut.frames])
    ]
    assert starts
    slices = [chorale.sliced(s, s + cut.frames) for s in starts]
    assert any(
        np.array_equal(cut.tokens, VOCABULARY.ids_of(s.pitch, s.tied))
        and np.array_equal(cut.fermata, s.fermata)
        and np.array_equal(cut.position, s.position + 1)
        and np.array_equal(cut.starts, s.bar_starts)
        for s in slices
    )


def test_every_bar_may_begin_a_cut():
    whole = example(PIECES[8], VOCABULARY)
    firsts = {
        crop(whole, 20, np.random.default_rng(n), VOCABULARY).tokens.tobytes() for n in range(60)
    }
    assert len(firsts) == sum(whole.starts <= whole.frames - 20) == 3


def test_untold_nothing_but_notes_is_read_and_no_fermata_asked_for():
    repertoire = _repertoire(use_metadata=False, batch=9)
    for epoch in range(4):
        for piece, asked in repertoire.batch(epoch, 0):
            # A clock, which says nothing of the bars.
            assert (piece.position == np.arange(piece.frames) % CLOCK_FRAMES + 1).all()
            assert not piece.fermata.any()
            assert (piece.bar, piece.mode) == (0, 0)
            assert asked.fermatas.all()


def test_the_config_says_how_often_nothing_is_given():
    heard = [
        asked.cells.any()
        for epoch in range(4)
        for _, asked in _repertoire(nothing=1.0, batch=9).batch(epoch, 0)
    ]
    assert not any(heard)


def test_a_training_part_without_music_is_refused():
    with pytest.raises(TrainingError, match="the training part of the split by tune is empty"):
        _repertoire([])
    with pytest.raises(TrainingError, match="or a piece in it is"):
        _repertoire([*PIECES, PIECES[0].sliced(0, 0)])
