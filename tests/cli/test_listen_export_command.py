"""``bachbot listen export`` and ``score``: what they write, print and refuse."""

import csv
import json

import pytest
from listening_made import PIECES
from made_checkpoints import random_lookahead

from bachbot.cli import main
from bachbot.corpus.store import PreparedCorpus
from bachbot.listening.answers_csv import UNSCORED_HEADER
from bachbot.runtime.checkpoint import save_checkpoint

pytestmark = pytest.mark.filterwarnings("ignore::bachbot.errors.BachbotWarning")


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """Options that name a small corpus, a model of random weights and a quick way through."""
    folder = tmp_path_factory.mktemp("given")
    PreparedCorpus(tuple(PIECES)).save(folder / "small.npz")
    save_checkpoint(folder / "model", random_lookahead())
    return [
        "--corpus", folder / "small.npz", "--checkpoint", folder / "model", "--decoder", "greedy",
        "--audio-only", "--format", "wav",
    ]  # fmt: skip


@pytest.fixture
def run(capsys):
    """Runs the command and gives what it printed."""

    def call(*words, status=0):
        assert main(["listen", *map(str, words)]) == status
        captured = capsys.readouterr()
        return captured.err if status else captured.out

    return call


def test_help(run):
    printed = " ".join(run("export", "--help").split())
    assert "--audio-only" in printed
    assert "original study" in printed


@pytest.mark.slow
def test_a_test_is_exported_taken_and_scored(run, given, tmp_path):
    folder = tmp_path / "listen"
    printed = run("export", folder, "--trials", 2, "--conditions", "S,ATB", "--seed", 4, *given)
    assert f"{folder}: 2 trials (1 S, 1 ATB)" in printed
    key = tmp_path / "listen-key.json"
    assert f"{key}: the answer key" in printed
    assert json.loads(key.read_text(encoding="utf-8"))["seed"] == 4
    listed = json.loads((folder / "trials.json").read_text(encoding="utf-8"))["trials"]
    entries = json.loads(key.read_text(encoding="utf-8"))["trials"]
    unscored, answers = tmp_path / "unscored.csv", tmp_path / "answers.csv"
    with unscored.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(UNSCORED_HEADER)
        for position, trial in enumerate(listed, start=1):
            left, right = (c["id"] for c in trial["clips"])
            writer.writerow(
                ["p", trial["id"], left, right, "left", position, 60, 1, 1, 1, 1, "26-45", "expert",
                 "2026-05-01T12:30:00Z"]
            )  # fmt: skip
    printed = run("score", unscored, "--key", key, "-o", answers)
    assert "2 answers of 1 participants to 2 trials" in printed
    with answers.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row, trial in zip(rows, listed, strict=True):
        bach = entries[trial["id"]]["bach"]
        assert (row["correct"] == "true") is (trial["clips"][0]["id"] == bach)
        assert row["condition"] == trial["condition"]
    assert json.loads(run("analyze", answers, "--json"))["overall"]["answers"] == 2
    assert "is one of the files to read" in run(
        "score", unscored, "--key", key, "-o", unscored, status=2
    )


@pytest.mark.slow
def test_the_key_has_its_option_and_a_random_seed(run, given, tmp_path):
    key = tmp_path / "elsewhere.json"
    run("export", tmp_path / "a", "--trials", 1, "--conditions", "T", "--key", key, *given)
    assert json.loads(key.read_text(encoding="utf-8"))["seed"] > 0
    assert not (tmp_path / "a-key.json").exists()


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["--key", "DIR/key.json"], 2, "where participants can read it"),
        (["--conditions", "SATB"], 2, "'SATB' is not a condition"),
        (["--trials", 0], 2, "0 trials: give 1 to 1000"),
        (["--format", "flac"], 2, "formats 'flac'"),
        (["--sound", "kazoo"], 2, "'kazoo' is not a sound"),
        (["--tempo", 300], 2, "a tempo of 300"),
        (["--decoder", "guess"], 2, "there is no decoder 'guess'"),
        (
            ["--trials", 13, "--conditions", "S"],
            2,
            "only 12 pieces are suitable",
        ),
    ],
)
def test_bad_input_is_rejected_and_nothing_is_written(run, given, tmp_path, words, status, message):
    folder = tmp_path / "listen"
    words = [str(w).replace("DIR", str(folder)) for w in words]
    assert message in run("export", folder, *given, *words, status=status)
    assert not list(tmp_path.iterdir())


def test_an_existing_folder_is_not_changed(run, given, tmp_path):
    (tmp_path / "mine.txt").touch()
    assert "exists already" in run("export", tmp_path, *given, status=1)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]
