"""``bachbot listen export`` and ``score``: what they write, print and refuse."""

import csv
import json

import pytest
from listening_made import PIECES
from made_checkpoints import random_lookahead

from bachbot.cli import main
from bachbot.corpus.store import PreparedCorpus
from bachbot.listening.answers_csv import RAW_HEADER
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


def test_it_explains_itself(run):
    told = " ".join(run("export", "--help").split())
    assert "--audio-only" in told
    assert "its proportions" in told


def test_a_test_is_written_taken_and_scored(run, given, tmp_path):
    folder = tmp_path / "listen"
    told = run("export", folder, "--trials", 2, "--types", "S,ATB", "--seed", 4, *given)
    assert f"{folder}: 2 trials (1 S, 1 ATB)" in told
    key = tmp_path / "listen-key.json"
    assert f"{key}: the key" in told
    assert json.loads(key.read_text(encoding="utf-8"))["seed"] == 4
    listed = json.loads((folder / "trials.json").read_text(encoding="utf-8"))["trials"]
    solutions = json.loads(key.read_text(encoding="utf-8"))["trials"]
    raw, answers = tmp_path / "raw.csv", tmp_path / "answers.csv"
    with raw.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(RAW_HEADER)
        for order, trial in enumerate(listed, start=1):
            left, right = (c["id"] for c in trial["clips"])
            writer.writerow(
                ["p", trial["id"], left, right, "left", order, 60, 1, 1, 1, 1, "26-45", "expert",
                 "2026-05-01T12:30:00Z"]
            )  # fmt: skip
    told = run("score", raw, "--key", key, "-o", answers)
    assert "2 answers, participants 1, trials 2" in told
    with answers.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row, trial in zip(rows, listed, strict=True):
        bach = solutions[trial["id"]]["bach"]
        assert (row["correct"] == "true") is (trial["clips"][0]["id"] == bach)
        assert row["type"] == trial["type"]
    assert json.loads(run("analyze", answers, "--json"))["overall"]["answers"] == 2
    assert "is a file that is read" in run("score", raw, "--key", key, "-o", raw, status=2)


def test_the_key_goes_where_it_is_wanted_and_a_seed_is_drawn(run, given, tmp_path):
    key = tmp_path / "elsewhere.json"
    run("export", tmp_path / "a", "--trials", 1, "--types", "T", "--key", key, *given)
    assert json.loads(key.read_text(encoding="utf-8"))["seed"] > 0
    assert not (tmp_path / "a-key.json").exists()


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["--key", "DIR/key.json"], 2, "for all participants to read"),
        (["--types", "SATB"], 2, "'SATB' is no type"),
        (["--trials", 0], 2, "0 trials: give 1 to 1000"),
        (["--format", "flac"], 2, "formats 'flac'"),
        (["--sound", "kazoo"], 2, "'kazoo' is not a sound"),
        (["--tempo", 300], 2, "a tempo of 300"),
        (["--decoder", "guess"], 2, "there is no decoder 'guess'"),
        (["--trials", 13, "--types", "S"], 2, "only 12 pieces will do for trials of type S"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_written(run, given, tmp_path, words, status, told):
    folder = tmp_path / "listen"
    words = [str(w).replace("DIR", str(folder)) for w in words]
    assert told in run("export", folder, *given, *words, status=status)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_there_is_left_alone(run, given, tmp_path):
    (tmp_path / "mine.txt").touch()
    assert "is there already" in run("export", tmp_path, *given, status=1)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]
