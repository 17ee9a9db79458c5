import csv
import json

import numpy as np
import pytest

from bachbot.cli import main
from bachbot.listening.analysis.simulation import Population, simulate_answers
from bachbot.listening.answers_csv import write_csv


@pytest.fixture(scope="module")
def answers():
    population = Population(40, 0.65, left_bias=-0.5, fast_rate=0.1, unheard_rate=0.05)
    return simulate_answers(population, np.random.default_rng(0))


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


def test_help(run):
    printed = run("--help")
    assert "--min-response-time" in printed
    assert "compare them with the original study" in printed


@pytest.mark.slow
def test_the_tables_show_exclusions_and_the_original_study(run, table, answers, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    printed = run(table)
    assert f"all {len(answers)} of 40 participants" in printed
    for words in ("too fast", "not listened", "composition", "0.590", "criterion", "next test"):
        assert words in printed
    assert "standard deviation of participants" in printed
    assert "kept only the trials" in printed


@pytest.mark.slow
def test_all_files_are_written_and_the_json_is_the_same(run, table, tmp_path):
    folder = tmp_path / "new" / "results"
    printed = json.loads(run(table, "--json", "-o", folder))
    assert json.loads((folder / "analysis.json").read_text(encoding="utf-8")) == printed
    assert {p.name for p in folder.iterdir()} == {
        "analysis.json",
        "excluded.csv",
        "by-condition.svg",
        "by-group.svg",
        "along-the-session.svg",
        "by-side.svg",
    }
    with (folder / "excluded.csv").open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    exclusions = printed["exclusions"]
    assert len(rows) == exclusions["answers"] - exclusions["kept"]
    for reason, number in exclusions["excluded"].items():
        assert sum(row["reason"] == reason for row in rows) == number
    assert exclusions["excluded"]["too fast"] > 0


@pytest.mark.slow
def test_charts_as_png(run, table, tmp_path):
    assert f"Wrote {tmp_path}" in run(table, "-o", tmp_path, "--chart-format", "png")
    assert (tmp_path / "by-condition.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_options_set_criteria_and_the_next_test(run, table, answers):
    printed = json.loads(
        run(table, "--json", "--min-response-time", 0, "--min-heard", 0, "--target-proportion", 0.6,
            "--power", 0.9, "--answers-per-participant", 8, "--trials", 60)
    )  # fmt: skip
    assert printed["exclusions"]["kept"] == len(answers)
    (power,) = printed["power"]
    assert (power["answers_per_participant"], power["trials"]) == (8, 60)
    assert (power["proportion"], power["target"]) == (0.6, 0.9)
    whole = json.loads(run(table, "--json", "--exclude-participants", "--same-side-limit", 5))[
        "exclusions"
    ]
    assert whole["excluded"]["participant excluded"] > 0
    assert whole["kept"] + sum(whole["excluded"].values()) == len(answers)


@pytest.mark.slow
def test_answers_are_read_from_a_database(run, answers, table, monkeypatch):
    asked = []
    store = "bachbot.listening.store.answer_store.read_answers"
    monkeypatch.setattr(store, lambda url: asked.append(url) or answers)
    printed = json.loads(run("sqlite:///answers.db", "--json"))
    assert asked == ["sqlite:///answers.db"]
    assert printed == json.loads(run(table, "--json"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["none.csv"], "none.csv is neither a file nor the URL of a database"),
        (["{table}", "--min-heard", "2"], "the minimum share heard is 2.0"),
        (["{table}", "--min-response-time", "3600"], "all 200 answers are excluded"),
        (["{table}", "--target-proportion", "0.5"], "a proportion of 0.5 cannot be"),
        (["{table}", "--trials", "1"], "--trials"),
    ],
)
def test_bad_input_is_rejected_in_one_line(run, table, words, message):
    said = run(*(w.format(table=table) for w in words), status=2)
    assert message in said
    assert said.startswith("bachbot: ")
    assert said.count("\n") == 1


def test_a_bad_row_is_named_in_one_line(run, table, tmp_path):
    bad = tmp_path / "bad.csv"
    lines = table.read_text(encoding="utf-8").splitlines()
    bad.write_text(
        "\n".join([*lines[:3], lines[3].replace(",AT", ",SATB"), lines[4] + ",more"]),
        encoding="utf-8",
    )
    said = run(bad, status=2)
    assert "bad.csv, row" in said
    assert said.count("\n") == 1


def test_a_folder_that_cannot_be_created_is_reported_first(run, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    said = run("none.csv", "-o", tmp_path / "file" / "in", status=1)
    assert "could not be created" in said
