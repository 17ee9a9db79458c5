"""The folder of a run: its whole state in one file, its metrics and its best checkpoint."""

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
from bachbot.runtime.checkpoint import FORMAT, Checkpoint, load_checkpoint, save_checkpoint
from bachbot.training.card import write_model_card
from bachbot.training.config import TrainingConfig, differences
from bachbot.training.device import ProcessGroup
from bachbot.training.kinds import config_from_json

STATE, METRICS, BEST, CARD = "state.safetensors", "metrics.jsonl", "best", "MODEL_CARD.md"
"""Files of a run: its state, a line for each validation, the best checkpoint, and its card."""

STATE_FORMAT = "bachbot-run-3"
"""Format of the state; other formats are refused."""

_KEY = "bachbot"

_HEADER = 8
"""Bytes at the start of a safetensors file, which hold the length of its JSON header."""


@dataclass(frozen=True, eq=False)
class SavedState:
    """Everything that a run needs to continue as if it had never stopped.

    Parameters
    ----------
    tensors : mapping of str to Tensor
        Weights, optimizer, state of the objective and random states, by dotted name.
    metadata : mapping
        Config, fingerprints, counters and history: plain data.
    """

    tensors: Mapping[str, Tensor]
    metadata: Mapping[str, Any]

    def with_prefix(self, prefix: str) -> dict[str, Tensor]:
        """The tensors whose names start with a prefix and a dot, by the rest of the name."""
        cut = len(prefix) + 1
        return {k[cut:]: v for k, v in self.tensors.items() if k.startswith(prefix + ".")}


