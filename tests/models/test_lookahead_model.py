from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bachbot.chorale import Chorale, Given, Key, Meter
from bachbot.encoding import FERMATA, FillRequest, Vocabulary, encode_conditioning
from bachbot.errors import UsageError
from bachbot.models.lookahead import (
    Batch,
    LookaheadConfig,
    LookaheadModel,
    negative_log_likelihood,
    without_metadata,
)

V, T = 13, 9
SIZES = {"embedding": 4, "encoder_layers": 2, "encoder": 5, "layers": 2, "hidden": 6, "width": 16}


def _model(**changes):
    torch.manual_seed(3)
    return LookaheadModel(LookaheadConfig(**SIZES | changes), V).double().eval()


def _batch(pieces=1, frames=T, seed=0, **changes):
    """Pieces of random tokens of which nothing is given."""
    random = torch.Generator().manual_seed(seed)

    def some(high, *shape):
        return torch.randint(high, shape, generator=random)

    batch = Batch(
        tokens=some(V, pieces, frames, 4),
        given=torch.zeros(pieces, frames, 4, dtype=torch.bool),
        fermata=some(2, pieces, frames),
        fermata_given=torch.zeros(pieces, frames, dtype=torch.bool),
        position=some(17, pieces, frames),
        bar=some(17, pieces, frames),
        mode=some(3, pieces),
        length=torch.full((pieces,), frames),
    )
    return replace(batch, **changes)


def _with(tensor, at, value):
    """A copy with another value in one place."""
    copy = tensor.clone()
    copy[at] = value
    return copy


def _other(tensor, at):
    """A copy with another token in one place."""
    return _with(tensor, at, (tensor[at] + 1) % V)


def _changed(model, one, other):
    """Where the scores of two batch differ, [T, 5]."""
    with torch.no_grad():
        return (model(one) != model(other)).any(-1)[0]


def test_shapes_are_those_that_the_docstring_gives():
    batch = _batch(3)
    logits = _model()(batch)
    assert logits.shape == (3, T, 5, V)
    cells, fermatas = negative_log_likelihood(logits, batch)
    assert cells.shape == (3, T, 4)
    assert fermatas.shape == (3, T)


def test_neighbors_change_their_own_cell_alone():
    model, batch = _model(datastore_frames=20), _batch()
    found = torch.randint(V, (1, T, 4, 3, 4), generator=torch.Generator().manual_seed(1))
    lengths = torch.ones(1, T, 4, 3, dtype=torch.int64)
    ours = replace(batch, neighbors=(found, lengths, lengths))
    theirs = replace(batch, neighbors=(_other(found, (0, 4, 2)), lengths, lengths))
    wanted = torch.zeros(T, 5, dtype=torch.bool)
    wanted[4, 3] = True
    assert (_changed(model, ours, theirs) == wanted).all()
    # Where there is no neighbor, the length of its match is ignored.
    none = replace(batch, neighbors=(torch.full_like(found, V), lengths, lengths))
    longer = replace(batch, neighbors=(torch.full_like(found, V), lengths + 2, lengths))
    assert not _changed(model, none, longer).any()


def test_weights_have_the_names_and_shapes_of_the_checkpoint_format():
    ours = {name: tuple(value.shape) for name, value in _model().state_dict().items()}
    assert ours == LookaheadConfig(**SIZES).weight_shapes(V)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(st.integers(0, T - 1), st.integers(0, 3))
def test_a_cell_that_is_not_given_changes_only_what_is_written_after_it(frame, voice):
    batch = _batch()
    other = replace(batch, tokens=_other(batch.tokens, (0, frame, voice)))
    changed = _changed(_model(), batch, other)
    assert not changed[:frame].any()
    # Slot 0 is the fermata's, so a voice is written in the slot after its number.
    assert not changed[frame, : voice + 2].any()
    assert changed[frame, voice + 2 :].all()
    assert changed[frame + 1 :].all()


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(st.integers(0, T - 1), st.integers(0, 3))
def test_a_given_cell_changes_every_cell_and_the_voices_above_it(frame, voice):
    batch = _batch()
    batch = replace(batch, given=_with(batch.given, (0, frame, voice), True))
    other = replace(batch, tokens=_other(batch.tokens, (0, frame, voice)))
    assert _changed(_model(), batch, other).all()


@pytest.mark.parametrize("frame", [0, 4, T - 1])
def test_a_fermata_that_is_not_given_changes_cells_from_its_own_soprano_on(frame):
    batch = _batch()
    other = replace(batch, fermata=_with(batch.fermata, (0, frame), 1 - batch.fermata[0, frame]))
    changed = _changed(_model(), batch, other)
    assert not changed[:frame].any()
    assert not changed[frame, 0]
    assert changed[frame, 1:].all()
    known = torch.ones_like(batch.fermata_given)
    both = (replace(w, fermata_given=known) for w in (batch, other))
    assert _changed(_model(), *both).all()


