"""The search for sizes: the original's grid, random search, or TPE, by optuna."""

import os
import socket
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from bachbot.corpus.store import PreparedCorpus
from bachbot.errors import BachbotWarning, TrainingError, UsageError
from bachbot.extras import require
from bachbot.training.config import TrainingConfig, changed
from bachbot.training.device import find_device, trains_in_bfloat16, without_bfloat16
from bachbot.training.objective import Evaluated, Stepped
from bachbot.training.run import train

if TYPE_CHECKING:
    import optuna

Sampler = Literal["grid", "random", "tpe"]

GRID: dict[str, tuple[float, ...]] = {
    "layers": (1, 2, 3, 4),
    "hidden": (128, 256, 384, 512),
    "embedding": (16, 32, 64),
    "chunk": (64, 128, 256),
    "dropout": (0.0, 0.1, 0.2, 0.3, 0.4, 0.5),
}
"""The original's grid (Liang and others, 2017, section 4.1). Random search and TPE draw whole
numbers from the same lists and dropout from its whole range."""

LOOKAHEAD_GRID: dict[str, tuple[float, ...]] = {
    "encoder_layers": (1, 2, 3),
    "encoder": (64, 128, 256),
    "layers": (1, 2, 3),
    "hidden": (128, 256, 384),
    "width": (256, 512, 1024),
    "embedding": (32, 48, 64),
    "dropout": (0.1, 0.2, 0.3, 0.4, 0.5),
}
"""Around the sizes of the preset ``lookahead``."""

GRIDS: dict[str, dict[str, tuple[float, ...]]] = {"lstm": GRID, "lookahead": LOOKAHEAD_GRID}
"""What is searched unless other values are given, by kind of model."""

_STALE = 3600.0
"""Seconds without a word after which a trial of another machine counts as dead."""


@dataclass(frozen=True)
class SearchConfig:
    """What to search and how.

    Parameters
    ----------
    base : TrainingConfig
        Settings of every trial but those searched for.
    name : str
        The study's name; one storage can hold many.
    sampler : {"grid", "random", "tpe"}
        How trials are drawn: the grid's points in random order, at random, or by the
        tree-structured Parzen estimator (Bergstra and others, 2011).
    storage : str
        A path for a journal file, or the URL of a database that optuna knows.
    grid : mapping of str to tuple
        Values to search over by setting; `GRIDS` has those of each kind.

    Raises
    ------
    UsageError
        If the sampler is unknown, or a setting of the grid is.
    """

    base: TrainingConfig
    name: str = "bachbot"
    sampler: Sampler = "tpe"
    storage: str = "runs/search.journal"
    grid: Mapping[str, tuple[float, ...]] = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if self.grid is None:
            object.__setattr__(self, "grid", GRIDS[self.base.kind])
        if self.sampler not in get_args(Sampler):
            raise UsageError(
                f"there is no sampler '{self.sampler}': give one of {', '.join(get_args(Sampler))}"
            )
        if not self.grid or any(not values for values in self.grid.values()):
            raise UsageError("a grid without values cannot be searched: give some")
        for name, values in self.grid.items():
            for value in values:
                changed(self.base, {name: value})


def open_study(config: SearchConfig) -> "optuna.Study":
    """The study, made if need be, its dead trials queued again.

    Call it once before workers start: two that make one fresh database at a time get in each
    other's way.

    Raises
    ------
    TrainingError
        If the storage cannot be opened.
    MissingExtraError
        If optuna is not installed.
    """
    require("optuna")
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        study = optuna.create_study(
            study_name=config.name,
            storage=_storage(config.storage),
            sampler=_sampler(config),
            direction="minimize",
            load_if_exists=True,
        )
    except Exception as error:  # a database driver raises what it likes
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise TrainingError(
            f"the study '{config.name}' cannot be opened at {config.storage} ({reason}): "
            "give a path for a journal file or a database URL"
        ) from error
    _requeue_the_dead(study)
    return study


