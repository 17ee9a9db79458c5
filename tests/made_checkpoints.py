"""Checkpoints of random weights."""

import numpy as np

from bachbot.encoding import Vocabulary
from bachbot.runtime import Checkpoint
from bachbot.runtime.checkpoint import FORMAT
from bachbot.runtime.shapes import lstm_shapes


def random_checkpoint(vocabulary=None, *, seed=0, scale=0.5, **model):
    """An LSTM of random weights: by default three layers of eight units."""
    vocabulary = vocabulary or Vocabulary()
    model = {
        "embedding": 4,
        "layers": 3,
        "hidden": 8,
        "dropout": 0.3,
        "batch_norm": False,
    } | model
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
