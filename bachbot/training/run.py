"""A run from beginning to end: train, validate, save, keep the best, stop in time."""

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
from bachbot.models import registry
from bachbot.training.config import TrainingConfig
from bachbot.training.courses import make_objective
from bachbot.training.device import describe, find_device, versions, without_bfloat16
from bachbot.training.distributed import ProcessGroup, join_process_group
from bachbot.training.examples import with_library
from bachbot.training.objective import Evaluated, Stepped, TrainingCallback
from bachbot.training.run_folder import BEST, METRICS, STATE, RunFolder, saved_config
from bachbot.training.trainer import Trainer

__all__ = ["BEST", "METRICS", "STATE", "TrainingResult", "saved_config", "train"]


@dataclass(frozen=True, eq=False)
class TrainingResult:
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


def train(
    corpus: PreparedCorpus,
    config: TrainingConfig,
    *,
    folder: Path | None = None,
    resume: bool = False,
    device: str = "auto",
    listen: TrainingCallback | None = None,
) -> TrainingResult:
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
        Go on with the run in the folder. On a CPU, with the same versions, the same precision and
        as many threads, the weights come out bit for bit as if it had never stopped.
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

    Warns
    -----
    BachbotWarning
        If bfloat16 was asked for and the device cannot train in it, so that the run is in float32;
        if a resumed run goes on in another precision than before.
    """
    where = find_device(device)
    with (
        join_process_group(where) as ranks,
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
        run.settle_precision()
        return run.run()


class _Run:
    """One run; see `train`."""

    def __init__(
        self,
        corpus: PreparedCorpus,
        config: TrainingConfig,
        folder: Path | None,
        device: torch.device,
        ranks: ProcessGroup,
    ) -> None:
        config = with_library(config, corpus)
        self.corpus, self.config, self.ranks = corpus, config, ranks
        self.vocabulary = Vocabulary()
        if not corpus.part("validation", config.split):
            raise TrainingError(
                f"the validation part of the split by {config.split} is empty: "
                "run 'bachbot corpus prepare --force'"
            )
        self.course = make_objective(config, corpus, self.vocabulary, device, ranks)
        self.trainer = Trainer(config, self.course, self.vocabulary, device, ranks)
        self.folder = None if folder is None else RunFolder(folder, config, corpus, self.vocabulary)
        self.device = device
        self.best: dict[str, Tensor] = {}
        self.history: list[dict[str, Any]] = []
        self.listen: TrainingCallback | None = None
        self.precisions = [self.trainer.precision]
        """Those that the run has trained in so far, in order."""
        self.before = 0.0  # seconds of the sessions before this one
        self.started = time.perf_counter()
        self.stepping = 0.0  # seconds of this session spent in steps
        self.steps_here = 0
        self.stopped = False

    def open(self, resume: bool) -> None:
        """Take possession of the folder, or go on where the run in it stands."""
        assert self.folder is not None
        if resume:
            self._restore(self.folder)
            return
        self.folder.claim(self.ranks)
        self._save()

    def settle_precision(self) -> None:
        """Note the precision of this session, and warn where it is not the one expected."""
        now = self.trainer.precision
        cannot = self.config.precision == "bfloat16" and now == "float32"
        why = f"{without_bfloat16(self.device)}: " if cannot else ""
        line = f"{why}the run trains in float32 instead" if cannot else ""
        if self.precisions[-1] != now:
            line = (
                f"{why}the run goes on in {now}, so that its weights will not be bit for bit those "
                f"of a run that was in {self.precisions[-1]} throughout"
            )
            self.precisions.append(now)
        if line and self.ranks.leads:
            warnings.warn(line, BachbotWarning, stacklevel=3)

    def run(self) -> TrainingResult:
        """Train to the end, whatever is left of it."""
        trainer, config = self.trainer, self.config
        while trainer.epoch < config.epochs and not self.stopped:
            while trainer.taken < self.course.steps:
                begun = time.perf_counter()
                trainer.step()
                self.steps_here += 1
                # Reading the loss waits for a GPU to finish; there only now and then.
                if self.device.type == "cpu" or self.steps_here % 10 == 0:
                    self._tell_step(begun)
                else:
                    self.stepping += time.perf_counter() - begun
                if trainer.taken < self.course.steps and not (
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
        steps = self.config.epochs * self.course.steps
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
        rate = float(trainer.optimizer.param_groups[0]["lr"])
        loss = float(self.ranks.mean(torch.tensor(trainer.mean_loss)))
        score = self.course.validate(trainer.averaged)
        # One verdict for all, since on GPUs the last bits may differ.
        validation = self.ranks.agreed(score.validation)
        best = all(validation < line["validation"] for line in self.history)
        event = Evaluated(
            epoch=trainer.epoch + 1,
            step=trainer.step_number,
            train=loss,
            validation=validation,
            per_frame=score.per_frame,
            per_onset=score.per_onset,
            onset_accuracy=score.onset_accuracy,
            learning_rate=rate,
            best=best,
            seconds=self._seconds(),
            tokens_per_second=self._speed(),
            train_unit=self.course.units.train,
            validation_unit=self.course.units.validation,
        )
        self.history.append(event.to_json())
        if best:
            self.best = trainer.best_weights()
        trainer.end_epoch()
        self.stopped = self._patience_is_out()
        self._save()
        if best:
            self._keep_best(self._record())
        if self.listen is not None:
            self.listen(event)

    def _patience_is_out(self) -> bool:
        scores = [line["validation"] for line in self.history]
        return len(scores) - 1 - int(np.argmin(scores)) >= self.config.patience

    def _finish(self) -> TrainingResult:
        size = self.config.to_json()["model"]
        model = registry.build(self.config.kind, size, len(self.vocabulary)).to(self.device)
        model.load_state_dict(self.best, strict=False)
        record = self._record() | {"losses": self.course.measure(model)}
        self._keep_best(record)
        weights = {name: value.numpy() for name, value in self.best.items()}
        return TrainingResult(weights, tuple(self.history), record)

    def _record(self) -> dict[str, Any]:
        """What the best checkpoint says of its training, its figures left out."""
        best = min(self.history, key=lambda line: line["validation"])
        return {
            "config": self.config.to_json(),
            "pieces": {part: len(self.corpus.part(part, self.config.split)) for part in PARTS},
            "train_tokens": self.course.tokens,
            "epochs": len(self.history),
            "best_epoch": best["epoch"],
            self.course.units.train_key: best["train"],
            "seconds": self.history[-1]["seconds"],
            "tokens_per_second": self.history[-1]["tokens_per_second"],
            "processes": self.ranks.world,
            "precision": ", then ".join(self.precisions),
            "machine": describe(self.device),
            "device": self.device.type,
            "threads": torch.get_num_threads(),
            "versions": versions(),
            **self.course.record(),
        }

    def _keep_best(self, record: Mapping[str, Any]) -> None:
        if self.folder is not None and self.ranks.leads:
            self.folder.keep(self.best, record, self.history)

    def _save(self) -> None:
        """Write the state. Every rank must come here."""
        if self.folder is None:
            return
        tensors, facts = self.trainer.freeze()
        if not self.ranks.leads:
            return
        tensors |= {f"best.{name}": value for name, value in self.best.items()}
        facts |= {
            "history": self.history,
            "seconds": self._seconds(),
            "stopped": self.stopped,
            "precisions": self.precisions,
        }
        self.folder.save(tensors, facts)

    def _restore(self, folder: RunFolder) -> None:
        try:
            saved = folder.load()
            facts = saved.facts
            self.trainer.thaw(dict(saved.tensors), dict(facts))
            self.best = saved.under("best")
            self.history = list(facts["history"])
            # A run that an older version began does not say; that one knew no falling back.
            asked = self.config.precision
            before = [self.trainer.precision if asked == "auto" else asked]
            self.precisions = [str(name) for name in facts.get("precisions", before)]
            self.before, self.stopped = float(facts["seconds"]), bool(facts["stopped"])
        except (KeyError, ValueError, TypeError, RuntimeError, IndexError) as error:
            raise TrainingError(
                f"the run in {folder.path} cannot be gone on with "
                f"({str(error).splitlines()[0]}): begin anew in another folder"
            ) from error
        # A kill may have come between the state and the files that follow from it.
        if self.ranks.leads:
            folder.write_metrics(self.history)
            if self.best:
                self._keep_best(self._record())

    def _seconds(self) -> float:
        return self.before + time.perf_counter() - self.started

    def _speed(self) -> float:
        return self.trainer.tokens / self.stepping if self.stepping else 0.0
