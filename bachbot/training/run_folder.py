"""A run's folder: its whole state in one file, its metrics and its best checkpoint."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from bachbot.corpus.store import PreparedCorpus
from bachbot.encoding import Vocabulary
from bachbot.errors import OutputError, TrainingError, UsageError
from bachbot.files import write_atomically
from bachbot.runtime.checkpoint import FORMAT, Checkpoint, save_checkpoint
from bachbot.training.card import model_card
from bachbot.training.config import TrainingConfig, differences
from bachbot.training.distributed import ProcessGroup

STATE_FORMAT = "bachbot-run-2"
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
        Weights, optimizer, what the course carries and random states, by dotted name.
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
    header = json.dumps({"format": STATE_FORMAT, **state.facts})
    tensors = {name: value.detach().cpu().contiguous() for name, value in state.tensors.items()}
    write_atomically(path, save(tensors, metadata={_KEY: header}))


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
    if found != STATE_FORMAT:
        raise TrainingError(
            f"{path} is of format {found!r}, this version reads {STATE_FORMAT!r}: "
            "go on with the version that began the run"
        )
    return SavedState(tensors, facts)


STATE, METRICS, BEST = "state.safetensors", "metrics.jsonl", "best"
"""What a run's folder holds: its state, a line for each evaluation, and the best checkpoint."""


def saved_config(folder: Path) -> TrainingConfig:
    """The config of a run that was begun in a folder.

    Raises
    ------
    TrainingError
        If there is none, or its state is damaged.
    """
    facts = load_state(folder / STATE).facts
    try:
        return TrainingConfig.from_json(facts["config"])
    except (UsageError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise TrainingError(
            f"the run in {folder} has settings that this version does not know ({error}): "
            "go on with the version that began it"
        ) from error


@dataclass(frozen=True)
class RunFolder:
    """Where a run is kept.

    Parameters
    ----------
    path : Path
        The folder.
    config : TrainingConfig
        Of the run.
    corpus : PreparedCorpus
        What it trains on.
    vocabulary : Vocabulary
        What the ids mean.
    """

    path: Path
    config: TrainingConfig
    corpus: PreparedCorpus
    vocabulary: Vocabulary

    def claim(self, ranks: ProcessGroup) -> None:
        """Make the folder for a new run. Every rank must come here.

        Raises
        ------
        TrainingError
            If it holds a run already.
        OutputError
            If it cannot be made.
        """
        # The leading process looks, since it makes the folder while the others are still coming.
        if ranks.agreed(float((self.path / STATE).exists())):
            raise TrainingError(
                f"{self.path} already holds a run: go on with it by --resume, "
                "or give another folder with -o"
            )
        if not ranks.leads:
            return
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"the folder {self.path} could not be made ({error.strerror}): write elsewhere"
            ) from error

    def save(self, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
        """Write the state, and the metrics that belong to it.

        Parameters
        ----------
        tensors, facts : mapping
            Of the run; its history under ``"history"``.
        """
        facts = {
            "config": self.config.to_json(),
            "corpus": self.corpus.fingerprint,
            "vocabulary": self.vocabulary.fingerprint,
            **facts,
        }
        save_state(self.path / STATE, SavedState(tensors, facts))
        self.write_metrics(facts["history"])

    def load(self) -> SavedState:
        """Read the state.

        Raises
        ------
        TrainingError
            If there is none, or it is of another config, corpus or vocabulary.
        KeyError, ValueError, TypeError
            If it lacks what a run must have.
        """
        saved = load_state(self.path / STATE)
        facts = saved.facts
        other = differences(self.config, TrainingConfig.from_json(facts["config"]))
        if other:
            raise TrainingError(
                f"the run in {self.path} was begun with other settings for "
                f"{', '.join(other)}: leave them out to go on with it"
            )
        if facts["corpus"] != self.corpus.fingerprint:
            raise TrainingError(
                f"the run in {self.path} was begun on another prepared corpus: "
                "give that one with --corpus, or begin anew in another folder"
            )
        if facts["vocabulary"] != self.vocabulary.fingerprint:
            raise TrainingError(
                f"the run in {self.path} was begun by a version with other tokens: "
                "go on with that version, or begin anew in another folder"
            )
        return saved

    def write_metrics(self, history: Sequence[Mapping[str, Any]]) -> None:
        """Write a line for each evaluation."""
        write_atomically(self.path / METRICS, _lines(history))

    def keep(
        self,
        weights: Mapping[str, Tensor],
        record: Mapping[str, Any],
        history: Sequence[Mapping[str, Any]],
    ) -> None:
        """Write the best checkpoint, with its card once the record holds its losses.

        Parameters
        ----------
        weights : mapping of str to Tensor
            On the CPU.
        record : mapping
            What the checkpoint says of its training.
        history : sequence of mapping
            A line for each evaluation.
        """
        config = {
            "format": FORMAT,
            "kind": self.config.kind,
            "model": self.config.to_json()["model"],
            "vocabulary_fingerprint": self.vocabulary.fingerprint,
            "corpus_fingerprint": self.corpus.fingerprint,
            "training": record,
        }
        extra = {METRICS: _lines(history)}
        if "losses" in record:
            extra["MODEL_CARD.md"] = model_card(config).encode()
        arrays = {name: value.numpy() for name, value in weights.items()}
        save_checkpoint(self.path / BEST, Checkpoint(config, self.vocabulary, arrays), extra=extra)


def _lines(history: Sequence[Mapping[str, Any]]) -> bytes:
    return "".join(json.dumps(line) + "\n" for line in history).encode()
