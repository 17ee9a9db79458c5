import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from training_corpus import random_chorale

from bachbot.chorale import Given
from bachbot.encoding import FIRST_PITCH, FillRequest, Vocabulary, encode_conditioning
from bachbot.encoding.conditioning import CLOCK_FRAMES
from bachbot.errors import TrainingError, UsageError
from bachbot.training.config import DataConfig
from bachbot.training.examples import (
    MIXTURE,
    MaskMixture,
    PieceDataset,
    collate,
    crop,
    make_example,
    sample_given,
)

VOCABULARY = Vocabulary()
PIECES = [random_chorale(n, 30 + 4 * n) for n in range(9)]


def _dataset(pieces=PIECES, **changes):
    settings = {"seed": 0, "max_frames": 48} | changes
    sizes = {"batch_size", "transpose_share", "max_semitones"}
    data = DataConfig(**{"batch_size": 2} | {n: v for n, v in changes.items() if n in sizes})
    rest = {name: value for name, value in settings.items() if name not in sizes}
    return PieceDataset(pieces, data, VOCABULARY, **rest)


def _number(found, pieces=PIECES):
    """Which piece an example was made of, found by its length."""
    return [p.frames for p in pieces].index(found.frames)


def test_pieces_are_read_in_training_as_in_decoding():
    pieces = PIECES[2:4]
    given = [
        Given(np.random.default_rng(n).random((p.frames, 4)) < 0.5, bool(n))
        for n, p in enumerate(pieces)
    ]
    encoded = encode_conditioning(
        [FillRequest(p, g) for p, g in zip(pieces, given, strict=True)], VOCABULARY
    )
    examples = [make_example(p, VOCABULARY) for p in pieces]
    batch = collate(examples, given, torch.device("cpu"))
    inside = np.arange(pieces[1].frames) < encoded.length[:, None]
    shown = batch.tokens.masked_fill(~batch.given, len(VOCABULARY)).numpy()
    fermata = batch.fermata.masked_fill(~batch.fermata_given, 2).numpy()
    assert np.array_equal(shown[inside], encoded.tokens[inside])
    assert np.array_equal(fermata[inside], encoded.fermata[inside])
    for name in ("position", "bar", "mode", "length"):
        assert np.array_equal(getattr(batch, name).numpy(), getattr(encoded, name)), name
    for row, piece in enumerate(pieces):
        ids = VOCABULARY.ids_of(piece.pitch, piece.tied)
        assert np.array_equal(batch.tokens[row, : piece.frames].numpy(), ids)


def test_a_batch_is_the_same_at_every_call_whatever_came_before():
    one, other = _dataset(transpose_share=0.5), _dataset(transpose_share=0.5)
    for epoch, step in ((1, 3), (0, 0), (1, 2), (1, 3)):
        for (a, mask), (b, also) in zip(
            one.batch(epoch, step), other.batch(epoch, step), strict=True
        ):
            assert np.array_equal(a.tokens, b.tokens)
            assert np.array_equal(mask.cells, also.cells)
        other.batch(2, 0)


def test_epochs_seeds_and_steps_differ():
    def contents(dataset, epoch):
        return [
            (piece.tokens.tobytes(), mask.cells.tobytes())
            for step in range(dataset.steps)
            for piece, mask in dataset.batch(epoch, step)
        ]

    base = contents(_dataset(), 0)
    assert len(set(base)) == len(base)
    assert base != contents(_dataset(), 1)
    assert base != contents(_dataset(seed=1), 0)


