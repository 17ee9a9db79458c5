"""The table of the kinds of model that can be trained.

To add a kind, add it to `bachbot.runtime.kinds`, write a file with its objective, presets and card
text beside `lstm`, and add its row to `KINDS`.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from torch import nn

from bachbot.errors import UsageError
from bachbot.runtime.kinds import kind_of
from bachbot.training.config import TrainingConfig, from_nested
from bachbot.training.kinds import lookahead, lstm
from bachbot.training.kinds.base import CardText, ResultTable, TrainingKind

__all__ = [
    "KINDS", "PRESETS", "CardText", "ResultTable", "TrainingKind", "build_network",
    "config_from_json", "default_config", "find_kind", "preset",
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
    return _look_up(KINDS, "model of kind", name)


def preset(name: str) -> TrainingConfig:
    """A preset by name.

    Raises
    ------
    UsageError
        If there is none of that name.
    """
    return _look_up(PRESETS, "preset", name)


_Row = TypeVar("_Row")


def _look_up(table: Mapping[str, _Row], what: str, name: str) -> _Row:
    if name not in table:
        raise UsageError(f"there is no {what} '{name}': give one of {', '.join(table)}")
    return table[name]


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


def build_network(config: TrainingConfig, vocabulary: int) -> nn.Module:
    """A network with random weights, sampled from torch's global generator.

    Parameters
    ----------
    config : TrainingConfig
        Names the kind and the sizes.
    vocabulary : int
        Number of tokens (V).
    """
    network: nn.Module = kind_of(config.kind).load_network()(config.model, vocabulary)
    return network
