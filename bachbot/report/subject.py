"""A checkpoint that a report measures."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bachbot.errors import CheckpointError, UsageError
from bachbot.files import data_folder
from bachbot.runtime import Checkpoint, load_checkpoint

_METRICS = "metrics.jsonl"


@dataclass(frozen=True, eq=False)
class Subject:
    """A checkpoint, its name and its learning curve.

    Parameters
    ----------
    name : str
        What the report calls it.
    where : str
        What the user gave: a directory, or the name of a shipped checkpoint.
    checkpoint : Checkpoint
        Its content.
    history : tuple of dict
        Lines of its ``metrics.jsonl``; empty where there is no such file.
    """

    name: str
    where: str
    checkpoint: Checkpoint
    history: tuple[dict[str, Any], ...] = ()

    @property
    def fingerprint(self) -> str:
        """Fingerprint of its weights and config."""
        return self.checkpoint.fingerprint

    def to_json(self) -> dict[str, object]:
        """What it is, as plain data."""
        config = self.checkpoint.config
        return {
            "name": self.name,
            "fingerprint": self.fingerprint,
            "kind": config["kind"],
            "weights": sum(weight.size for weight in self.checkpoint.weights.values()),
            "split": config.get("training", {}).get("config", {}).get("split"),
            "corpus_fingerprint": config.get("corpus_fingerprint"),
        }


def load_subjects(wanted: Sequence[str]) -> tuple[Subject, ...]:
    """Read some checkpoints.

    Parameters
    ----------
    wanted : sequence of str
        Directories, or names of shipped checkpoints.

    Raises
    ------
    CheckpointError
        If one is missing, damaged, of another format or kind, or its vocabulary does not match.
    UsageError
        If there is none, or two have the same name.
    """
    if not wanted:
        raise UsageError("there is no checkpoint to report on: give one with --checkpoint")
    names = [Path(where).name or where for where in wanted]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(
            f"two checkpoints have the name '{twice}': give each once, with names of their own"
        )
    return tuple(
        Subject(name, where, load_checkpoint(where), _history(where))
        for name, where in zip(names, wanted, strict=True)
    )


def _history(where: str) -> tuple[dict[str, Any], ...]:
    folders = (Path(where), data_folder("checkpoints") / where)
    path = next((f / _METRICS for f in folders if (f / _METRICS).is_file()), None)
    if path is None:
        return ()
    try:
        rows = [
            json.loads(line)
            for line in path.read_text(encoding="utf-8").splitlines()
            if line.strip()
        ]
        for row in rows:
            float(row["epoch"]), float(row["train"]), float(row["validation"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(
            f"{path} is damaged, it holds no learning curve: restore it or remove it"
        ) from error
    return tuple(rows)