@pytest.mark.parametrize("batch", [1, 2, 4, 16, 30])
def test_every_piece_occurs_and_every_batch_is_full(batch):
    dataset = _dataset(batch_size=batch, max_frames=100)
    assert dataset.steps == -(-9 // batch)
    batches = [dataset.batch(3, step) for step in range(dataset.steps)]
    assert {len(pieces) for pieces in batches} == {batch}
    assert {_number(piece) for pieces in batches for piece, _ in pieces} == set(range(9))


def test_pieces_of_similar_length_share_a_batch_but_not_always_the_same():
    many = [random_chorale(n, 40 + 10 * n) for n in range(30)]
    dataset = _dataset(many, batch_size=5, max_frames=500)
    found = {
        tuple(sorted(_number(piece, many) for piece, _ in dataset.batch(epoch, step)))
        for epoch in range(8)
        for step in range(dataset.steps)
    }
    assert np.mean([group[-1] - group[0] for group in found]) < 12
    assert len(found) > 20


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.integers(0, 6))
def test_transposing_moves_every_note_alike(epoch, semitones):
    dataset = _dataset(transpose_share=1.0, max_semitones=semitones, batch_size=9, max_frames=100)
    for piece, _ in dataset.batch(epoch, 0):
        whole = make_example(PIECES[_number(piece)], VOCABULARY).tokens
        notes = whole >= FIRST_PITCH
        (moved,) = np.unique((piece.tokens - whole)[notes])
        assert moved % 2 == 0
        assert abs(moved) <= 2 * semitones
        assert np.array_equal(piece.tokens[~notes], whole[~notes])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 70))
def test_a_crop_starts_at_a_bar_and_its_held_notes_start_there(seed, most):
    chorale = PIECES[8]
    whole = make_example(chorale, VOCABULARY)
    cut = crop(whole, most, np.random.default_rng(seed), VOCABULARY)
    assert cut.frames == min(most, whole.frames)
    starts = [
        s
        for s in whole.bar_starts
        if np.array_equal(cut.tokens[1:], whole.tokens[s + 1 : s + cut.frames])
    ]
    assert starts
    slices = [chorale.sliced(s, s + cut.frames) for s in starts]
    assert any(
        np.array_equal(cut.tokens, VOCABULARY.ids_of(s.pitch, s.tied))
        and np.array_equal(cut.fermata, s.fermata)
        and np.array_equal(cut.position, s.position + 1)
        and np.array_equal(cut.bar_starts, s.bar_starts)
        for s in slices
    )


def test_a_crop_may_start_at_every_bar():
    whole = make_example(PIECES[8], VOCABULARY)
    firsts = {
        crop(whole, 20, np.random.default_rng(n), VOCABULARY).tokens.tobytes() for n in range(60)
    }
    assert len(firsts) == sum(whole.bar_starts <= whole.frames - 20) == 3


def test_without_metadata_only_notes_are_read_and_fermatas_count_as_given():
    dataset = _dataset(metadata=False, batch_size=9)
    for epoch in range(4):
        for piece, mask in dataset.batch(epoch, 0):
            # A clock, which says nothing of the bars.
            assert (piece.position == np.arange(piece.frames) % CLOCK_FRAMES + 1).all()
            assert not piece.fermata.any()
            assert (piece.bar, piece.mode) == (0, 0)
            assert mask.fermatas.all()


def test_the_unconditional_share_says_how_often_nothing_is_given():
    batches = [
        mask.cells.any()
        for epoch in range(4)
        for _, mask in _dataset(unconditional_share=1.0, batch_size=9).batch(epoch, 0)
    ]
    assert not any(batches)


def test_a_training_part_without_music_is_refused():
    with pytest.raises(TrainingError, match="the training part is empty"):
        _dataset([])
    with pytest.raises(TrainingError, match="or holds an empty piece"):
        _dataset([*PIECES, PIECES[0].sliced(0, 0)])


FRAMES = 50
BAR_STARTS = np.array([0, 4, 20, 36])
NEVER = {"soprano": 0.0, "voices": 0.0, "unconditional": 0.0, "infill": 0.0}


def _samples(count=200, **shares):
    mixture = MaskMixture(**NEVER | shares)
    random = np.random.default_rng(5)
    return [sample_given(FRAMES, BAR_STARTS, random, mixture) for _ in range(count)]


def test_the_soprano_alone_is_given():
    for sample in _samples(20, soprano=1.0):
        assert sample.cells.shape == (FRAMES, 4)
        assert sample.cells[:, 0].all()
        assert not sample.cells[:, 1:].any()


