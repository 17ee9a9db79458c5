"""``bachbot evaluate style``: what it prints, and the one line where it cannot."""

import json

import numpy as np
import pytest

from bachbot.chorale import Chorale, Key
from bachbot.cli import main
from bachbot.corpus.store import Piece, PreparedCorpus
from bachbot.evaluation.style.features import GRADE_FEATURES
from bachbot.evaluation.style.profile import PROFILE_FEATURES
from bachbot.scores import from_chorale, save_score

# A cadence in C major, a quarter a chord; its first step has parallel fifths, soprano and bass.
CHORDS = np.array([[67, 64, 60, 48], [69, 65, 60, 50], [71, 62, 55, 43], [72, 64, 55, 48]])


def cadence(number, *, spoilt=False):
    chords = np.concatenate([CHORDS, CHORDS[number % 3 :]])
    if spoilt:
        chords[:, 1] = chords[:, 3] + 19
    pitch = np.repeat(chords, 4, axis=0)
    tied = np.repeat((np.arange(len(pitch)) % 4 > 0)[:, None], 4, axis=1)
    fermata = np.arange(len(pitch)) >= len(pitch) - 4
    return Chorale(pitch, tied, fermata, name=f"made up {number}")


@pytest.fixture(scope="module")
def made_up(tmp_path_factory):
    parts = ["train"] * 4 + ["validation"] + ["test"] * 3
    path = tmp_path_factory.mktemp("corpus") / "made-up.npz"
    pieces = (
        Piece(cadence(n), Key(), f"family {n}", {"tune": part, "file": part})
        for n, part in enumerate(parts)
    )
    PreparedCorpus(tuple(pieces)).save(path)
    return path


@pytest.fixture
def run(made_up, capsys):
    """Runs the command on the made-up corpus and gives what it printed."""

    def call(*words, status=0):
        given = ["evaluate", "style", "--corpus", made_up, *words]
        assert main([str(w) for w in given]) == status
        captured = capsys.readouterr()
        return captured.err if status else captured.out

    return call


@pytest.fixture(scope="module")
def scores(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scores")
    for name, spoilt in (("clean", False), ("fifths", True)):
        score = from_chorale(cadence(0, spoilt=spoilt), "A cadence")
        save_score(score, folder / f"{name}.musicxml")
    return folder


def test_help_of_style(run):
    result = run("--help")
    assert "Bach or Mock" in result
    assert "--checkpoint" in result


@pytest.mark.slow
def test_style_of_what_a_checkpoint_writes(run, untrained):
    result = json.loads(run("--checkpoint", untrained, "--json"))
    assert result["pieces"] == {"train": 4, "test": 3, "ours": 3}
    assert set(result["grade"]["bach"]["medians"]) == {*(f.name for f in GRADE_FEATURES), "grade"}
    assert [d["name"] for d in result["distances"]] == [f.name for f in PROFILE_FEATURES]
    # The soprano is Bach's.
    by_name = {d["name"]: d for d in result["distances"]}
    soprano = by_name["soprano steps and leaps"]
    assert soprano["distance"] == soprano["floor"]
    assert by_name["alto steps and leaps"]["distance"] > by_name["alto steps and leaps"]["floor"]
    table = run("--checkpoint", untrained, "--limit", 2)
    words = " ".join(table.split())
    assert "Bach, held out" in words
    assert "harmonized" in words
    assert "Roman-numeral transitions" in words
    assert "keys of phrase ends" in words


def test_one_file_has_no_further_distances(run, scores):
    clean = scores / "clean.musicxml"
    result = json.loads(run(clean, "--json"))
    assert result["distances"] == []
    [piece] = result["grade"]["ours"]["pieces"]
    assert piece["name"] == "clean"
    assert piece["grade"] == pytest.approx(sum(piece["features"].values()))
    table = run(clean)
    assert "clean" in table
    assert "steps and leaps" not in table
    assert max(map(len, table.splitlines())) <= 80


@pytest.mark.slow
def test_a_file_with_parallel_fifths_is_farther_from_bach(run, scores):
    result = json.loads(run(scores / "clean.musicxml", scores / "fifths.musicxml", "--json"))
    clean, spoilt = result["grade"]["ours"]["pieces"]
    assert spoilt["features"]["parallels"] > clean["features"]["parallels"]
    assert spoilt["features"]["alto intervals"] > clean["features"]["alto intervals"]
    assert spoilt["features"]["soprano intervals"] == clean["features"]["soprano intervals"]
    assert len(result["distances"]) == len(PROFILE_FEATURES)
    rows = run(scores).splitlines()
    [good] = [row for row in rows if row.startswith("clean")]
    [bad] = [row for row in rows if row.startswith("fifths")]
    assert bad.count("*") > good.count("*")
    assert bad.split()[-1] == "0"


@pytest.mark.slow
def test_an_npz_file_is_compared_with_bach_read_as_pitches(run, tmp_path):
    """An .npz of Bach's own held-out pieces lies on the floor, though it tells less than they."""
    pieces = [cadence(n) for n in (5, 6, 7)]
    path = tmp_path / "his.npz"
    np.savez(
        path,
        pitch=np.concatenate([c.pitch for c in pieces]).astype(np.int8),
        length=[c.frames for c in pieces],
    )
    result = json.loads(run(path, "--json"))
    assert "repeated notes held" in result["title"]
    assert result["grade"]["ours"]["medians"] == result["grade"]["bach"]["medians"]
    for distance in result["distances"]:
        assert distance["distance"] == distance["floor"]
    assert json.loads(run(path, "--json", "--limit", 1))["pieces"]["ours"] == 1


@pytest.mark.slow
def test_an_error_is_one_line(run, scores, tmp_path, untrained):
    def error(*words, status=2):
        # The untrained checkpoint is from another corpus: a warning comes first.
        *before, line = run(*words, status=status).strip().splitlines()
        assert all("another prepared corpus" in warning for warning in before)
        return line

    assert "give --part test or --part validation" in error("--part", "train")
    assert "--checkpoint has no effect when files are given" in error(
        scores, "--checkpoint", untrained
    )
    assert "there is no set 'best'" in error("--checkpoint", untrained, "--set", "best")
    assert "there is no file" in error(tmp_path / "nothing.musicxml", status=1)
    assert "holds no score" in error(tmp_path)
    broken = tmp_path / "broken.npz"
    broken.write_bytes(b"no archive")
    assert "damaged" in error(broken, status=1)
