import pytest
import torch

from bachbot.errors import UsageError
from bachbot.models.lstm import LSTMConfig, LSTMModel

V = 13


def _model(**changes):
    torch.manual_seed(3)
    return LSTMModel(LSTMConfig(embedding=4, layers=2, hidden=8, **changes), V).eval()


def test_shapes_are_those_that_the_docstring_gives():
    model = _model()
    logits, state = model(torch.zeros(5, 7, dtype=torch.int64), model.initial_state(5))
    assert logits.shape == (5, 7, V)
    assert state.shape == model.initial_state(5).shape == (2, 2, 5, 8)


@pytest.mark.slow
@pytest.mark.parametrize("batch_norm", [False, True])
def test_the_carried_state_is_all_that_a_later_chunk_needs(batch_norm):
    model = _model(batch_norm=batch_norm)
    ids = torch.randint(V, (3, 20), generator=torch.Generator().manual_seed(1))
    whole, end = model(ids, model.initial_state(3))
    first, state = model(ids[:, :9], model.initial_state(3))
    second, state = model(ids[:, 9:], state)
    torch.testing.assert_close(torch.cat([first, second], dim=1), whole)
    torch.testing.assert_close(state, end)
    forgotten, _ = model(ids[:, 9:], model.initial_state(3))
    assert not torch.allclose(forgotten[:, 0], whole[:, 9])


def test_no_score_depends_on_a_later_token():
    model = _model()
    ids = torch.zeros(1, 6, dtype=torch.int64)
    other = ids.clone()
    other[0, 4] = 5
    before, _ = model(ids, model.initial_state(1))
    after, _ = model(other, model.initial_state(1))
    assert torch.equal(before[:, :4], after[:, :4])
    assert not torch.equal(before[:, 4], after[:, 4])


@pytest.mark.parametrize("batch_norm", [False, True])
def test_weights_have_the_names_and_shapes_of_the_checkpoint_format(batch_norm):
    model = _model(batch_norm=batch_norm)
    ours = {
        name: tuple(value.shape)
        for name, value in model.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    assert ours == model.config.weight_shapes(V)


def test_the_lstm_forget_gates_start_open():
    for name, value in _model().named_parameters():
        if name.endswith("bias_ih_l0"):
            assert (value[8:16] == 1).all()
            assert (value[:8].abs() < 1).all()


def test_dropout_is_for_training_only():
    model = _model(dropout=0.5)
    ids = torch.zeros(1, 4, dtype=torch.int64)
    same = [model(ids, model.initial_state(1))[0] for _ in range(2)]
    model.train()
    different = [model(ids, model.initial_state(1))[0] for _ in range(2)]
    assert torch.equal(*same)
    assert not torch.equal(*different)


def test_every_fault_of_a_config_is_named_at_once():
    with pytest.raises(UsageError, match=r"layers is 0.*hidden is 0.*dropout is 1"):
        LSTMConfig(layers=0, hidden=0, dropout=1.0)
