"""Builds the network of any kind of model."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from bachbot.runtime.kinds import KINDS, ModelConfig, configure, kind_of

__all__ = ["KINDS", "ModelConfig", "build", "configure"]


def build(kind: str, values: Mapping[str, Any], vocabulary: int) -> nn.Module:
    """Build an untrained model of a kind, its weights drawn from torch's global generator.

    Parameters
    ----------
    kind : str
        A key of `bachbot.runtime.kinds.KINDS`.
    values : mapping
        Values by field of its config.
    vocabulary : int
        Number of tokens (V).

    Raises
    ------
    UsageError
        As `bachbot.runtime.kinds.configure`.
    """
    network: nn.Module = kind_of(kind).load_network()(configure(kind, values), vocabulary)
    return network
