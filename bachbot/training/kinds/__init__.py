"""The table of the kinds of model that can be trained.

To add a kind, write a file with its network, objective, presets and card text beside `lstm`, and
add its row to `KINDS`.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from torch import nn

from bachbot.errors import UsageError
from bachbot.training.config import TrainingConfig, from_nested
from bachbot.training.kinds import lookahead, lstm
from bachbot.training.kinds.base import CardText, ResultTable, TrainingKind

__all__ = [
    "KINDS", "PRESETS", "CardText", "ResultTable", "TrainingKind", "build_network",
    "config_from_json", "default_config", "find_kind", "model_sizes", "preset",
]  # fmt: skip

KINDS: dict[str, TrainingKind] = {
    kind.objective_config.kind: kind for kind in (lstm.KIND, lookahead.KIND)
}
"""Every kind of model, by the name that a checkpoint's ``kind`` gives."""

PRESETS: dict[str, TrainingConfig] = {
    config.preset: config for kind in KINDS.values() for config in kind.presets
}
"""Configs to start from. ``paper`` is the network of the BachBot article, trained the way that
works best; ``original`` repeats the article's own recipe; ``lookahead`` reads all given notes
before it writes. ``tiny`` and ``lookahead-tiny`` train in seconds and are for tests."""


def find_kind(name: str) -> TrainingKind:
    """A kind of model by name.

    Raises
    ------
    UsageError
        If there is none of that name.
    """
    if name not in KINDS:
        raise UsageError(f"there is no model of kind '{name}': give one of {', '.join(KINDS)}")
    return KINDS[name]


def preset(name: str) -> TrainingConfig:
    """A preset by name.

    Raises
    ------
    UsageError
        If there is none of that name.
    """
    if name not in PRESETS:
        raise UsageError(f"there is no preset '{name}': give one of {', '.join(PRESETS)}")
    return PRESETS[name]


def default_config(kind: str) -> TrainingConfig:
    """The config of a kind with the defaults of all fields.

    Raises
    ------
    UsageError
        If there is no such kind.
    """
    objective = find_kind(kind).objective_config
    return TrainingConfig("", objective.model_config(), objective())


def config_from_json(data: Mapping[str, Any]) -> TrainingConfig:
    """The inverse of `TrainingConfig.to_json`.

    Raises
    ------
    UsageError
        If the kind or a key is unknown, or a value is of another type or out of range; the message
        names every fault.
    """
    return from_nested(default_config(str(data.get("kind"))), data)


def model_sizes(kind: str, values: Mapping[str, Any]) -> Any:
    """The sizes of a model, as the dataclass of its kind.

    Parameters
    ----------
    kind : str
        A key of `KINDS`.
    values : mapping
        Values by field; missing ones take their defaults.

    Raises
    ------
    UsageError
        If the kind or a key is unknown, or a value is out of range.
    """
    sizes = find_kind(kind).objective_config.model_config
    known = [f.name for f in fields(sizes)]
    unknown = [name for name in values if name not in known]
    if unknown:
        raise UsageError(
            f"a model of kind '{kind}' has no {', '.join(unknown)}: it has {', '.join(known)}"
        )
    return sizes(**values)


def build_network(kind: str, values: Mapping[str, Any], vocabulary: int) -> nn.Module:
    """A network with random weights, sampled from torch's global generator.

    Parameters
    ----------
    kind : str
        A key of `KINDS`.
    values : mapping
        Sizes by field, as a checkpoint's ``model`` holds them.
    vocabulary : int
        Number of tokens (V).

    Raises
    ------
    UsageError
        As `model_sizes`.
    """
    return find_kind(kind).network(model_sizes(kind, values), vocabulary)
