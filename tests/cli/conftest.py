"""A small untrained checkpoint to give the commands."""

import numpy as np
import pytest

from bachbot.encoding import Vocabulary
from bachbot.runtime import Checkpoint, save_checkpoint

HIDDEN, EMBEDDING = 8, 4


@pytest.fixture(scope="session")
def untrained(tmp_path_factory):
    """Directory of a checkpoint of random weights: fast, and no musician."""
    rng = np.random.default_rng(0)
    vocabulary = Vocabulary()
    size = len(vocabulary)

    def draw(*shape):
        return rng.normal(0, 0.3, shape).astype(np.float32)

    checkpoint = Checkpoint(
        config={
            "format": "bachbot-checkpoint-1",
            "kind": "lstm",
            "model": {
                "embedding": EMBEDDING,
                "layers": 1,
                "hidden": HIDDEN,
                "dropout": 0.0,
                "batch_norm": False,
            },
            "vocabulary_fingerprint": vocabulary.fingerprint,
            "corpus_fingerprint": "0" * 16,
            "training": {},
        },
        vocabulary=vocabulary,
        weights={
            "embedding.weight": draw(size, EMBEDDING),
            "lstm.0.weight_ih_l0": draw(4 * HIDDEN, EMBEDDING),
            "lstm.0.weight_hh_l0": draw(4 * HIDDEN, HIDDEN),
            "lstm.0.bias_ih_l0": draw(4 * HIDDEN),
            "lstm.0.bias_hh_l0": draw(4 * HIDDEN),
            "output.weight": draw(size, HIDDEN),
            "output.bias": draw(size),
        },
    )
    directory = tmp_path_factory.mktemp("checkpoints") / "untrained"
    save_checkpoint(directory, checkpoint)
    return directory


@pytest.fixture(autouse=True)
def no_lines_of_progress(monkeypatch):
    """However slow a processor is, what a command says does not depend on it."""
    monkeypatch.setattr("bachbot.cli.show.LINE_EVERY", float("inf"))


@pytest.fixture(autouse=True)
def no_config(monkeypatch, tmp_path_factory):
    """The tests do not read the config file of whoever runs them."""
    monkeypatch.setenv("BACHBOT_CONFIG", str(tmp_path_factory.mktemp("config") / "config.toml"))