@pytest.mark.parametrize("name", ["position", "bar", "mode"])
def test_metadata_change_every_cell(name):
    batch = _batch()
    value = getattr(batch, name)
    at = (0,) if name == "mode" else (0, T - 1)
    other = replace(batch, **{name: _with(value, at, (value[at] + 1) % 3)})
    assert _changed(_model(), batch, other).all()


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(st.integers(1, T), st.integers(0, 1000))
def test_padding_changes_nothing(frames, seed):
    long = _batch(seed=seed)
    some = torch.rand(1, T, 4, generator=torch.Generator().manual_seed(seed)) < 0.5
    long = replace(long, given=some)
    short = _batch(frames=frames, seed=seed + 1, given=some[:, :frames])

    def padded(value):
        if value.ndim < 2:
            return value
        more = torch.full((1, T - frames, *value.shape[2:]), 1).to(value.dtype)
        return torch.cat([value, more], dim=1)

    both = Batch(
        *(
            torch.cat([getattr(long, f.name), padded(getattr(short, f.name))])
            for f in fields(Batch)[:-1]
        )
    )
    model = _model()
    with torch.no_grad():
        together = model(both)
        torch.testing.assert_close(together[:1], model(long))
        torch.testing.assert_close(together[1:, :frames], model(short))


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000))
def test_wanted_cells_score_as_among_all(seed):
    batch = _batch(2, length=torch.tensor([T, T - 3]))
    random = torch.Generator().manual_seed(seed)
    wanted = torch.rand(2, T, 5, generator=random) < 0.4
    with torch.no_grad():
        some, every = _model()(batch, wanted), _model()(batch)
    torch.testing.assert_close(some[wanted], every[wanted])
    assert not some[~wanted].any()


def test_missing_is_what_is_not_given_up_to_each_piece_s_end():
    given = torch.zeros(2, T, 4, dtype=torch.bool)
    given[0, :, 2] = given[1, 3] = True
    known = torch.zeros(2, T, dtype=torch.bool)
    known[1] = True
    batch = _batch(2, given=given, fermata_given=known, length=torch.tensor([T, T - 3]))
    missing = batch.missing
    assert missing.shape == (2, T, 5)
    assert missing[0].all(dim=0).tolist() == [True, True, True, False, True]
    assert not missing[0, :, 3].any()
    assert not missing[1, T - 3 :].any()
    assert not missing[1, :, 0].any()
    assert not missing[1, 3].any()
    assert missing[1, :3, 1:].all()


def test_the_loss_is_minus_the_log_probability_of_each_token():
    batch = _batch(2)
    with torch.no_grad():
        logits = _model()(batch).float()
        cells, fermatas = negative_log_likelihood(logits, batch)
    shares = logits[1, 5, 2].softmax(-1)
    assert cells[1, 5, 1] == pytest.approx(-float(shares[batch.tokens[1, 5, 1]].log()), rel=1e-5)
    odds = float(logits[0, 3, 0, FERMATA])
    chance = 1 / (1 + np.exp(-odds if batch.fermata[0, 3] else odds))
    assert fermatas[0, 3] == pytest.approx(-np.log(chance), rel=1e-5)


def test_without_metadata_it_reads_the_notes_alone():
    batch, model = _batch(given=torch.ones(1, T, 4, dtype=torch.bool)), _model(use_metadata=False)
    other = replace(_batch(seed=8), tokens=batch.tokens, given=batch.given)
    assert not _changed(model, batch, other).any()
    assert _changed(_model(), batch, other).any()
    assert _changed(model, batch, replace(batch, tokens=_other(batch.tokens, (0, 2, 3)))).all()


def test_without_metadata_a_batch_is_what_stepping_reads():
    vocabulary = Vocabulary()
    pitch = np.full((6, 4), [[72, 67, 64, 48]])
    chorale = Chorale(pitch, np.zeros((6, 4)), np.ones(6), Meter(3, 4), Key("A", "minor"))
    known = encode_conditioning(
        [FillRequest(chorale, Given.voices(6, ()))], vocabulary, use_metadata=False
    )
    batch = without_metadata(_batch(frames=6))
    for name in ("position", "bar", "mode"):
        assert np.array_equal(getattr(known, name), getattr(batch, name).numpy())
    assert np.array_equal(known.fermata, batch.fermata.numpy())
    assert batch.fermata_given.all()


def test_dropout_and_token_dropout_are_for_training_only():
    for changes in ({"dropout": 0.5, "token_dropout": 0.0}, {"dropout": 0.0, "token_dropout": 0.5}):
        model, batch = _model(**changes), _batch()
        with torch.no_grad():
            still = [model(batch) for _ in range(2)]
            model.train()
            moving = [model(batch) for _ in range(2)]
        assert torch.equal(*still)
        assert not torch.equal(*moving)


def test_the_forget_gates_start_open():
    gates = [v for name, v in _model().named_parameters() if name.endswith("bias_ih_l0")]
    assert len(gates) == 6
    for value in gates:
        size = len(value) // 4
        assert (value[size : 2 * size] == 1).all()
        assert (value[:size].abs() < 1).all()


def test_every_fault_of_a_config_is_named_at_once():
    with pytest.raises(UsageError, match=r"encoder is 0.*width is 9999.*token_dropout is 1"):
        LookaheadConfig(encoder=0, width=9999, token_dropout=1.0)