def save_state(path: Path, state: SavedState) -> None:
    """Write a state, completely or not at all, in place of an older one.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    header = json.dumps({"format": STATE_FORMAT, **state.metadata})
    tensors = {name: value.detach().cpu().contiguous() for name, value in state.tensors.items()}
    write_atomically(path, save(tensors, metadata={_KEY: header}))


def load_state(path: Path) -> SavedState:
    """Read a state onto the CPU. No code from the file is run.

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
        # Read once: a run that is still training may replace the file at any moment.
        content = path.read_bytes()
        tensors = load(content)
        end = _HEADER + int.from_bytes(content[:_HEADER], "little")
        metadata = json.loads(json.loads(content[_HEADER:end])["__metadata__"][_KEY])
        found = metadata.pop("format")
    except (OSError, SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise TrainingError(
            f"{path} is damaged or not the state of a run: start a new run in another folder"
        ) from error
    if found != STATE_FORMAT:
        raise TrainingError(
            f"{path} has the format {found!r}, this version reads {STATE_FORMAT!r}: "
            "finish the run with the version that started it, or start a new one"
        )
    return SavedState(tensors, metadata)


def saved_config(folder: Path) -> TrainingConfig:
    """The config of the run in a folder.

    Raises
    ------
    TrainingError
        If there is no run, or its state is damaged or of another version.
    """
    metadata = load_state(folder / STATE).metadata
    try:
        return config_from_json(metadata["config"])
    except (UsageError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise TrainingError(
            f"the run in {folder} has settings that this version does not know ({error}): "
            "finish it with the version that started it"
        ) from error


@dataclass(frozen=True)
class RunFolder:
    """The folder of a run.

    Parameters
    ----------
    path : Path
        The folder.
    config : TrainingConfig
        Config of the run.
    corpus : PreparedCorpus
        The corpus that it trains on.
    vocabulary : Vocabulary
        Meaning of the token ids.
    """

    path: Path
    config: TrainingConfig
    corpus: PreparedCorpus
    vocabulary: Vocabulary

    def create(self, group: ProcessGroup) -> None:
        """Create the folder for a new run. All processes must call it.

        Raises
        ------
        TrainingError
            If it already holds a run.
        OutputError
            If it cannot be created.
        """
        # Only the main process looks, since it may create the folder before the others get here.
        if group.broadcast(float((self.path / STATE).exists())):
            raise TrainingError(
                f"{self.path} already holds a run: continue it with --resume, "
                "or give another folder with -o"
            )
        if not group.is_main:
            return
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"the folder {self.path} could not be created ({error.strerror}): give another one"
            ) from error

    def save(self, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> None:
        """Write the state and the metrics of the run.

        Parameters
        ----------
        tensors, metadata : mapping
            As in `SavedState`; the history of the run is under ``"history"``.
        """
        metadata = {
            "config": self.config.to_json(),
            "corpus": self.corpus.fingerprint,
            "vocabulary": self.vocabulary.fingerprint,
            **metadata,
        }
        save_state(self.path / STATE, SavedState(tensors, metadata))
        self.write_metrics(metadata["history"])

    def load(self) -> SavedState:
        """Read the state.

        Raises
        ------
        TrainingError
            If there is none, or it belongs to another config, corpus or vocabulary.
        KeyError, ValueError, TypeError
            If something is missing from it.
        """
        saved = load_state(self.path / STATE)
        metadata = saved.metadata
        other = differences(self.config, config_from_json(metadata["config"]))
        if other:
            raise TrainingError(
                f"the run in {self.path} was started with other settings for "
                f"{', '.join(other)}: leave them out to continue it"
            )
        if metadata["corpus"] != self.corpus.fingerprint:
            raise TrainingError(
                f"the run in {self.path} was started on another prepared corpus: "
                "give that one with --corpus, or start a new run in another folder"
            )
        if metadata["vocabulary"] != self.vocabulary.fingerprint:
            raise TrainingError(
                f"the run in {self.path} was started by a version with another vocabulary: "
                "finish it with that version, or start a new run in another folder"
            )
        return saved

    def write_metrics(self, history: Sequence[Mapping[str, Any]]) -> None:
        """Write a line for each validation."""
        write_atomically(self.path / METRICS, format_history(history))

    def save_best(
        self,
        weights: Mapping[str, Tensor],
        record: Mapping[str, Any],
        history: Sequence[Mapping[str, Any]],
    ) -> None:
        """Write the best checkpoint, and its card if the record holds its losses.

        Parameters
        ----------
        weights : mapping of str to Tensor
            On the CPU.
        record : mapping
            The training record of the checkpoint.
        history : sequence of mapping
            A line for each validation.
        """
        config = {
            "format": FORMAT,
            "kind": self.config.kind,
            "model": self.config.to_json()["model"],
            "vocabulary_fingerprint": self.vocabulary.fingerprint,
            "corpus_fingerprint": self.corpus.fingerprint,
            "training": record,
        }
        extra = {METRICS: format_history(history)}
        if "losses" in record:
            extra[CARD] = write_model_card(config).encode()
        arrays = {name: value.numpy() for name, value in weights.items()}
        save_checkpoint(self.path / BEST, Checkpoint(config, self.vocabulary, arrays), extra=extra)


def format_history(history: Sequence[Mapping[str, Any]]) -> bytes:
    """The content of ``metrics.jsonl``: a line for each validation."""
    return "".join(json.dumps(line) + "\n" for line in history).encode()


def export_checkpoint(folder: Path, out: Path, *, half: bool = False) -> None:
    """Copy the best checkpoint of a finished run, with its metrics and its model card.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    out : Path
        Folder of the checkpoint; an older checkpoint there is replaced.
    half : bool
        Whether to round its weights to half precision, which makes it half as large.

    Raises
    ------
    TrainingError
        If there is no run, or it is not finished or of another version.
    CheckpointError
        If its checkpoint is damaged, or a weight is too large for half precision.
    OutputError
        If the checkpoint cannot be written.
    """
    best = folder / BEST
    if not best.is_dir():
        raise TrainingError(
            f"{folder} holds no run with a trained model: give the folder that "
            "'bachbot train -o' wrote"
        )
    checkpoint = load_checkpoint(best)
    if "losses" not in checkpoint.config["training"]:
        again = "--resume"
        if "preference" in checkpoint.config:
            again = "prefer PAIRS --from CHECKPOINT --resume"
        raise TrainingError(
            f"the run in {folder} is not finished: finish it with "
            f"'bachbot train {again} -o {folder}'"
        )
    try:
        card = write_model_card(checkpoint.config)
    except UsageError as error:
        raise TrainingError(
            f"the run in {folder} has settings that this version does not know ({error}): "
            "export it with the version that trained it"
        ) from error
    extra = {METRICS: (best / METRICS).read_bytes(), CARD: card.encode()}
    save_checkpoint(out, checkpoint.rounded() if half else checkpoint, extra=extra)
