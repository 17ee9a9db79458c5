import importlib.util
import tomllib
from pathlib import Path

import numpy as np
import pytest

import bachbot
from bachbot.errors import BachbotError, MissingExtraError
from bachbot.evaluation.detection import measure
from bachbot.extras import EXTRAS, missing_extra, require
from bachbot.listening.analysis.results import analyze_answers
from bachbot.listening.analysis.simulation import Population, simulate_answers
from bachbot.training.kinds import preset
from bachbot.training.search import SearchConfig, open_study

PROJECT = Path(__file__).parents[1] / "pyproject.toml"


def test_the_table_is_that_of_the_project():
    declared = tomllib.loads(PROJECT.read_text())["project"]
    extras = declared["optional-dependencies"]
    of_use = {
        name: {line.split(">")[0].split("[")[0] for line in extras[name]}
        for name in extras
        if name not in ("all", "dev")
    }
    table = {}
    for package, extra in EXTRAS.values():
        table.setdefault(extra, set()).add(package)
    assert of_use == table
    assert extras["all"] == [f"bachbot[{','.join(of_use)}]"]
    assert "bachbot[all]" in extras["dev"]
    at_hand = " ".join(declared["dependencies"])
    assert not any(package in at_hand for package, _ in EXTRAS.values())


def test_what_is_there_may_be_used():
    for module in EXTRAS:
        if importlib.util.find_spec(module) is not None:
            require(module)


@pytest.mark.parametrize("module", EXTRAS)
def test_what_is_missing_is_told_with_the_line_to_type(module, monkeypatch):
    monkeypatch.setattr("bachbot.extras.find_spec", lambda _: None)
    package, extra = EXTRAS[module]
    with pytest.raises(MissingExtraError) as caught:
        require(module)
    assert str(caught.value) == (
        f'this needs {package}, which is not installed: type  pip install "bachbot[{extra}]"'
    )
    assert caught.value.name == module
    assert isinstance(caught.value, BachbotError)
    assert isinstance(caught.value, ImportError)
    said = missing_extra(ModuleNotFoundError("No module named 'it'", name=module))
    assert str(said) == str(caught.value)


@pytest.mark.parametrize(
    "error",
    [
        ModuleNotFoundError("No module named 'music21'", name="music21"),
        ModuleNotFoundError("No module named 'torch._C'", name="torch._C"),
        ImportError("cannot import name 'nn' from 'torch'", name="torch"),
        ImportError("libgomp.so.1: cannot open shared object file"),
    ],
)
def test_other_failures_are_not_taken_for_a_missing_extra(error):
    assert missing_extra(error) is None


def test_functions_that_need_an_extra_say_so_before_they_work(monkeypatch, tmp_path):
    monkeypatch.setattr("bachbot.extras.find_spec", lambda _: None)
    answers = simulate_answers(Population(10, 0.6), np.random.default_rng(0))
    with pytest.raises(MissingExtraError, match=r"needs statsmodels, .*evaluate"):
        analyze_answers(answers)
    with pytest.raises(MissingExtraError, match=r"needs scikit-learn, .*evaluate"):
        measure([], [], [])
    config = SearchConfig(base=preset("tiny"), storage=str(tmp_path / "study.journal"))
    with pytest.raises(MissingExtraError, match=r"needs optuna, .*train"):
        open_study(config)
    assert list(tmp_path.iterdir()) == []


def test_type_checkers_read_the_package():
    assert (Path(bachbot.__file__).parent / "py.typed").is_file()
