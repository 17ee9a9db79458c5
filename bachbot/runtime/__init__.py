"""Steps a trained model with NumPy alone: no torch is imported."""

from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike

from bachbot.runtime.checkpoint import (
    Checkpoint,
    load_checkpoint,
    save_checkpoint,
    shipped_checkpoints,
)
from bachbot.runtime.ensemble import Ensemble, ProductOfExperts
from bachbot.runtime.lookahead.model import LookaheadRuntime
from bachbot.runtime.lstm import LSTMRuntime
from bachbot.runtime.protocol import Model, State, StepModel

__all__ = [
    "Checkpoint",
    "Ensemble",
    "LSTMRuntime",
    "LookaheadRuntime",
    "Model",
    "ProductOfExperts",
    "State",
    "StepModel",
    "build_model",
    "load_checkpoint",
    "load_model",
    "save_checkpoint",
    "shipped_checkpoints",
]

_MODELS: dict[str, type[LSTMRuntime] | type[LookaheadRuntime]] = {
    "lstm": LSTMRuntime,
    "lookahead": LookaheadRuntime,
}


def build_model(checkpoint: Checkpoint, *, dtype: DTypeLike = np.float32) -> Model:
    """A model from a checkpoint in memory.

    Parameters
    ----------
    checkpoint : Checkpoint
        Its kind decides what is built.
    dtype : dtype
        float32, or float64 where a rounding error may not flip a choice.

    Raises
    ------
    CheckpointError
        If its parts do not belong together.
    """
    checkpoint.check()
    return _MODELS[checkpoint.config["kind"]](checkpoint, dtype=dtype)


def load_model(where: str | Path, *, dtype: DTypeLike = np.float32) -> Model:
    """Read a checkpoint and make it ready to be stepped.

    Parameters
    ----------
    where : str or Path
        A checkpoint's directory, or the name of one that travels with bachbot.
    dtype : dtype
        float32, or float64 where a rounding error may not flip a choice.

    Raises
    ------
    CheckpointError
        If it is missing, damaged, of another format or kind, or its vocabulary does not match.
    """
    return build_model(load_checkpoint(where), dtype=dtype)
