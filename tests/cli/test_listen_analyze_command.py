import csv
import json
import sys
from types import ModuleType

import numpy as np
import pytest

from bachbot.cli import main
from bachbot.listening.analysis.power import Crowd, simulate
from bachbot.listening.answers_csv import write_csv


@pytest.fixture(scope="module")
def answers():
    crowd = Crowd(40, 0.65, leaning=-0.5, hasty=0.1, unheard=0.05)
    return simulate(crowd, np.random.default_rng(0))


@pytest.fixture(scope="module")
def table(answers, tmp_path_factory):
    path = tmp_path_factory.mktemp("answers") / "answers.csv"
    write_csv(answers, path)
    return path


@pytest.fixture
def run(capsys):
    """Runs the command and gives what it printed, however wide the screen."""

    def call(*words, status=0):
        assert main(["listen", "analyze", *map(str, words)]) == status
        captured = capsys.readouterr()
        return captured.err if status else " ".join(captured.out.split())

    return call


def test_it_explains_itself(run):
    told = run("--help")
    assert "--fastest" in told
    assert "beside the original's" in told


def test_the_tables_tell_answers_in_and_out_and_stand_beside_the_originals(
    run, table, answers, monkeypatch
):
    monkeypatch.setenv("COLUMNS", "200")
    told = run(table)
    assert f"came in │ {len(answers)} │ of 40 participants" in told
    for words in ("too fast", "not heard", "composition", "0.590", "criterion", "the next test"):
        assert words in told
    assert "spread of participants" in told
    assert "kept only the trials" in told


def test_the_json_is_that_of_the_folder_and_every_file_is_written(run, table, tmp_path):
    folder = tmp_path / "new" / "results"
    printed = json.loads(run(table, "--json", "-o", folder))
    assert json.loads((folder / "analysis.json").read_text(encoding="utf-8")) == printed
    assert {p.name for p in folder.iterdir()} == {
        "analysis.json",
        "left-out.csv",
        "by-type.svg",
        "by-group.svg",
        "along-the-session.svg",
        "by-side.svg",
    }
    with (folder / "left-out.csv").open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    exclusions = printed["exclusions"]
    assert len(rows) == exclusions["answers"] - exclusions["kept"]
    for reason, number in exclusions["left_out"].items():
        assert sum(row["reason"] == reason for row in rows) == number
    assert exclusions["left_out"]["too fast"] > 0


def test_figures_as_pixels(run, table, tmp_path):
    assert f"written to {tmp_path}" in run(table, "-o", tmp_path, "--figures", "png")
    assert (tmp_path / "by-type.png").read_bytes().startswith(b"\x89PNG")


def test_the_rules_and_the_next_test_are_as_asked(run, table, answers):
    told = json.loads(
        run(table, "--json", "--fastest", 0, "--heard", 0, "--tell", 0.6, "--power", 0.9,
            "--each", 8, "--trials", 60)
    )  # fmt: skip
    assert told["exclusions"]["kept"] == len(answers)
    (power,) = told["power"]
    assert (power["answers_each"], power["trials"]) == (8, 60)
    assert (power["proportion"], power["wanted"]) == (0.6, 0.9)
    whole = json.loads(run(table, "--json", "--whole", "--one-side", 5))["exclusions"]
    assert whole["left_out"]["participant left out whole"] > 0
    assert whole["kept"] + sum(whole["left_out"].values()) == len(answers)


def test_a_database_is_read_by_its_store(run, answers, table, monkeypatch):
    store = ModuleType("bachbot.listening.store.store")
    asked = []
    store.read = lambda url: asked.append(url) or answers
    monkeypatch.setitem(sys.modules, store.__name__, store)
    told = json.loads(run("sqlite:///answers.db", "--json"))
    assert asked == ["sqlite:///answers.db"]
    assert told == json.loads(run(table, "--json"))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["none.csv"], "none.csv is neither a file nor a database's address"),
        (["{table}", "--heard", "2"], "the share to be heard is 2.0"),
        (["{table}", "--fastest", "3600"], "none of 200 answers is left"),
        (["{table}", "--tell", "0.5"], "a proportion of 0.5 cannot be told"),
        (["{table}", "--trials", "1"], "--trials"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(run, table, words, told):
    said = run(*(w.format(table=table) for w in words), status=2)
    assert told in said
    assert said.startswith("bachbot: ")
    assert said.count("\n") == 1


def test_a_bad_row_is_told_in_one_line(run, table, tmp_path):
    bad = tmp_path / "bad.csv"
    lines = table.read_text(encoding="utf-8").splitlines()
    bad.write_text(
        "\n".join([*lines[:3], lines[3].replace(",AT", ",SATB"), lines[4] + ",more"]),
        encoding="utf-8",
    )
    said = run(bad, status=2)
    assert "bad.csv, row" in said
    assert said.count("\n") == 1


def test_a_folder_that_cannot_be_made_is_told_before_any_work(run, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    said = run("none.csv", "-o", tmp_path / "file" / "in", status=1)
    assert "could not be made" in said
