"""Microseconds a step: ours beside torch's nn.LSTM, one thread, 3 x 256, made-up weights.

And a product of so many rows with a matrix of the lookahead network's, beside NumPy's own.

Run with ``pytest tests/benchmarks/test_stepping.py --benchmark-only``.
"""

import numpy as np
import pytest
from made_checkpoints import random_checkpoint, torch_network

from bachbot.hardware import one_thread
from bachbot.runtime import build_model
from bachbot.runtime.lstm_runtime import product

BATCHES = [1, 5, 64]
STEPS = 20  # a round; their mean is what one step costs


@pytest.fixture(scope="module")
def checkpoint():
    return random_checkpoint(embedding=32, hidden=256, scale=0.08)


def tokens(batch):
    return np.random.default_rng(0).integers(5, 100, (STEPS, batch))


@pytest.mark.benchmark(group="step")
@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numpy(benchmark, checkpoint, batch, dtype):
    model, ids = build_model(checkpoint, dtype=dtype), tokens(batch)

    def steps():
        state = model.initial_state(batch)
        for row in ids:
            _, state = model.step(row, state)

    with one_thread():
        benchmark.pedantic(steps, rounds=30, warmup_rounds=3)
    benchmark.extra_info["microseconds a step"] = benchmark.stats["min"] / STEPS * 1e6


@pytest.mark.benchmark(group="step")
@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("onednn", [True, False], ids=["onednn", "plain"])
def test_torch(benchmark, checkpoint, batch, onednn):
    import torch

    model = torch_network(checkpoint)
    ids = torch.tensor(tokens(batch))[:, :, None]  # [STEPS, B, 1]

    @torch.inference_mode()
    def steps():
        state = model.initial_state(batch)
        for row in ids:
            _, state = model(row, state)

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.backends.mkldnn.flags(enabled=onednn, allow_tf32=None):
            benchmark.pedantic(steps, rounds=30, warmup_rounds=3)
    finally:
        torch.set_num_threads(threads)
    benchmark.extra_info["microseconds a step"] = benchmark.stats["min"] / STEPS * 1e6


@pytest.mark.benchmark(group="product")
@pytest.mark.parametrize("rows", [4, 8, 12, 40, 120])
@pytest.mark.parametrize("by", [product, np.matmul], ids=["ours", "plain"])
def test_product(benchmark, rows, by):
    random = np.random.default_rng(0)
    x, matrix = (random.normal(size=s).astype(np.float32) for s in ((rows, 384), (384, 1536)))
    with one_thread():
        benchmark.pedantic(lambda: by(x, matrix), rounds=50, iterations=20, warmup_rounds=5)
