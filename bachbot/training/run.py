"""A run from beginning to end: train, validate, save, keep the best, stop in time."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bachbot.corpus.store import PreparedCorpus
from bachbot.encoding import Vocabulary, encode
from bachbot.errors import OutputError, TrainingError, UsageError
from bachbot.evaluation.losses import Losses
from bachbot.files import write_whole
from bachbot.models import registry
from bachbot.runtime.checkpoint import FORMAT, Checkpoint, save_checkpoint
from bachbot.training.card import model_card
from bachbot.training.config import TrainingConfig, differences
from bachbot.training.data import Text
from bachbot.training.machine import describe, find_device, versions
from bachbot.training.parallel import Ranks, joined
from bachbot.training.progress import Evaluated, Listener, Stepped
from bachbot.training.state import SavedState, load_state, save_state
from bachbot.training.trainer import Trainer
from bachbot.training.validate import losses

STATE, METRICS, BEST = "state.safetensors", "metrics.jsonl", "best"
"""What a run's folder holds: its state, a line for each evaluation, and the best checkpoint."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a run came to.

    Parameters
    ----------
    weights : mapping of str to ndarray of float32
        The best weights, by name.
    history : tuple of dict
        A line for each evaluation, as ``metrics.jsonl`` holds them.
    record : mapping
        What the checkpoint says of its training; holds the figures of the best weights.
    """

    weights: Mapping[str, np.ndarray]
    history: tuple[dict[str, Any], ...]
    record: Mapping[str, Any]

    @property
    def best(self) -> dict[str, Any]:
        """The best evaluation's line."""
        return min(self.history, key=lambda line: line["validation"])


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


def train(
    corpus: PreparedCorpus,
    config: TrainingConfig,
    *,
    folder: Path | None = None,
    resume: bool = False,
    device: str = "auto",
    listen: Listener | None = None,
) -> Outcome:
    """Train a model.

    Parameters
    ----------
    corpus : PreparedCorpus
        The prepared chorales; the config names the split.
    config : TrainingConfig
        What to train.
    folder : Path, optional
        Where state, metrics and the best checkpoint go; made if need be. Without it nothing is
        written.
    resume : bool
        Go on with the run in the folder. On a CPU, with the same versions and as many threads,
        the weights come out bit for bit as if it had never stopped.
    device : {"auto", "cpu", "cuda", "mps"}
        Where to train.
    listen : callable, optional
        Hears of every step and evaluation, in the leading process only.

    Returns
    -------
    Outcome

    Raises
    ------
    TrainingError
        If the folder holds a run and `resume` is not set, or the other way round; if the run
        there is of another config or corpus; if the loss is no longer a number.
    UsageError
        If there is no such device.
    """
    where = find_device(device)
    with (
        joined(where) as ranks,
        torch.random.fork_rng(
            devices=[torch.cuda.current_device()] if where.type == "cuda" else []
        ),
    ):
        if where.type == "cuda":
            where = torch.device("cuda", ranks.local)
        run = _Run(corpus, config, folder, where, ranks)
        run.listen = listen if ranks.leads else None
        if folder is not None:
            run.open(resume)
        return run.run()


