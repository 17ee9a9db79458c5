import json

import numpy as np
import pytest
from detection_made import small_forest, some, with_fifths

from bachbot.chorale import Key
from bachbot.cli import main
from bachbot.corpus.store import Piece, PreparedCorpus

PARTS = ["train"] * 12 + ["validation", "test"] * 7


@pytest.fixture(scope="module", autouse=True)
def _small_forest():
    with small_forest():
        yield


def saved(path, pieces, parts=PARTS):
    rows = [
        Piece(piece, Key(), f"family {n}", {"tune": part, "file": part})
        for n, (piece, part) in enumerate(zip(pieces, parts, strict=True))
    ]
    PreparedCorpus(tuple(rows)).save(path)
    return path


def as_npz(path, pieces):
    np.savez(
        path,
        pitch=np.concatenate([piece.pitch for piece in pieces]).astype(np.int8),
        length=np.array([piece.frames for piece in pieces]),
    )
    return path


@pytest.fixture(scope="module")
def corpus_file(tmp_path_factory):
    return saved(tmp_path_factory.mktemp("corpus") / "made-up.npz", some(1, len(PARTS), beats=16))


@pytest.fixture
def run(corpus_file, capsys):
    """Runs the command on the made-up corpus and gives what it printed."""

    def call(*words, status=0, corpus=corpus_file):
        given = ["evaluate", "detect", "--corpus", corpus, *words]
        assert main([str(w) for w in given]) == status
        captured = capsys.readouterr()
        return captured.err if status else captured.out

    return call


@pytest.mark.slow
def test_planted_fifths_are_detected_in_files(run, tmp_path):
    mine = as_npz(tmp_path / "mine.npz", [with_fifths(c) for c in some(2, 20, beats=16)])
    result = json.loads(run(mine, "--permutations", 3, "--json"))
    found = result["columns"]["yours"]
    assert list(result["columns"]) == ["yours", "Bach and Bach"]
    assert (found["pairs"], found["level"]) == (14, "notes")
    assert found["accuracy"] > 0.8
    assert found["p"] == 1 / 4
    assert found["top_features"][0]["feature"] == "rule: parallel fifths"
    control = result["columns"]["Bach and Bach"]
    assert (control["pairs"], control["level"]) == (13, "notes")
    assert control["accuracy"] < found["accuracy"]
    assert control["top_features"] == []


@pytest.mark.slow
def test_a_checkpoint_compared_with_another_set(run, untrained, tmp_path):
    theirs = as_npz(tmp_path / "theirs.npz", some(3, 16, beats=16))
    words = ["--checkpoint", untrained, "--against", theirs, "--permutations", 0]
    result = json.loads(run(*words, "--json"))
    columns = result["columns"]
    assert list(columns) == ["bachbot", "bachbot, notes only", "theirs", "Bach and Bach"]
    assert [c["level"] for c in columns.values()] == ["score", "notes", "notes", "score"]
    # Random weights are no musician.
    assert columns["bachbot"]["accuracy"] > 0.9
    assert columns["theirs"]["accuracy"] < columns["bachbot"]["accuracy"]
    assert columns["bachbot"]["p"] is None
    assert "held-out part of the split by tune" in result["title"]
    table = " ".join(run(*words).split())
    assert "bachbot: top features" in table
    assert "which of a pair is Bach's" in table
    assert columns["bachbot"]["top_features"][0]["feature"].split()[0] in table


@pytest.mark.slow
def test_parts_are_chosen(run, tmp_path):
    mine = as_npz(tmp_path / "mine.npz", some(2, 20, beats=16))
    words = [mine, "--permutations", 0, "--json"]
    for part, pairs in (("train", 12), ("held-out", 14)):
        assert json.loads(run(*words, "--part", part))["columns"]["yours"]["pairs"] == pairs
    limited = json.loads(run(*words, "--limit", 11))["columns"]
    assert limited["yours"]["pairs"] == limited["Bach and Bach"]["pairs"] == 11


@pytest.mark.slow
def test_too_few_tunes_for_a_control(tmp_path, capsys):
    mine = as_npz(tmp_path / "mine.npz", some(2, 12, beats=16))
    few = saved(tmp_path / "few.npz", some(1, 14, beats=16), PARTS[12:])
    words = ["evaluate", "detect", mine, "--permutations", 0, "--json", "--corpus", few]
    assert main([str(w) for w in words]) == 0
    captured = capsys.readouterr()
    assert list(json.loads(captured.out)["columns"]) == ["yours"]
    assert (
        "14 tunes, but 20 or more are needed to compare two halves of Bach's pieces" in captured.err
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["--part", "exam"], 2, "there is no part 'exam'"),
        (["--split", "luck"], 2, "of a split 'luck'"),
        (
            ["--part", "test"],
            2,
            "too few pieces to train a classifier on (7 in each set, on 7 tunes)",
        ),
        (["--set", "dreamt"], 2, "there is no set 'dreamt': give one of harmonized, composed"),
        (["--against", "no.npz"], 1, "there is no file no.npz"),
        (["--checkpoint", "nobody"], 1, "nobody"),
    ],
)
def test_an_error_is_one_line(run, untrained, words, status, said):
    named = [] if "--checkpoint" in words else ["--checkpoint", untrained]
    err = run(*named, "--permutations", 0, *words, status=status)
    errors = [line for line in err.splitlines() if "warning" not in line]
    assert len(errors) == 1
    assert said in errors[0]


def test_files_exclude_a_checkpoint(run, untrained, tmp_path):
    mine = as_npz(tmp_path / "mine.npz", some(2, 1))
    err = run(mine, "--checkpoint", untrained, status=2)
    assert "--checkpoint has no effect when files are given" in err
    assert "(1 in each set, on 1 tune)" in run(mine, status=2)
