import sys

import numpy as np
import pytest
from made_checkpoints import random_checkpoint, torch_network

from bachbot.errors import CheckpointError, UsageError
from bachbot.runtime import Checkpoint, build_model
from bachbot.runtime import lstm_runtime as module


@pytest.fixture(params=[False, True], ids=["plain", "batch_norm"])
def checkpoint(request):
    # Weights about as large as trained ones, in the size that is shipped.
    return random_checkpoint(embedding=32, hidden=256, scale=0.08, batch_norm=request.param)


def torch_logits(checkpoint, ids):
    """Scores of the same weights by torch's nn.LSTM, [B, T, V]."""
    import torch
    from torch import nn

    model = checkpoint.config["model"]
    w = {name: torch.tensor(value) for name, value in checkpoint.weights.items()}
    x = w["embedding.weight"][torch.tensor(ids)]
    with torch.no_grad():
        for i in range(model["layers"]):
            layer = nn.LSTM(x.shape[-1], model["hidden"], batch_first=True)
            layer.load_state_dict(
                {n.removeprefix(f"lstm.{i}."): v for n, v in w.items() if f"lstm.{i}." in n}
            )
            x, _ = layer(x)
            if model["batch_norm"]:
                norm = nn.BatchNorm1d(model["hidden"]).eval()
                parts = {n.removeprefix(f"norm.{i}."): v for n, v in w.items() if f"norm.{i}." in n}
                norm.load_state_dict(parts | {"num_batches_tracked": torch.tensor(0)})
                x = norm(x.flatten(0, 1)).view_as(x)
        return (x @ w["output.weight"].T + w["output.bias"]).numpy()


@pytest.mark.slow
@pytest.mark.parametrize("batch", [1, 5, 12])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_agrees_with_torch(checkpoint, batch, dtype):
    ids = np.random.default_rng(1).integers(0, len(checkpoint.vocabulary), (batch, 40))
    wanted = torch_logits(checkpoint, ids)
    model = build_model(checkpoint, dtype=dtype)
    state = model.initial_state(batch)
    for t in range(ids.shape[1]):
        logits, state = model.step(ids[:, t], state)
        assert logits.dtype == dtype
        np.testing.assert_allclose(logits, wanted[:, t], rtol=0, atol=1e-5)


def test_agrees_with_the_model_that_is_trained():
    import torch

    checkpoint = random_checkpoint(batch_norm=True)
    trained = torch_network(checkpoint)
    ids = np.array([[0, 3, 50, 61, 4, 2, 1]])
    with torch.no_grad():
        wanted, _ = trained(torch.tensor(ids), trained.initial_state(1))
    model = build_model(checkpoint)
    state = model.initial_state(1)
    for t in range(ids.shape[1]):
        logits, state = model.step(ids[:, t], state)
        np.testing.assert_allclose(logits[0], wanted[0, t], rtol=0, atol=1e-5)


def test_a_step_leaves_its_state_alone():
    model = build_model(random_checkpoint())
    _, state = model.step(np.array([7, 8]), model.initial_state(2))
    kept = state.copy()
    first, _ = model.step(np.array([9, 10]), state)
    again, _ = model.step(np.array([9, 10]), state)
    assert np.array_equal(state, kept)
    assert np.array_equal(first, again)
    first += 1  # the caller may change it
    assert np.array_equal(model.step(np.array([9, 10]), state)[0], again)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sequences_do_not_affect_each_other(dtype):
    model = build_model(random_checkpoint(), dtype=dtype)
    ids = np.arange(20).reshape(5, 4) + 5
    together = model.initial_state(4)
    alone = [model.initial_state(1) for _ in range(4)]
    for row in ids:
        logits, together = model.step(row, together)
        for row_index in range(4):
            single, alone[row_index] = model.step(row[row_index : row_index + 1], alone[row_index])
            assert np.array_equal(single[0], logits[row_index])


def test_select_and_join():
    model = build_model(random_checkpoint())
    _, state = model.step(np.array([7, 8, 9]), model.initial_state(3))
    rows = np.array([2, 0, 2, 1])
    picked = model.select(state, rows)
    wanted, _ = model.step(np.array([20, 21, 22]), state)
    found, _ = model.step(np.array([22, 20, 22, 21]), picked)
    np.testing.assert_allclose(found, wanted[rows], rtol=0, atol=1e-6)
    parts = [model.select(state, np.array([0])), model.select(state, np.array([1, 2]))]
    assert np.array_equal(model.join(parts), state)


def test_no_negative_variance():
    checkpoint = random_checkpoint(batch_norm=True)
    weights = dict(checkpoint.weights)
    weights["norm.1.running_var"] = -weights["norm.1.running_var"]
    with pytest.raises(CheckpointError, match="negative variance"):
        build_model(Checkpoint(checkpoint.config, checkpoint.vocabulary, weights))


def test_no_other_dtype():
    with pytest.raises(UsageError, match="int16: take float32 or float64"):
        build_model(random_checkpoint(), dtype=np.int16)


def test_loads_no_torch(tmp_path):
    import subprocess

    from bachbot.runtime import save_checkpoint

    save_checkpoint(tmp_path / "tiny", random_checkpoint())
    code = (
        "import sys, numpy as np; from bachbot.runtime import load_model; "
        f"m = load_model({str(tmp_path / 'tiny')!r}); m.step(np.array([0]), m.initial_state(1)); "
        "print(*(n for n in ('torch', 'music21', 'matplotlib') if n in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("rows", [0, 1, 2, 7, 24, 61])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(384, 515), (2, 384, 35)], ids=["one matrix", "two"])
def test_no_row_of_a_product_depends_on_the_others(rows, dtype, shape):
    random = np.random.default_rng(rows)
    x, matrix = (random.normal(size=s).astype(dtype) for s in ((rows, 384), shape))
    out = module.product(x, matrix)
    np.testing.assert_allclose(out, x @ matrix, rtol=0, atol=1e-4)
    assert out.shape == (*shape[:-2], rows, shape[-1])
    assert not np.shares_memory(out, x)
    for row in range(rows):
        alone = module.product(x[row : row + 1], matrix)[..., 0, :]
        assert np.array_equal(alone, out[..., row, :])


def test_a_product_keeps_single_precision():
    x = np.ones((3, 5), np.float32)
    assert module.product(x, np.ones((5, 2), np.float32)).dtype == np.float32
