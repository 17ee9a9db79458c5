"""A training run: train, validate, save the state and the best weights, stop early."""

import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bachbot.corpus.store import PARTS, PreparedCorpus
from bachbot.encoding import Vocabulary
from bachbot.errors import BachbotWarning, TrainingError
from bachbot.training.config import TrainingConfig
from bachbot.training.device import (
    ProcessGroup,
    describe,
    find_device,
    join_process_group,
    versions,
    without_bfloat16,
)
from bachbot.training.kinds import KINDS, build_network
from bachbot.training.objective import Evaluated, Stepped, TrainingCallback, TrainingContext
from bachbot.training.run_folder import BEST, METRICS, STATE, RunFolder, saved_config
from bachbot.training.trainer import Trainer

__all__ = ["BEST", "METRICS", "STATE", "TrainingResult", "saved_config", "train"]


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """The result of a run.

    Parameters
    ----------
    weights : mapping of str to ndarray of float32
        The best weights, by name.
    history : tuple of dict
        A line for each validation, as in ``metrics.jsonl``.
    record : mapping
        The training record of the checkpoint, with the losses of the best weights.
    """

    weights: Mapping[str, np.ndarray]
    history: tuple[dict[str, Any], ...]
    record: Mapping[str, Any]

    @property
    def best(self) -> dict[str, Any]:
        """The line of the best validation."""
        return min(self.history, key=lambda line: line["validation"])


def train(
    corpus: PreparedCorpus,
    config: TrainingConfig,
    *,
    folder: Path | None = None,
    resume: bool = False,
    device: str = "auto",
    callback: TrainingCallback | None = None,
) -> TrainingResult:
    """Train a model.

    Parameters
    ----------
    corpus : PreparedCorpus
        The prepared chorales; the config names the split.
    config : TrainingConfig
        Settings of the run.
    folder : Path, optional
        Folder of state, metrics and best checkpoint, created if needed. Without it nothing is
        written.
    resume : bool
        Continue the run in the folder. On a CPU, with the same versions, precision and number of
        threads, the weights are bit for bit those of a run without interruption.
    device : {"auto", "cpu", "cuda", "mps"}
        Device to train on.
    callback : callable, optional
        Called after every step and validation, in the main process only.

    Returns
    -------
    TrainingResult

    Raises
    ------
    TrainingError
        If the folder holds a run and `resume` is not set, or the other way round; if the run
        there has another config or corpus; if the loss is not finite.
    UsageError
        If there is no such device, or a batch cannot be divided among the processes.

    Warns
    -----
    BachbotWarning
        If the config says bfloat16 and the device cannot train in it, so that the run is in
        float32; if a resumed run continues in another precision than before.
    """
    where = find_device(device)
    with (
        join_process_group(where) as group,
        torch.random.fork_rng(
            devices=[torch.cuda.current_device()] if where.type == "cuda" else []
        ),
    ):
        if where.type == "cuda":
            where = torch.device("cuda", group.local_rank)
        run = _Run(corpus, config, folder, where, group)
        run.callback = callback if group.is_main else None
        if folder is not None:
            run.open(resume)
        run.check_precision()
        return run.run()


