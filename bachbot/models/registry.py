"""Which kinds of model there are, and how one is built."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from torch import nn

from bachbot.errors import UsageError
from bachbot.models.lookahead import LookaheadConfig, LookaheadModel
from bachbot.models.lstm import LSTMConfig, LSTMModel

ModelConfig = LSTMConfig | LookaheadConfig
"""Size of a model of any kind."""

KINDS: dict[str, tuple[type[ModelConfig], type[nn.Module]]] = {
    "lstm": (LSTMConfig, LSTMModel),
    "lookahead": (LookaheadConfig, LookaheadModel),
}
"""Config and module of each kind, by the name that a checkpoint's ``kind`` gives."""


def configure(kind: str, values: Mapping[str, Any]) -> Any:
    """The config of a kind of model from plain values.

    Parameters
    ----------
    kind : str
        A key of `KINDS`.
    values : mapping
        Values by field; those not named take their defaults.

    Raises
    ------
    UsageError
        If the kind or a key is unknown, or a value cannot be.
    """
    if kind not in KINDS:
        raise UsageError(f"there is no model of kind '{kind}': give one of {', '.join(KINDS)}")
    config = KINDS[kind][0]
    known = [f.name for f in fields(config)]
    unknown = [name for name in values if name not in known]
    if unknown:
        raise UsageError(
            f"a model of kind '{kind}' has no {', '.join(unknown)}: it has {', '.join(known)}"
        )
    return config(**values)


def build(kind: str, values: Mapping[str, Any], vocabulary: int) -> nn.Module:
    """A fresh model of a kind, its weights drawn from torch's global generator.

    Parameters
    ----------
    kind : str
        A key of `KINDS`.
    values : mapping
        Values by field of its config.
    vocabulary : int
        How many tokens there are (V).

    Raises
    ------
    UsageError
        As `configure`.
    """
    config = configure(kind, values)
    return KINDS[kind][1](config, vocabulary)
