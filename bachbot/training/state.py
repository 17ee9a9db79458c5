"""A run's whole state in one file: safetensors, with the rest as JSON in its header."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from bachbot.errors import TrainingError
from bachbot.files import write_whole

FORMAT = "bachbot-run-2"
"""Format of the state; another one is refused."""

_KEY = "bachbot"

_HEADER = 8
"""Bytes in which safetensors begins by saying how long its header of JSON is."""


@dataclass(frozen=True, eq=False)
class SavedState:
    """Everything that a run needs to go on as if it had never stopped.

    Parameters
    ----------
    tensors : mapping of str to Tensor
        Weights, optimiser, what the course carries and random states, by dotted name.
    facts : mapping
        Config, fingerprints, counters and history: plain data.
    """

    tensors: Mapping[str, Tensor]
    facts: Mapping[str, Any]

    def under(self, prefix: str) -> dict[str, Tensor]:
        """The tensors whose names begin with a prefix and a dot, without it."""
        cut = len(prefix) + 1
        return {k[cut:]: v for k, v in self.tensors.items() if k.startswith(prefix + ".")}


def save_state(path: Path, state: SavedState) -> None:
    """Write a state, whole or not at all, in place of an older one.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    header = json.dumps({"format": FORMAT, **state.facts})
    tensors = {name: value.detach().cpu().contiguous() for name, value in state.tensors.items()}
    write_whole(path, save(tensors, metadata={_KEY: header}))


def load_state(path: Path) -> SavedState:
    """Read a state onto the CPU. Never runs code from the file.

    Raises
    ------
    TrainingError
        If it is missing, damaged or of another format.
    """
    if not path.is_file():
        raise TrainingError(
            f"there is no run to resume at {path.parent}: start it without --resume"
        )
    try:
        # Read once: a run that goes on may put another file in its place at any moment.
        content = path.read_bytes()
        tensors = load(content)
        end = _HEADER + int.from_bytes(content[:_HEADER], "little")
        facts = json.loads(json.loads(content[_HEADER:end])["__metadata__"][_KEY])
        found = facts.pop("format")
    except (OSError, SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise TrainingError(
            f"{path} is no state of a run or is damaged: start the run anew in another folder"
        ) from error
    if found != FORMAT:
        raise TrainingError(
            f"{path} is of format {found!r}, this version reads {FORMAT!r}: "
            "go on with the version that began the run"
        )
    return SavedState(tensors, facts)