def test_every_set_of_one_two_or_three_voices_is_given():
    found = set()
    for sample in _samples(voices=1.0):
        assert (sample.cells == sample.cells[0]).all()
        found.add(tuple(sample.cells[0]))
    assert len(found) == 14
    assert {sum(voices) for voices in found} == {1, 2, 3}


def test_nothing_is_given():
    assert not any(sample.cells.any() for sample in _samples(20, unconditional=1.0))


def test_an_infilling_mask_is_one_stretch_of_whole_bars():
    ends, sets = set(), set()
    bars = [*BAR_STARTS, FRAMES]
    for sample in _samples(600, infill=1.0, continuation=0.0, all_voices=0.0):
        frames = np.flatnonzero(~sample.cells.all(axis=1))
        start, stop = frames[0], frames[-1] + 1
        ends.add((bars.index(start), bars.index(stop)))
        missing = ~sample.cells[start]
        assert missing.any()
        assert (sample.cells[start:stop] == ~missing).all()
        sets.add(tuple(missing))
    assert ends == {(a, b) for a in range(4) for b in range(a + 1, 5)}
    assert len(sets) == 15


def test_an_infilling_mask_may_last_to_the_end_in_all_voices():
    for sample in _samples(50, infill=1.0, continuation=1.0, all_voices=1.0):
        first = int(np.argmin(sample.cells[:, 0]))
        assert first in BAR_STARTS
        assert sample.cells[:first].all()
        assert not sample.cells[first:].any()


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 60), st.data())
def test_something_is_always_missing(seed, frames, data):
    bars = data.draw(st.lists(st.integers(0, frames - 1), max_size=6))
    starts = np.unique([0, *bars])
    sample = sample_given(frames, starts, np.random.default_rng(seed))
    assert sample.cells.shape == (frames, 4)
    assert sample.fermatas.shape == (frames,)
    assert not sample.cells.all()


def test_fermatas_are_given_all_or_none():
    for share in (0.0, 1.0):
        for sample in _samples(20, unconditional=1.0, fermatas=share):
            assert (sample.fermatas == bool(share)).all()


def test_a_mask_follows_from_the_generator_alone():
    one, other = (sample_given(FRAMES, BAR_STARTS, np.random.default_rng(9)) for _ in range(2))
    assert np.array_equal(one.cells, other.cells)
    assert np.array_equal(one.fermatas, other.fermatas)


@pytest.mark.slow
def test_masks_are_as_frequent_as_the_mixture_says():
    random = np.random.default_rng(0)
    samples = [sample_given(FRAMES, BAR_STARTS, random) for _ in range(4000)]
    nothing = np.mean([not a.cells.any() for a in samples])
    # An infilling mask over the whole piece equals one of the other masks.
    infills = np.mean([not (a.cells == a.cells[0]).all() for a in samples])
    soprano = np.mean([(a.cells == [True, False, False, False]).all() for a in samples])
    fermatas = np.mean([a.fermatas.all() for a in samples])
    whole = MIXTURE.infill * ((1 - MIXTURE.continuation) / 16 + MIXTURE.continuation / 4)
    assert nothing == pytest.approx(MIXTURE.unconditional + whole * (1 + 1 / 15) / 2, abs=0.02)
    assert infills == pytest.approx(MIXTURE.infill - whole, abs=0.02)
    assert soprano == pytest.approx(MIXTURE.soprano + MIXTURE.voices / 14, abs=0.025)
    assert fermatas == pytest.approx(MIXTURE.fermatas, abs=0.025)


def test_the_unconditional_share_can_be_set():
    assert MIXTURE.with_unconditional(MIXTURE.unconditional) == MIXTURE
    more = MIXTURE.with_unconditional(0.55)
    assert (more.soprano, more.voices, more.infill) == pytest.approx((0.175, 0.2, 0.075))
    assert MIXTURE.with_unconditional(1.0) == MaskMixture(**NEVER | {"unconditional": 1.0})


@pytest.mark.parametrize("shares", [{"infill": 0.3}, {"fermatas": 1.1}, {"soprano": -0.1}])
def test_shares_that_are_no_mixture_are_refused(shares):
    with pytest.raises(UsageError, match="is no mixture: give shares from 0 to 1"):
        MaskMixture(**shares)
