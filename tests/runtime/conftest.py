"""Made-up checkpoints."""

import numpy as np
import pytest

from bachbot.encoding import Vocabulary
from bachbot.runtime.checkpoint import FORMAT, Checkpoint
from bachbot.runtime.shapes import lstm_shapes


def random_checkpoint(
    *, layers=3, hidden=8, embedding=4, batch_norm=False, vocabulary=None, seed=0, scale=0.5
):
    """A checkpoint of random weights."""
    vocabulary = vocabulary or Vocabulary()
    model = {
        "embedding": embedding,
        "layers": layers,
        "hidden": hidden,
        "dropout": 0.3,
        "batch_norm": batch_norm,
    }
    rng = np.random.default_rng(seed)
    weights = {
        name: (scale * rng.standard_normal(shape)).astype(np.float32)
        for name, shape in lstm_shapes(model, len(vocabulary)).items()
    }
    for name, value in weights.items():
        if name.endswith("running_var"):
            weights[name] = np.abs(value)
    config = {
        "format": FORMAT,
        "kind": "lstm",
        "model": model,
        "vocabulary_fingerprint": vocabulary.fingerprint,
        "corpus_fingerprint": "none",
        "training": {},
    }
    return Checkpoint(config, vocabulary, weights)


@pytest.fixture
def checkpoint():
    return random_checkpoint()
