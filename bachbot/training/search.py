"""Hyperparameter search with optuna: grid, random, or TPE."""

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
from bachbot.training.kinds import KINDS
from bachbot.training.objective import Evaluated, Stepped
from bachbot.training.run import train

if TYPE_CHECKING:
    import optuna

SamplerName = Literal["grid", "random", "tpe"]

_STALE = 3600.0
"""Seconds without a report after which a trial on another machine counts as killed."""


@dataclass(frozen=True)
class SearchConfig:
    """Settings of a search.

    Parameters
    ----------
    base : TrainingConfig
        Settings of every trial, except those that are searched.
    name : str
        Name of the study; a storage can hold several.
    sampler : {"grid", "random", "tpe"}
        How the settings of a trial are chosen: all points of the grid in random order, at random,
        or by the tree-structured Parzen estimator (Bergstra and others, 2011). Random search and
        TPE choose from the values of the grid, and dropout from their whole range.
    storage : str
        Path of a journal file, or URL of a database that optuna supports.
    grid : mapping of str to tuple, optional
        Values to try, by setting. Default: those of the kind of model.

    Raises
    ------
    UsageError
        If the sampler or a setting of the grid is unknown, or a value is out of range.
    """

    base: TrainingConfig
    name: str = "bachbot"
    sampler: SamplerName = "tpe"
    storage: str = "runs/search.journal"
    grid: Mapping[str, tuple[float, ...]] = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if self.grid is None:
            object.__setattr__(self, "grid", KINDS[self.base.kind].grid)
        if self.sampler not in get_args(SamplerName):
            known = ", ".join(get_args(SamplerName))
            raise UsageError(f"there is no sampler '{self.sampler}': give one of {known}")
        if not self.grid or any(not values for values in self.grid.values()):
            raise UsageError("the grid has no values: give some with --grid NAME=A,B")
        for name, values in self.grid.items():
            for value in values:
                changed(self.base, {name: value})


SearchCallback = Callable[[int, Mapping[str, Any], Stepped | Evaluated], None]
"""Called with the number of a trial, its settings and its events."""


def open_study(config: SearchConfig) -> "optuna.Study":
    """Open the study, or create it, and queue its killed trials again.

    Call it once before several workers start, since two of them cannot create the same database at
    the same time.

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
    except Exception as error:  # database drivers raise exceptions of many types
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise TrainingError(
            f"the study '{config.name}' cannot be opened at {config.storage} ({reason}): "
            "give a path for a journal file or a database URL"
        ) from error
    _requeue_killed(study)
    return study


def search(
    study: "optuna.Study",
    corpus: PreparedCorpus,
    config: SearchConfig,
    trials: int,
    *,
    device: str = "auto",
    callback: SearchCallback | None = None,
) -> None:
    """Run more trials of a study.

    Parameters
    ----------
    study : optuna.Study
        From `open_study`.
    corpus : PreparedCorpus
        The prepared chorales.
    config : SearchConfig
        Settings of the search.
    trials : int
        Number of trials, 1 or more. The search ends earlier when all points of a grid are done.
    device : str
        As in `bachbot.training.run.train`.
    callback : callable, optional
        Called with the number of the trial, its settings and each of its events.

    Raises
    ------
    UsageError
        If `trials` is less than 1, or there is no such device.

    Warns
    -----
    BachbotWarning
        If the config says bfloat16 and the device cannot train in it: all trials are in float32.
    """
    import optuna

    if trials < 1:
        raise UsageError(f"{trials} trials cannot be run: give 1 or more")
    base, where = config.base, find_device(device)
    if base.precision == "bfloat16" and not trains_in_bfloat16(where):
        # Warn once, not in every trial.
        line = f"{without_bfloat16(where)}: the trials are in float32 instead"
        warnings.warn(line, BachbotWarning, stacklevel=2)
        base = changed(base, {"precision": "float32"})

    def objective(trial: "optuna.Trial") -> float:
        trial.set_user_attr("host", socket.gethostname())
        trial.set_user_attr("process", os.getpid())
        trial.set_user_attr("seen", time.time())
        settings = _suggest(trial, config)

        def report(event: Stepped | Evaluated) -> None:
            if isinstance(event, Evaluated):
                trial.report(event.validation, event.epoch)
                trial.set_user_attr("seen", time.time())
            if callback is not None:
                callback(trial.number, settings, event)

        try:
            result = train(corpus, changed(base, settings), device=device, callback=report)
        except KeyboardInterrupt:
            study.enqueue_trial(trial.params)
            raise
        except TrainingError as error:
            # A loss that diverges is the result of a trial, not the end of the search.
            trial.set_user_attr("error", str(error))
            raise optuna.TrialPruned from error
        best = result.best
        for key in ("train", "per_frame", "per_onset", "onset_accuracy", "epoch"):
            trial.set_user_attr(key, best[key])
        trial.set_user_attr("seconds", result.record["seconds"])
        return float(best["validation"])

    study.optimize(objective, n_trials=trials)


def leaderboard(study: "optuna.Study") -> list[dict[str, Any]]:
    """Every finished trial, best first.

    Returns
    -------
    list of dict
        ``number``, ``validation``, ``train`` and ``seconds``, and each setting by name.
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
    # Not seeded: a study that is continued, or a second worker, must not repeat the same trials.
    return samplers.RandomSampler() if config.sampler == "random" else samplers.TPESampler()


def _storage(where: str) -> Any:
    if "://" in where:
        return where
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

    path = Path(where)
    path.parent.mkdir(parents=True, exist_ok=True)
    return JournalStorage(JournalFileBackend(str(path), lock_obj=JournalFileOpenLock(str(path))))


def _requeue_killed(study: "optuna.Study") -> None:
    """Mark the trials whose process is gone as failed, and queue their settings again."""
    import optuna

    for trial in study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,)):
        started = trial.datetime_start.timestamp() if trial.datetime_start else 0.0
        if _is_alive(trial.user_attrs, started):
            continue
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
        if trial.params:
            study.enqueue_trial(trial.params)


def _is_alive(attributes: Mapping[str, Any], started: float) -> bool:
    if attributes.get("host") == socket.gethostname() and os.name == "posix":
        try:
            os.kill(int(attributes["process"]), 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return int(attributes["process"]) != os.getpid()
    return time.time() - float(attributes.get("seen", started)) < _STALE
