"""A run of preference tuning: steps, checks after each epoch, and the best checkpoint that passes.

The folder holds what that of a training run does: the state, a line of metrics for each epoch, and
in ``best`` a checkpoint.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bachbot.corpus.store import PreparedCorpus
from bachbot.encoding import Vocabulary
from bachbot.errors import OutputError, TrainingError
from bachbot.evaluation.novelty import TrainingIndex
from bachbot.files import write_atomically
from bachbot.runtime import Checkpoint, save_checkpoint
from bachbot.training.card import write_model_card
from bachbot.training.config import OptimizerConfig, TrainingConfig, changed
from bachbot.training.device import ProcessGroup, find_device
from bachbot.training.kinds import build_network, config_from_json, default_config, find_kind
from bachbot.training.objective import TrainingContext
from bachbot.training.preference.guards import GuardFigures, measure_guards
from bachbot.training.preference.options import PreferenceOptions
from bachbot.training.preference.pairs import PreferencePair, fingerprint, hold_out
from bachbot.training.preference.steps import PreferenceSteps
from bachbot.training.run_folder import (
    BEST,
    CARD,
    METRICS,
    STATE,
    SavedState,
    format_history,
    load_state,
    save_state,
)
from bachbot.training.trainer import Trainer

_WARMUP = 0.1


@dataclass(frozen=True)
class PreferenceEpoch:
    """What was measured after an epoch. A line of ``metrics.jsonl``.

    Parameters
    ----------
    epoch, step : int
        Epochs and steps done.
    train : float
        Mean loss of the epoch, likelihood included.
    loss, margin, accuracy, kl : float
        Of the held-out pairs, as `bachbot.training.preference.steps.PreferenceFigures` has them.
    different_chords, copied_bars : float or None
        Of the held-out tunes, as `bachbot.training.preference.guards.GuardFigures` has them; None
        if none are harmonized.
    faults : tuple of str
        Why the weights are not kept; empty if they pass.
    best : bool
        Whether they pass, and no earlier epoch that passed has a lower held-out loss.
    """

    epoch: int
    step: int
    train: float
    loss: float
    margin: float
    accuracy: float
    kl: float
    different_chords: float | None
    copied_bars: float | None
    faults: tuple[str, ...]
    best: bool

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self) | {"faults": list(self.faults)}


@dataclass(frozen=True, eq=False)
class PreferenceResult:
    """The result of a run.

    Parameters
    ----------
    checkpoint : Checkpoint
        The tuned checkpoint, with its record under ``"preference"``.
    history : tuple of dict
        A line for each epoch, as in ``metrics.jsonl``.
    """

    checkpoint: Checkpoint
    history: tuple[dict[str, Any], ...]


def prefer(
    pairs: Sequence[PreferencePair],
    checkpoint: Checkpoint,
    corpus: PreparedCorpus,
    folder: Path,
    options: PreferenceOptions | None = None,
    *,
    resume: bool = False,
    device: str = "auto",
    callback: Callable[[PreferenceEpoch], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> PreferenceResult:
    """Tune a checkpoint by preferences.

    After each epoch the held-out pairs are measured and held-out tunes of the corpus are
    harmonized. Weights are kept if they are within the bounds of the options; of these, those with
    the lowest held-out loss.

    Parameters
    ----------
    pairs : sequence of PreferencePair
        Pairs of two tunes or more.
    checkpoint : Checkpoint
        A trained model of any kind.
    corpus : PreparedCorpus
        The prepared chorales, for the guards and the losses of the result.
    folder : Path
        Folder of state, metrics and checkpoint; its parent folder is created if needed.
    options : PreferenceOptions, optional
        How it is tuned.
    resume : bool
        Continue the run in the folder. On a CPU, with the same versions and number of threads, the
        weights are bit for bit those of a run without interruption.
    device : {"auto", "cpu", "cuda", "mps"}
        Device to train on.
    callback : callable, optional
        Called after each epoch.
    progress : callable, optional
        Called with the steps done and their number.

    Returns
    -------
    PreferenceResult

    Raises
    ------
    UsageError
        If the pairs are of fewer than two tunes, or there is no such device.
    TrainingError
        If the folder holds a run and `resume` is not set, or the other way round; if the run there
        is of other pairs, options or another checkpoint; if the loss is not finite; if no epoch is
        within the bounds.
    """
    where = find_device(device)
    devices = [torch.cuda.current_device()] if where.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        run = _Run(pairs, checkpoint, corpus, folder, options or PreferenceOptions(), where)
        run.open(resume)
        return run.run(callback, progress)


class _Run:
    """One run; see `prefer`."""

    def __init__(
        self,
        pairs: Sequence[PreferencePair],
        checkpoint: Checkpoint,
        corpus: PreparedCorpus,
        folder: Path,
        options: PreferenceOptions,
        device: torch.device,
    ) -> None:
        self.pairs, self.options, self.folder, self.device = pairs, options, folder, device
        self.checkpoint, self.corpus = checkpoint, corpus
        self.kind = find_kind(checkpoint.config["kind"])
        self.trained = _training_config(checkpoint)
        train, held_out = hold_out(pairs, options.held_out_share, options.seed)
        self.counts = {"pairs": len(train), "held_out": len(held_out)}
        self.config = _tuning_config(checkpoint, options)
        vocabulary = Vocabulary()
        if vocabulary.fingerprint != checkpoint.vocabulary.fingerprint:
            raise TrainingError(
                "the checkpoint has another vocabulary than this version: give one that this "
                "version trained"
            )
        self.reference = build_network(self.config, len(vocabulary)).to(device)
        _load(self.reference, checkpoint.weights)
        self.reference.eval().requires_grad_(False)
        self.steps = PreferenceSteps(
            self.kind, train, held_out, self.reference, options, vocabulary, device
        )
        self.trainer = Trainer(self.config, self.steps, vocabulary, device, ProcessGroup())
        _load(self.trainer.model, checkpoint.weights)
        self.index = TrainingIndex(corpus.part("train", self.trained.split))
        tunes = corpus.part("validation", self.trained.split)
        order = np.random.default_rng([options.seed, 4]).permutation(len(tunes))
        self.tunes = [tunes[at] for at in sorted(order[: options.guard_tunes])]
        self.before: GuardFigures | None = None
        self.best: dict[str, Tensor] = {}
        self.history: list[dict[str, Any]] = []
        self.stopped = False
        self.seconds, self.started = 0.0, time.perf_counter()

    def open(self, resume: bool) -> None:
        """Create the folder, or restore the state of the run in it."""
        if resume:
            self._restore()
            return
        if (self.folder / STATE).exists():
            raise TrainingError(
                f"{self.folder} already holds a run: continue it with --resume, or give another "
                "folder"
            )
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"the folder {self.folder} could not be created ({error.strerror}): "
                "give another one"
            ) from error
        if self.tunes:
            self.before = measure_guards(self.checkpoint, self.tunes, self.index)
        self._save()

    def run(
        self,
        callback: Callable[[PreferenceEpoch], None] | None,
        progress: Callable[[int, int], None] | None,
    ) -> PreferenceResult:
        """Tune until the run is finished, or a bound ends it."""
        trainer, total = self.trainer, self.options.epochs * self.steps.steps
        while trainer.epoch < self.options.epochs and not self.stopped:
            while trainer.steps_done < self.steps.steps:
                trainer.step()
                if not np.isfinite(trainer.mean_loss):
                    raise TrainingError(
                        f"the loss is {trainer.mean_loss} at step {trainer.step_number}: "
                        "give a lower learning_rate"
                    )
                if progress is not None:
                    progress(trainer.step_number, total)
                if trainer.steps_done < self.steps.steps and not (
                    trainer.step_number % self.options.save_every
                ):
                    self._save()
            event = self._end_epoch()
            if callback is not None:
                callback(event)
        return self._finish()

    def _end_epoch(self) -> PreferenceEpoch:
        trainer, options = self.trainer, self.options
        found = self.steps.measure(trainer.model)
        faults = []
        if not found.kl <= options.kl_bound:
            faults.append(
                f"the divergence of {found.kl:.4f} nats per token is above {options.kl_bound:g}"
            )
            self.stopped = True
        guards = None
        weights = trainer.best_weights()
        if self.before is not None and not faults:
            guards = measure_guards(self._tuned(weights), self.tunes, self.index)
            faults += guards.faults(self.before, options)
        losses = [line["loss"] for line in self.history if not line["faults"]]
        event = PreferenceEpoch(
            epoch=trainer.epoch + 1,
            step=trainer.step_number,
            train=trainer.mean_loss,
            **asdict(found),
            different_chords=None if guards is None else guards.different_chords,
            copied_bars=None if guards is None else guards.copied_bars,
            faults=tuple(faults),
            best=not faults and all(found.loss < loss for loss in losses),
        )
        self.history.append(event.to_json())
        if event.best:
            self.best = weights
        trainer.end_epoch()
        self._save()
        if event.best:
            self._write_best({})
        return event

    def _finish(self) -> PreferenceResult:
        if not self.best:
            last = self.history[-1]
            raise TrainingError(
                f"no epoch of the run in {self.folder} is within its bounds (epoch "
                f"{last['epoch']}: {'; '.join(last['faults'])}): give a lower learning_rate, or "
                "wider bounds"
            )
        network = build_network(self.config, len(self.checkpoint.vocabulary)).to(self.device)
        network.load_state_dict(self.best, strict=False)
        context = TrainingContext(
            self.corpus, self.checkpoint.vocabulary, self.device, ProcessGroup()
        )
        losses = self.kind.objective(self.trained, context).measure(network)
        return PreferenceResult(self._write_best({"losses": losses}), tuple(self.history))

    def _tuned(self, weights: Mapping[str, Tensor]) -> Checkpoint:
        arrays = {name: value.numpy() for name, value in weights.items()}
        return replace(self.checkpoint, weights=arrays)

    def _write_best(self, more: Mapping[str, Any]) -> Checkpoint:
        """Write the best weights; `more` is added to the training record in place of its losses."""
        record = {k: v for k, v in self.checkpoint.config["training"].items() if k != "losses"}
        best = min(
            (line for line in self.history if not line["faults"]), key=lambda line: line["loss"]
        )
        config = {
            **self.checkpoint.config,
            "training": record | dict(more),
            "preference": {
                "from": self.checkpoint.fingerprint,
                "fingerprint": fingerprint(self.pairs),
                **self.counts,
                "epochs": len(self.history),
                "before": None if self.before is None else self.before.to_json(),
                "best": best,
                "options": asdict(self.options),
            },
        }
        tuned = replace(self._tuned(self.best), config=config)
        extra = {METRICS: format_history(self.history)}
        if "losses" in config["training"]:
            extra[CARD] = write_model_card(config).encode()
        save_checkpoint(self.folder / BEST, tuned, extra=extra)
        return tuned

    def _identity(self) -> dict[str, Any]:
        """What a run must not change while it is interrupted."""
        return {
            "checkpoint": self.checkpoint.fingerprint,
            "pairs": fingerprint(self.pairs),
            "corpus": self.corpus.fingerprint,
            "options": asdict(self.options),
        }

    def _save(self) -> None:
        tensors, metadata = self.trainer.state_dict()
        tensors |= {f"best.{name}": value for name, value in self.best.items()}
        metadata |= {
            "preference": self._identity(),
            "history": self.history,
            "before": None if self.before is None else self.before.to_json(),
            "stopped": self.stopped,
            "seconds": self.seconds + time.perf_counter() - self.started,
        }
        save_state(self.folder / STATE, SavedState(tensors, metadata))
        write_atomically(self.folder / METRICS, format_history(self.history))

    def _restore(self) -> None:
        saved = load_state(self.folder / STATE)
        metadata = saved.metadata
        try:
            then, now = dict(metadata["preference"]), self._identity()
            other = [name for name in ("checkpoint", "pairs", "corpus") if then[name] != now[name]]
            other += [k for k, v in now["options"].items() if then["options"].get(k) != v]
            if other:
                raise TrainingError(
                    f"the run in {self.folder} was started with another {', '.join(other)}: give "
                    "the same to continue it, or another folder"
                )
            self.trainer.load_state_dict(dict(saved.tensors), dict(metadata))
            self.best = saved.with_prefix("best")
            self.history = list(metadata["history"])
            self.stopped = bool(metadata["stopped"])
            self.seconds = float(metadata["seconds"])
            before = metadata["before"]
            self.before = None if before is None else GuardFigures(**before)
        except (KeyError, ValueError, TypeError, RuntimeError, IndexError, AttributeError) as error:
            raise TrainingError(
                f"the run in {self.folder} cannot be continued "
                f"({str(error).splitlines()[0]}): start a new run in another folder"
            ) from error


def _training_config(checkpoint: Checkpoint) -> TrainingConfig:
    """How a checkpoint was trained, for measuring the tuned one by the same objective."""
    data = checkpoint.config["training"].get("config")
    if data is None:
        raise TrainingError("the checkpoint does not say how it was trained: train one again")
    config = config_from_json(data)
    if getattr(config.model, "datastore_frames", 0):
        raise TrainingError(
            "the checkpoint retrieves from a datastore, which is not tuned: give another"
        )
    # Teachers are not needed to measure, and may be gone.
    teachers = any(field.name == "teachers" for field in fields(config.objective))
    return changed(config, {"teachers": ()} if teachers else {})


def _tuning_config(checkpoint: Checkpoint, options: PreferenceOptions) -> TrainingConfig:
    """The trainer's config: the network without dropout, whose noise would drown log-ratios."""
    model: Any = checkpoint.model_config
    off = {f.name: 0.0 for f in fields(model) if f.name in ("dropout", "token_dropout")}
    return replace(
        default_config(checkpoint.config["kind"]),
        model=replace(model, **off),
        optimizer=OptimizerConfig(learning_rate=options.learning_rate, warmup=_WARMUP),
        epochs=options.epochs,
        seed=options.seed,
        precision="float32",
    )


def _load(network: nn.Module, weights: Mapping[str, Any]) -> None:
    state = {name: torch.from_numpy(np.array(value)) for name, value in weights.items()}
    network.load_state_dict(state, strict=False)  # batch normalization counts what no network reads
