"""Checkpoints of random weights."""

import numpy as np

from bachbot.encoding import Vocabulary
from bachbot.runtime import Checkpoint
from bachbot.runtime.checkpoint import FORMAT
from bachbot.runtime.kinds import configure, kind_of


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
        for name, shape in configure("lstm", model).weight_shapes(len(vocabulary)).items()
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


def random_lookahead(vocabulary=None, *, seed=0, scale=0.5, datastore=None, **model):
    """A lookahead network of random weights: by default two encoder and two decoder layers.

    Its datastore, if it has one, is tokens of shape [N, 4].
    """
    vocabulary = vocabulary or Vocabulary()
    if datastore is not None:
        model["datastore_frames"] = len(datastore)
    model = {
        "embedding": 4,
        "encoder_layers": 2,
        "encoder": 5,
        "layers": 2,
        "hidden": 8,
        "width": 16,
        "dropout": 0.3,
        "token_dropout": 0.05,
        "use_metadata": True,
    } | model
    rng = np.random.default_rng(seed)
    weights = {
        name: (scale * rng.standard_normal(shape)).astype(np.float32)
        for name, shape in configure("lookahead", model).weight_shapes(len(vocabulary)).items()
    }
    if datastore is not None:
        weights["datastore.tokens"] = datastore.astype(np.float32)
    config = {
        "format": FORMAT,
        "kind": "lookahead",
        "model": model,
        "vocabulary_fingerprint": vocabulary.fingerprint,
        "corpus_fingerprint": "none",
        "training": {},
    }
    return Checkpoint(config, vocabulary, weights)


def torch_network(checkpoint):
    """The torch network of a checkpoint's weights, not in training mode."""
    import torch

    network = kind_of(checkpoint.config["kind"]).load_network()
    network = network(checkpoint.model_config, len(checkpoint.vocabulary))
    weights = {name: torch.tensor(value) for name, value in checkpoint.weights.items()}
    network.load_state_dict(weights, strict=False)  # batch normalization counts its batches too
    return network.eval()