def search(
    study: "optuna.Study",
    corpus: PreparedCorpus,
    config: SearchConfig,
    trials: int,
    *,
    device: str = "auto",
    listen: Callable[[int, Mapping[str, Any], Stepped | Evaluated], None] | None = None,
) -> None:
    """Run some more trials of a study.

    Parameters
    ----------
    study : optuna.Study
        From `open_study`.
    corpus : PreparedCorpus
        The prepared chorales.
    config : SearchConfig
        What to search.
    trials : int
        How many more, 1 or above. A grid that is used up ends sooner.
    device : str
        As for `bachbot.training.run.train`.
    listen : callable, optional
        Hears each trial's number, its settings and its events.

    Raises
    ------
    UsageError
        If no trial is asked for.

    Warns
    -----
    BachbotWarning
        If bfloat16 was asked for and the device cannot train in it: every trial is in float32.
    """
    import optuna

    if trials < 1:
        raise UsageError(f"{trials} trials cannot be run: give 1 or more")
    base, where = config.base, find_device(device)
    if base.precision == "bfloat16" and not trains_in_bfloat16(where):
        # Said once, and not again by every trial.
        line = f"{without_bfloat16(where)}: the trials are in float32 instead"
        warnings.warn(line, BachbotWarning, stacklevel=2)
        base = changed(base, {"precision": "float32"})

    def objective(trial: "optuna.Trial") -> float:
        trial.set_user_attr("host", socket.gethostname())
        trial.set_user_attr("process", os.getpid())
        trial.set_user_attr("seen", time.time())
        settings = _suggest(trial, config)

        def hear(event: Stepped | Evaluated) -> None:
            if isinstance(event, Evaluated):
                trial.report(event.validation, event.epoch)
                trial.set_user_attr("seen", time.time())
            if listen is not None:
                listen(trial.number, settings, event)

        try:
            outcome = train(corpus, changed(base, settings), device=device, listen=hear)
        except KeyboardInterrupt:
            study.enqueue_trial(trial.params)
            raise
        except TrainingError as error:
            # A loss that runs away is a result, not the end of the search.
            trial.set_user_attr("error", str(error))
            raise optuna.TrialPruned from error
        best = outcome.best
        for key in ("train", "per_frame", "per_onset", "onset_accuracy", "epoch"):
            trial.set_user_attr(key, best[key])
        trial.set_user_attr("seconds", outcome.record["seconds"])
        return float(best["validation"])

    study.optimize(objective, n_trials=trials)


def leaderboard(study: "optuna.Study") -> list[dict[str, Any]]:
    """Every finished trial, best first.

    Returns
    -------
    list of dict
        ``number``, ``validation``, ``train``, ``seconds`` and each setting by name.
    """
    import optuna

    done = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
    rows = [
        {
            "number": t.number,
            "validation": t.value,
            "train": t.user_attrs.get("train"),
            "seconds": t.user_attrs.get("seconds"),
            **t.params,
        }
        for t in done
    ]
    return sorted(rows, key=lambda row: row["validation"])


def _suggest(trial: "optuna.Trial", config: SearchConfig) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for name, values in config.grid.items():
        if name == "dropout" and config.sampler != "grid" and len(values) > 1:
            settings[name] = trial.suggest_float(name, min(values), max(values))
        else:
            settings[name] = trial.suggest_categorical(name, list(values))
    return settings


def _sampler(config: SearchConfig) -> "optuna.samplers.BaseSampler":
    from optuna import samplers

    if config.sampler == "grid":
        grid = {name: list(values) for name, values in config.grid.items()}
        return samplers.GridSampler(grid, seed=config.base.seed)
    # Not seeded: a study that goes on, or a second worker, must not draw the same trials again.
    return samplers.RandomSampler() if config.sampler == "random" else samplers.TPESampler()


def _storage(where: str) -> Any:
    if "://" in where:
        return where
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

    path = Path(where)
    path.parent.mkdir(parents=True, exist_ok=True)
    return JournalStorage(JournalFileBackend(str(path), lock_obj=JournalFileOpenLock(str(path))))


def _requeue_the_dead(study: "optuna.Study") -> None:
    """Fail the trials whose process is gone, and queue their settings again."""
    import optuna

    for trial in study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,)):
        born = trial.datetime_start.timestamp() if trial.datetime_start else 0.0
        if _alive(trial.user_attrs, born):
            continue
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
        if trial.params:
            study.enqueue_trial(trial.params)


def _alive(marks: Mapping[str, Any], born: float) -> bool:
    if marks.get("host") == socket.gethostname() and os.name == "posix":
        try:
            os.kill(int(marks["process"]), 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return int(marks["process"]) != os.getpid()
    return time.time() - float(marks.get("seen", born)) < _STALE