class _Run:
    """One run; see `train`."""

    def __init__(
        self,
        corpus: PreparedCorpus,
        config: TrainingConfig,
        folder: Path | None,
        device: torch.device,
        group: ProcessGroup,
    ) -> None:
        kind = KINDS[config.kind]
        config = kind.complete(config, corpus)
        self.corpus, self.config, self.group = corpus, config, group
        self.vocabulary = Vocabulary()
        if not corpus.part("validation", config.split):
            raise TrainingError(
                f"the validation part of the split by {config.split} is empty: "
                "run 'bachbot corpus prepare --force'"
            )
        self.objective = kind.objective(
            config, TrainingContext(corpus, self.vocabulary, device, group)
        )
        self.trainer = Trainer(config, self.objective, self.vocabulary, device, group)
        self.folder = None if folder is None else RunFolder(folder, config, corpus, self.vocabulary)
        self.device = device
        self.best: dict[str, Tensor] = {}
        self.history: list[dict[str, Any]] = []
        self.callback: TrainingCallback | None = None
        # The precisions that the run has trained in so far, in order.
        self.precisions = [self.trainer.precision]
        self.seconds_before = 0.0  # before the last interruption
        self.started = time.perf_counter()
        self.step_seconds = 0.0  # since then, in training steps alone
        self.steps_since = 0
        self.stopped = False

    def open(self, resume: bool) -> None:
        """Create the folder, or restore the state of the run in it."""
        assert self.folder is not None
        if resume:
            self._restore(self.folder)
            return
        self.folder.create(self.group)
        self._save()

    def check_precision(self) -> None:
        """Record the current precision, and warn if it is not the expected one."""
        now = self.trainer.precision
        cannot = self.config.precision == "bfloat16" and now == "float32"
        reason = f"{without_bfloat16(self.device)}: " if cannot else ""
        line = f"{reason}the run trains in float32 instead" if cannot else ""
        if self.precisions[-1] != now:
            line = (
                f"{reason}the run continues in {now}, so that its weights will differ from those "
                f"of a run that was in {self.precisions[-1]} throughout"
            )
            self.precisions.append(now)
        if line and self.group.is_main:
            warnings.warn(line, BachbotWarning, stacklevel=3)

    def run(self) -> TrainingResult:
        """Train until the run is finished."""
        trainer, config = self.trainer, self.config
        while trainer.epoch < config.epochs and not self.stopped:
            while trainer.steps_done < self.objective.steps:
                start = time.perf_counter()
                trainer.step()
                self.steps_since += 1
                # Reading the loss waits for a GPU to finish: on a GPU only every ten steps.
                if self.device.type == "cpu" or self.steps_since % 10 == 0:
                    self._report_step(start)
                else:
                    self.step_seconds += time.perf_counter() - start
                if trainer.steps_done < self.objective.steps and not (
                    trainer.step_number % config.save_every
                ):
                    self._save()
            self._evaluate()
        return self._finish()

    def _report_step(self, start: float) -> None:
        trainer = self.trainer
        loss = trainer.mean_loss
        self.step_seconds += time.perf_counter() - start
        if not np.isfinite(loss):
            raise TrainingError(
                f"the loss is {loss} at step {trainer.step_number}: "
                "give a lower learning_rate or gradient_clipping"
            )
        if self.callback is None:
            return
        steps = self.config.epochs * self.objective.steps
        spent = (time.perf_counter() - self.started) / self.steps_since
        self.callback(
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
        rate = float(trainer.optimizer.param_groups[0]["lr"])
        loss = float(self.group.mean(torch.tensor(trainer.mean_loss)))
        result = self.objective.validate(trainer.averaged)
        # All processes use one value, since on GPUs the last bits may differ.
        validation = self.group.broadcast(result.loss)
        best = all(validation < line["validation"] for line in self.history)
        event = Evaluated(
            epoch=trainer.epoch + 1,
            step=trainer.step_number,
            train=loss,
            validation=validation,
            per_frame=result.per_frame,
            per_onset=result.per_onset,
            onset_accuracy=result.onset_accuracy,
            learning_rate=rate,
            best=best,
            seconds=self._seconds(),
            tokens_per_second=self._speed(),
            train_unit=self.objective.units.train,
            validation_unit=self.objective.units.validation,
        )
        self.history.append(event.to_json())
        if best:
            self.best = trainer.best_weights()
        trainer.end_epoch()
        self.stopped = self._out_of_patience()
        self._save()
        if best:
            self._save_best(self._record())
        if self.callback is not None:
            self.callback(event)

    def _out_of_patience(self) -> bool:
        losses = [line["validation"] for line in self.history]
        return len(losses) - 1 - int(np.argmin(losses)) >= self.config.patience

    def _finish(self) -> TrainingResult:
        model = build_network(self.config, len(self.vocabulary)).to(self.device)
        model.load_state_dict(self.best, strict=False)
        record = self._record() | {"losses": self.objective.measure(model)}
        self._save_best(record)
        weights = {name: value.numpy() for name, value in self.best.items()}
        return TrainingResult(weights, tuple(self.history), record)

    def _record(self) -> dict[str, Any]:
        """The training record of the best checkpoint, without its losses."""
        best = min(self.history, key=lambda line: line["validation"])
        return {
            "config": self.config.to_json(),
            "pieces": {part: len(self.corpus.part(part, self.config.split)) for part in PARTS},
            "train_tokens": self.objective.tokens,
            "epochs": len(self.history),
            "best_epoch": best["epoch"],
            self.objective.units.train_key: best["train"],
            "seconds": self.history[-1]["seconds"],
            "tokens_per_second": self.history[-1]["tokens_per_second"],
            "processes": self.group.world_size,
            "precision": ", then ".join(self.precisions),
            "machine": describe(self.device),
            "device": self.device.type,
            "threads": torch.get_num_threads(),
            "versions": versions(),
            **self.objective.record(),
        }

    def _save_best(self, record: Mapping[str, Any]) -> None:
        if self.folder is not None and self.group.is_main:
            self.folder.save_best(self.best, record, self.history)

    def _save(self) -> None:
        """Write the state. All processes must call it."""
        if self.folder is None:
            return
        tensors, metadata = self.trainer.state_dict()
        if not self.group.is_main:
            return
        tensors |= {f"best.{name}": value for name, value in self.best.items()}
        metadata |= {
            "history": self.history,
            "seconds": self._seconds(),
            "stopped": self.stopped,
            "precisions": self.precisions,
        }
        self.folder.save(tensors, metadata)

    def _restore(self, folder: RunFolder) -> None:
        try:
            saved = folder.load()
            metadata = saved.metadata
            self.trainer.load_state_dict(dict(saved.tensors), dict(metadata))
            self.best = saved.with_prefix("best")
            self.history = list(metadata["history"])
            self.precisions = [str(name) for name in metadata["precisions"]]
            self.seconds_before = float(metadata["seconds"])
            self.stopped = bool(metadata["stopped"])
        except (KeyError, ValueError, TypeError, RuntimeError, IndexError) as error:
            raise TrainingError(
                f"the run in {folder.path} cannot be continued "
                f"({str(error).splitlines()[0]}): start a new run in another folder"
            ) from error
        # The run may have been killed between writing the state and the files that follow from it.
        if self.group.is_main:
            folder.write_metrics(self.history)
            if self.best:
                self._save_best(self._record())

    def _seconds(self) -> float:
        return self.seconds_before + time.perf_counter() - self.started

    def _speed(self) -> float:
        return self.trainer.tokens / self.step_seconds if self.step_seconds else 0.0