class _Run:
    """One run; see `train`."""

    def __init__(
        self,
        corpus: PreparedCorpus,
        config: TrainingConfig,
        folder: Path | None,
        device: torch.device,
        ranks: Ranks,
    ) -> None:
        self.corpus, self.config, self.folder, self.ranks = corpus, config, folder, ranks
        self.vocabulary = Vocabulary()
        self.streams = {
            part: [encode(c, self.vocabulary) for c in corpus.part(part, config.split)]
            for part in ("validation", "test")
        }
        if not self.streams["validation"]:
            raise TrainingError(
                f"the validation part of the split by {config.split} is empty: "
                "run 'bachbot corpus prepare --force'"
            )
        text = Text(corpus.part("train", config.split), config, self.vocabulary)
        self.trainer = Trainer(config, text, self.vocabulary, device, ranks)
        self.device = device
        self.best: dict[str, Tensor] = {}
        self.history: list[dict[str, Any]] = []
        self.listen: Listener | None = None
        self.before = 0.0  # seconds of the sessions before this one
        self.started = time.perf_counter()
        self.stepping = 0.0  # seconds of this session spent in steps
        self.steps_here = 0
        self.stopped = False

    def open(self, resume: bool) -> None:
        """Take possession of the folder, or go on where the run in it stands."""
        assert self.folder is not None
        state = self.folder / STATE
        if resume:
            self._restore(load_state(state))
            return
        # The leading process looks, since it makes the folder while the others are still coming.
        if self.ranks.agreed(float(state.exists())):
            raise TrainingError(
                f"{self.folder} already holds a run: go on with it by --resume, "
                "or give another folder with -o"
            )
        if self.ranks.leads:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise OutputError(
                    f"the folder {self.folder} could not be made ({error.strerror}): "
                    "write elsewhere"
                ) from error
        self._save()

    def run(self) -> Outcome:
        """Train to the end, whatever is left of it."""
        trainer, config = self.trainer, self.config
        while trainer.epoch < config.epochs and not self.stopped:
            while trainer.chunk < trainer.text.chunks:
                begun = time.perf_counter()
                trainer.step()
                self.steps_here += 1
                # Reading the loss waits for a GPU to finish; there only now and then.
                if self.device.type == "cpu" or self.steps_here % 10 == 0:
                    self._tell_step(begun)
                else:
                    self.stepping += time.perf_counter() - begun
                if trainer.chunk < trainer.text.chunks and not (
                    trainer.step_number % config.save_every
                ):
                    self._save()
            self._evaluate()
        return self._finish()

    def _tell_step(self, begun: float) -> None:
        trainer = self.trainer
        loss = trainer.mean_loss
        self.stepping += time.perf_counter() - begun
        if not np.isfinite(loss):
            raise TrainingError(
                f"the loss is {loss} at step {trainer.step_number}: "
                "give a lower learning_rate or a lower clip_at"
            )
        if self.listen is None:
            return
        steps = self.config.epochs * trainer.text.chunks
        spent = (time.perf_counter() - self.started) / self.steps_here
        self.listen(
            Stepped(
                step=trainer.step_number,
                steps=steps,
                epoch=trainer.epoch + 1,
                epochs=self.config.epochs,
                loss=loss,
                tokens_per_second=self._speed(),
                seconds_left=spent * (steps - trainer.step_number),
            )
        )

    def _evaluate(self) -> None:
        trainer = self.trainer
        rate = float(trainer.optimiser.param_groups[0]["lr"])
        loss = float(self.ranks.mean(torch.tensor(trainer.mean_loss)))
        figures = losses(trainer.averaged, self.streams["validation"])
        # One verdict for all, since on GPUs the last bits may differ.
        validation = self.ranks.agreed(figures.per_token)
        best = all(validation < line["validation"] for line in self.history)
        event = Evaluated(
            epoch=trainer.epoch + 1,
            step=trainer.step_number,
            train=loss,
            validation=validation,
            per_frame=figures.per_frame,
            per_onset=figures.per_onset,
            onset_accuracy=figures.voices.onset_accuracy,
            learning_rate=rate,
            best=best,
            seconds=self._seconds(),
            tokens_per_second=self._speed(),
        )
        self.history.append(event.to_json())
        if best:
            self.best = trainer.best_weights()
        trainer.end_epoch()
        self.stopped = self._patience_is_out()
        self._save()
        if best:
            self._keep_best(None)
        if self.listen is not None:
            self.listen(event)

    def _patience_is_out(self) -> bool:
        scores = [line["validation"] for line in self.history]
        return len(scores) - 1 - int(np.argmin(scores)) >= self.config.patience

    def _finish(self) -> Outcome:
        figures: dict[str, Losses] = {}
        model = registry.build(
            self.config.kind, self.config.to_json()["model"], len(self.vocabulary)
        ).to(self.device)
        model.load_state_dict(self.best, strict=False)
        for part, streams in self.streams.items():
            figures[part] = losses(model, streams)
        record = self._keep_best(figures)
        weights = {name: value.numpy() for name, value in self.best.items()}
        return Outcome(weights, tuple(self.history), record)

    def _keep_best(self, figures: Mapping[str, Losses] | None) -> dict[str, Any]:
        """Write the best checkpoint, with its card once its figures are known."""
        parts = {
            part: len(self.corpus.part(part, self.config.split))
            for part in ("train", "validation", "test")
        }
        best = min(self.history, key=lambda line: line["validation"])
        record: dict[str, Any] = {
            "config": self.config.to_json(),
            "pieces": parts,
            "train_tokens": self.trainer.text.tokens,
            "epochs": len(self.history),
            "best_epoch": best["epoch"],
            "train_nats_per_token": best["train"],
            "seconds": self.history[-1]["seconds"],
            "tokens_per_second": self.history[-1]["tokens_per_second"],
            "processes": self.ranks.world,
            "precision": self.trainer.precision,
            "machine": describe(self.device),
            "device": self.device.type,
            "threads": torch.get_num_threads(),
            "versions": versions(),
        }
        if figures is not None:
            record["losses"] = {part: f.to_json() for part, f in figures.items()}
        if self.folder is None or not self.ranks.leads:
            return record
        config = {
            "format": FORMAT,
            "kind": self.config.kind,
            "model": self.config.to_json()["model"],
            "vocabulary_fingerprint": self.vocabulary.fingerprint,
            "corpus_fingerprint": self.corpus.fingerprint,
            "training": record,
        }
        weights = {name: value.numpy() for name, value in self.best.items()}
        extra = {METRICS: self._metrics()}
        if figures is not None:
            extra["MODEL_CARD.md"] = model_card(config).encode()
        save_checkpoint(
            self.folder / BEST, Checkpoint(config, self.vocabulary, weights), extra=extra
        )
        return record

    def _save(self) -> None:
        """Write the state, and the metrics that belong to it. Every rank must come here."""
        if self.folder is None:
            return
        tensors, facts = self.trainer.freeze()
        if not self.ranks.leads:
            return
        tensors |= {f"best.{name}": value for name, value in self.best.items()}
        facts |= {
            "config": self.config.to_json(),
            "corpus": self.corpus.fingerprint,
            "vocabulary": self.vocabulary.fingerprint,
            "history": self.history,
            "seconds": self._seconds(),
            "stopped": self.stopped,
        }
        save_state(self.folder / STATE, SavedState(tensors, facts))
        write_whole(self.folder / METRICS, self._metrics())

    def _restore(self, saved: SavedState) -> None:
        facts = saved.facts
        assert self.folder is not None
        try:
            other = differences(self.config, TrainingConfig.from_json(facts["config"]))
            if other:
                raise TrainingError(
                    f"the run in {self.folder} was begun with other settings for "
                    f"{', '.join(other)}: leave them out to go on with it"
                )
            if facts["corpus"] != self.corpus.fingerprint:
                raise TrainingError(
                    f"the run in {self.folder} was begun on another prepared corpus: "
                    "give that one with --corpus, or begin anew in another folder"
                )
            if facts["vocabulary"] != self.vocabulary.fingerprint:
                raise TrainingError(
                    f"the run in {self.folder} was begun by a version with other tokens: "
                    "go on with that version, or begin anew in another folder"
                )
            self.trainer.thaw(dict(saved.tensors), dict(facts))
            self.best = saved.under("best")
            self.history = list(facts["history"])
            self.before, self.stopped = float(facts["seconds"]), bool(facts["stopped"])
        except (KeyError, ValueError, TypeError, RuntimeError, IndexError) as error:
            raise TrainingError(
                f"the run in {self.folder} cannot be gone on with ({str(error).splitlines()[0]}): "
                "begin anew in another folder"
            ) from error
        # A kill may have come between the state and the files that follow from it.
        if self.ranks.leads:
            write_whole(self.folder / METRICS, self._metrics())
            if self.best:
                self._keep_best(None)

    def _metrics(self) -> bytes:
        return "".join(json.dumps(line) + "\n" for line in self.history).encode()

    def _seconds(self) -> float:
        return self.before + time.perf_counter() - self.started

    def _speed(self) -> float:
        tokens = self.steps_here * self.config.batch * self.config.chunk
        return tokens / self.stepping if self.stepping else 0.0
