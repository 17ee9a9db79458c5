"""Runs trained models: reads checkpoints and steps their networks, in NumPy where it can."""

from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike

from bachbot.errors import CheckpointError
from bachbot.runtime.checkpoint import (
    EXPERT,
    Checkpoint,
    load_checkpoint,
    save_checkpoint,
    shipped_checkpoints,
)
from bachbot.runtime.ensemble import Ensemble, GuidedModel, ProductOfExperts
from bachbot.runtime.kinds import kind_of
from bachbot.runtime.protocol import Model, State, StepModel

__all__ = [
    "Checkpoint",
    "Ensemble",
    "GuidedModel",
    "Model",
    "ProductOfExperts",
    "State",
    "StepModel",
    "build_decoding_model",
    "build_model",
    "load_checkpoint",
    "load_model",
    "save_checkpoint",
    "shipped_checkpoints",
]


def build_model(checkpoint: Checkpoint, *, dtype: DTypeLike = np.float32) -> Model:
    """Make a model from a checkpoint in memory.

    Parameters
    ----------
    checkpoint : Checkpoint
        Its kind decides what is built.
    dtype : dtype
        float32, or float64 where a rounding error must not change a choice.

    Raises
    ------
    CheckpointError
        If its parts do not belong together.
    UsageError
        If the dtype is neither.
    """
    checkpoint.check()
    return kind_of(checkpoint.config["kind"]).build(
        checkpoint.model_config, checkpoint.vocabulary, checkpoint.weights, dtype=dtype
    )


def build_decoding_model(checkpoint: Checkpoint, method: str = "beam") -> Model:
    """Make what a decoder runs: the model, its expert, and its learned features.

    If the config names an expert, the two are a `ProductOfExperts`; if the checkpoint has features,
    they stand in the `GuidedModel` that is returned. Sampling needs a distribution, so that it runs
    the model alone.

    Parameters
    ----------
    checkpoint : Checkpoint
        Its kind decides what is built.
    method : str
        ``"beam"``, ``"greedy"`` or ``"sample"``. Samples are drawn in float64, since a rounding
        error, which differs between machines, must not change them; the others run in float32.

    Raises
    ------
    CheckpointError
        If its parts do not belong together, or the expert cannot be loaded.
    UsageError
        If the expert has another vocabulary.
    """
    if method == "sample":
        return build_model(checkpoint, dtype=np.float64)
    model = build_model(checkpoint)
    expert = checkpoint.config.get(EXPERT)
    if expert is not None:
        if expert not in shipped_checkpoints():
            raise CheckpointError(
                f"the checkpoint's expert {expert!r} does not come with bachbot: shipped are "
                f"{', '.join(shipped_checkpoints())}"
            )
        model = ProductOfExperts([model, load_model(expert)])
    return model if checkpoint.features is None else GuidedModel(model, checkpoint.features)


def load_model(where: str | Path, *, dtype: DTypeLike = np.float32) -> Model:
    """Read a checkpoint and make a model that can be stepped.

    Parameters
    ----------
    where : str or Path
        A checkpoint's directory, or the name of a shipped one.
    dtype : dtype
        float32, or float64 where a rounding error must not change a choice.

    Raises
    ------
    CheckpointError
        If it is missing, damaged, of another format or kind, or its vocabulary does not match.
    UsageError
        If the dtype is neither.
    """
    return build_model(load_checkpoint(where), dtype=dtype)
