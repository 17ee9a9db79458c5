import os
import subprocess
import sys
import warnings

import pytest

from bachbot.errors import TrainingError, UsageError
from bachbot.training.config import changed
from bachbot.training.kinds import KINDS, preset
from bachbot.training.search import SearchConfig, leaderboard, open_study, search

BASE = changed(preset("tiny"), {"epochs": 1})
SMALL = {"layers": (1, 2), "dropout": (0.0, 0.3)}


@pytest.fixture(autouse=True)
def quiet_optuna():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # optuna warns of experimental features
        yield


def _config(tmp_path, **changes):
    settings = {"base": BASE, "sampler": "grid", "grid": SMALL, "storage": str(tmp_path / "s.log")}
    return SearchConfig(**settings | changes)


@pytest.mark.parametrize("name", ["paper", "lookahead"])
def test_the_default_grid_is_that_of_the_kind(name):
    assert SearchConfig(preset(name)).grid == KINDS[preset(name).kind].grid


@pytest.mark.slow
def test_a_grid_is_searched_completely_and_trials_add_up(corpus, tmp_path):
    config = _config(tmp_path)
    search(open_study(config), corpus, config, 1, device="cpu")
    assert len(leaderboard(open_study(config))) == 1
    search(open_study(config), corpus, config, 2, device="cpu")
    assert len(leaderboard(open_study(config))) == 3
    search(open_study(config), corpus, config, 9, device="cpu")
    rows = leaderboard(open_study(config))
    points = {(row["layers"], row["dropout"]) for row in rows}
    assert points == {(1, 0.0), (1, 0.3), (2, 0.0), (2, 0.3)}
    assert len(rows) == 4
    scores = [row["validation"] for row in rows]
    assert scores == sorted(scores)
    assert all(row["train"] > 0 and row["seconds"] > 0 for row in rows)


@pytest.mark.slow
@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_other_samplers_stay_inside_the_grid(corpus, tmp_path, sampler):
    config = _config(tmp_path, sampler=sampler, storage=f"sqlite:///{tmp_path}/study.db")
    events = []
    study = open_study(config)
    search(study, corpus, config, 2, device="cpu", callback=lambda *event: events.append(event))
    rows = leaderboard(study)
    assert len(rows) == 2
    assert all(row["layers"] in (1, 2) and 0 <= row["dropout"] <= 0.3 for row in rows)
    assert {number for number, *_ in events} == {0, 1}
    assert events[0][1].keys() == SMALL.keys()


KILLED = """
import os, pathlib, signal, sys
from bachbot.corpus.store import PreparedCorpus
from bachbot.training.config import changed
from bachbot.training.kinds import KINDS, preset
from bachbot.training.search import SearchConfig, open_study, search
config = SearchConfig(changed(preset("tiny"), {"epochs": 1}), sampler="grid",
    grid={"layers": (1, 2), "dropout": (0.0, 0.3)}, storage=sys.argv[2])
def callback(number, settings, event):
    if number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
search(open_study(config), PreparedCorpus.load(pathlib.Path(sys.argv[1])), config, 4,
    device="cpu", callback=callback)
"""


@pytest.mark.slow
def test_a_killed_trial_is_repeated(corpus, corpus_file, tmp_path):
    import optuna

    config = _config(tmp_path)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-c", KILLED, corpus_file, config.storage],
        capture_output=True,
        check=False,
        env=environment,
    )
    assert done.returncode == -9, done.stderr
    study = open_study(config)
    states = [t.state for t in study.trials]
    assert states == [
        optuna.trial.TrialState.COMPLETE,
        optuna.trial.TrialState.FAIL,
        optuna.trial.TrialState.WAITING,
    ]
    search(study, corpus, config, 5, device="cpu")
    points = {(row["layers"], row["dropout"]) for row in leaderboard(study)}
    assert len(points) == 4
    assert (study.trials[1].params["layers"], study.trials[1].params["dropout"]) in points


@pytest.mark.slow
def test_an_interrupted_trial_is_repeated(corpus, tmp_path):
    config = _config(tmp_path)

    def interrupt(*_):
        raise KeyboardInterrupt

    study = open_study(config)
    with pytest.raises(KeyboardInterrupt):
        search(study, corpus, config, 2, device="cpu", callback=interrupt)
    search(open_study(config), corpus, config, 4, device="cpu")
    points = {(row["layers"], row["dropout"]) for row in leaderboard(open_study(config))}
    assert len(points) == 4


@pytest.mark.slow
def test_settings_that_cannot_be_searched_are_refused(corpus, tmp_path):
    with pytest.raises(UsageError, match="no sampler 'best': give one of grid, random, tpe"):
        _config(tmp_path, sampler="best")
    with pytest.raises(UsageError, match="there is no setting 'width'"):
        _config(tmp_path, grid={"width": (1,)})
    with pytest.raises(UsageError, match="layers is 99"):
        _config(tmp_path, grid={"layers": (1, 99)})
    with pytest.raises(UsageError, match="the grid has no values"):
        _config(tmp_path, grid={"layers": ()})
    with pytest.raises(UsageError, match="0 trials cannot be run"):
        search(open_study(_config(tmp_path)), corpus, _config(tmp_path), 0)
    with pytest.raises(TrainingError, match=r"cannot be opened at nothing://here .*: give a path"):
        open_study(_config(tmp_path, storage="nothing://here"))
