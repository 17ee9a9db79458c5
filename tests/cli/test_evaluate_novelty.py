"""``bachbot evaluate novelty``: what is found in whose pieces, and what it refuses."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from novelty_made import moved, piece, quarters

from bachbot.chorale import VOICES, Key
from bachbot.cli import main
from bachbot.corpus.store import Piece, PreparedCorpus
from bachbot.scores import load_score

BWV269 = Path(importlib.util.find_spec("music21").origin).parent / "corpus/bach/bwv269.mxl"
NOTES = (72, 71, 69, 71, 72, 74, 76, 72)
MADE = piece(*(quarters(*(p - 8 * v for p in NOTES)) for v in range(4)), name="made")
OTHER = piece(*(quarters(*(p - 9 * v for p in NOTES[::-1])) for v in range(4)), name="other")


@pytest.fixture(scope="module")
def prepared_small(tmp_path_factory):
    bach = load_score(BWV269, voices=VOICES).chorale
    pieces = [
        Piece(chorale, key, chorale.name, dict.fromkeys(("tune", "file"), part))
        for chorale, key, part in [
            (bach.normalized(), bach.key, "train"),
            (MADE, Key(), "train"),
            (OTHER, Key(), "test"),
            (moved(MADE, 2), Key(), "test"),
        ]
    ]
    path = tmp_path_factory.mktemp("novelty") / "small.npz"
    PreparedCorpus(tuple(pieces)).save(path)
    return path


@pytest.fixture
def run(prepared_small, capsys, monkeypatch):
    """Runs the command on that corpus and gives what it printed."""
    monkeypatch.setenv("COLUMNS", "300")

    def call(*words, status=0):
        given = ["evaluate", "novelty", "--corpus", prepared_small, *words]
        assert main([str(w) for w in given]) == status
        captured = capsys.readouterr()
        return captured.err if status else " ".join(captured.out.split())

    return call


@pytest.mark.slow
def test_a_training_piece_in_a_file_is_found_in_its_own_key(run):
    result = json.loads(run(BWV269, "--json"))
    assert "test part of the split by tune, compared with 2 training pieces" in result["title"]
    assert result["written"] == ["soprano", "alto", "tenor", "bass"]
    [yours] = result["columns"]["yours"]["pieces"]
    bach = load_score(BWV269, voices=VOICES).chorale
    for name, found in yours["groups"].items():
        columns = [v for v in VOICES if name in (v.label, "four voices")]
        assert found["longest"]["notes"] == bach.onset[:, columns].any(axis=1).sum()
        assert found["longest"]["source"]["piece"] == "bwv269"
        assert (found["longest"]["bar"], found["longest"]["source"]["higher"]) == (0, 0)
        assert len(found["copied"]) == found["bars"]
    table = run(BWV269)
    assert "four voices" in table
    assert "20 of 20 bars copied" in table
    assert "bwv269, bar 0" in table
    assert "2 of Bach's" in table


def test_given_voices_are_left_out(run):
    result = json.loads(run(BWV269, "--given", "soprano", "--json"))
    assert result["written"] == ["alto", "tenor", "bass"]
    groups = list(result["columns"]["yours"]["figures"])
    assert groups == ["alto", "tenor", "bass", "alto, tenor, bass", "four voices"]


@pytest.mark.slow
def test_a_transposed_copy_in_an_npz_file(run, tmp_path):
    arrays = {"pitch": np.concatenate([MADE.pitch + 5, OTHER.pitch]), "length": np.array([32, 32])}
    np.savez(tmp_path / "set.npz", **arrays)
    result = json.loads(run(tmp_path / "set.npz", "--json"))
    assert result["title"].endswith("repeated notes held")
    copy, other = (p["groups"]["four voices"] for p in result["columns"]["yours"]["pieces"])
    assert (copy["longest"]["notes"], copy["longest"]["source"]["higher"]) == (8, 5)
    assert copy["longest"]["source"]["piece"] == "made"
    assert len(copy["copied"]) == copy["bars"] == 2
    assert other["longest"] is None
    table = run(tmp_path / "set.npz")
    assert "made, bar 1, 5 semitones higher" in table
    assert "2 of 2 bars copied" in table
    assert "2 of yours" in table


@pytest.mark.slow
@pytest.mark.parametrize("name", ["harmonized", "composed"])
def test_what_a_checkpoint_writes_is_compared_with_bach(run, untrained, name):
    words = ["--checkpoint", untrained, "--set", name]
    result = json.loads(run(*words, "--json"))
    assert result["written"] == [v.label for v in VOICES if name == "composed" or v]
    assert list(result["columns"]) == ["Bach", "bachbot"]
    for column in result["columns"].values():
        assert column["figures"]["four voices"]["longest_notes"]["pieces"] == 2
    # The second of Bach's is a training piece that was moved: none of it is new.
    his = result["columns"]["Bach"]["figures"]["four voices"]
    assert his["longest_notes"]["maximum"] == 8
    assert his["copied_bars"]["mean"] == 1 / 2
    ours = result["columns"]["bachbot"]["figures"]["four voices"]
    assert ours["copied_bars"]["mean"] < 1 / 2
    table = run(*words, "--limit", 1)
    assert f"{name}: test part of the split by tune, compared with 2 training pieces" in table
    assert ("soprano" in table.split("found in")[0]) == (name == "composed")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--given", "soprano"], "--given has no effect without files"),
        ([BWV269, "--given", "s,a,t,b"], "all four voices are given"),
        ([BWV269, "--given", "descant"], "'descant' is not a voice"),
        ([BWV269, "--checkpoint", "paper"], "--checkpoint has no effect when files are given"),
        ([BWV269, "--part", "exam"], "there is no part 'exam'"),
        ([BWV269, "--part", "validation"], "the validation part of the split by tune has no piece"),
        (["--set", "painted"], "there is no set 'painted': give one of harmonized, composed"),
    ],
)
def test_an_error_is_one_line(run, words, said):
    err = run(*words, status=2)
    errors = [line for line in err.splitlines() if "warning" not in line]
    assert len(errors) == 1
    assert said in errors[0]


def test_a_file_that_is_not_there(run, tmp_path):
    assert "there is no file" in run(tmp_path / "no.musicxml", status=1)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "holds no score" in run(empty, status=2)


def test_help(capsys):
    assert main(["evaluate", "novelty", "--help"]) == 0
    assert "--given" in capsys.readouterr().out
