import json

import numpy as np
import pytest
from tunes import SCALE, note, tune

from bachbot.chorale import Chorale, Key
from bachbot.cli import main
from bachbot.cli.measuring import decoding_options, describe
from bachbot.corpus.store import Piece, PreparedCorpus
from bachbot.decoding import DecodingOptions
from bachbot.errors import UsageError
from bachbot.evaluation.harmonization import MASKS, PUBLISHED
from bachbot.evaluation.music import EQUAL_PITCH
from bachbot.theory.rules import RULES

# A cadence in C major, a quarter a chord; its first step has parallel fifths, soprano and bass.
CHORDS = np.array([[67, 64, 60, 48], [69, 65, 60, 50], [71, 62, 55, 43], [72, 64, 55, 48]])


def piece(number, part):
    pitch = np.repeat(CHORDS[: 3 + number % 2], 4, axis=0)
    tied = np.repeat((np.arange(len(pitch)) % 4 > 0)[:, None], 4, axis=1)
    fermata = np.arange(len(pitch)) >= len(pitch) - 4
    chorale = Chorale(pitch, tied, fermata, name=f"made up {number}")
    return Piece(chorale, Key(), f"family {number}", {"tune": part, "file": part})


@pytest.fixture(scope="module")
def made_up(tmp_path_factory):
    parts = ["train", "validation", "validation", "test", "test", "test"]
    path = tmp_path_factory.mktemp("corpus") / "made-up.npz"
    PreparedCorpus(tuple(piece(n, part) for n, part in enumerate(parts))).save(path)
    return path


@pytest.fixture
def run(untrained, made_up, capsys, monkeypatch):
    """Runs a command on the made-up corpus and gives what it printed."""
    monkeypatch.setenv("COLUMNS", "300")

    def call(name, *words, status=0, checkpoint=untrained):
        named = ["--checkpoint", checkpoint] if checkpoint is not None else []
        given = ["evaluate", name, *named, "--corpus", made_up, *words]
        assert main([str(w) for w in given]) == status
        captured = capsys.readouterr()
        # However wide the screen.
        return captured.err if status else " ".join(captured.out.split())

    return call


def test_losses_of_the_missing_voices(run):
    whole = json.loads(run("losses", "--part", "test", "--json"))
    given = json.loads(run("losses", "--part", "test", "--json", "--given", "soprano,bass"))
    assert whole["given"] == []
    assert given["given"] == ["soprano", "bass"]
    assert not given["untransposed"]
    of_all, of_two = whole["parts"]["test"], given["parts"]["test"]
    # This model reads only the past: given voices change nothing for the others.
    for voice in ("alto", "tenor"):
        assert of_two["by_kind"][voice] == of_all["by_kind"][voice]
    assert of_two["by_kind"]["bass"]["tokens"] == 0
    inner = sum(of_all["by_kind"][v]["nats_per_token"] for v in ("alto", "tenor"))
    assert of_two["nats_per_frame"] == pytest.approx(inner)
    table = run("losses", "--part", "test", "--given", "soprano")
    assert "Losses, A+T+B given S" in table
    assert "The model reads only the past." in table
    assert "bass: nats per onset" in table
    assert "soprano: nats" not in table


def test_losses_of_jsb_are_those_of_its_original_keys(run, tmp_path, untrained, capsys):
    arrays = {}
    for name, move in (("train", 0), ("valid", 2), ("test", -3)):
        arrays[f"{name}_pitch"] = np.repeat(CHORDS + move, 4, axis=0).astype(np.int8)
        arrays[f"{name}_length"] = np.array([16])
    np.savez(tmp_path / "raw.npz", **arrays)
    made = tmp_path / "jsb.npz"
    assert main(["corpus", "jsb", str(tmp_path / "raw.npz"), "-o", str(made)]) == 0
    assert "3 chorales: 1 train, 1 validation, 1 test" in capsys.readouterr().out
    words = ["evaluate", "losses", "--checkpoint", str(untrained), "--corpus", str(made)]
    assert main([*words, "--part", "test", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["untransposed"]
    figures = result["parts"]["test"]
    voices = sum(figures["by_kind"][v]["nats_per_token"] for v in ("soprano", "alto", "tenor",
                                                                  "bass"))  # fmt: skip
    assert figures["transposition_nats_per_frame"] == pytest.approx(np.log(12) / 16)
    assert figures["voices_nats_per_frame"] == pytest.approx(voices + np.log(12) / 16)
    assert main([*words, "--part", "test"]) == 0
    table = " ".join(capsys.readouterr().out.split())
    assert "nats for the key" in table
    assert "ln 12 = 2.485 nats per piece are added" in table


def test_a_jsb_file_is_not_overwritten(tmp_path, capsys):
    path = tmp_path / "jsb.npz"
    path.write_bytes(b"")
    assert main(["corpus", "jsb", str(path), "-o", str(path)]) == 2
    assert "is the file that is read" in capsys.readouterr().err
    assert main(["corpus", "jsb", str(tmp_path / "no.npz"), "-o", str(path)]) == 1
    assert "there is no file" in capsys.readouterr().err


@pytest.mark.slow
def test_harmonization_with_the_published_figures(run):
    result = json.loads(run("harmonization", "--json"))
    assert list(result["masks"]) == list(MASKS)
    for name, found in result["masks"].items():
        assert found["pieces"] == 3
        cells = (16 + 12 + 16) * len(MASKS[name])
        assert found["ter"]["total"] == found["equal_pitch"]["total"] == cells
        assert 0 < found["ter"]["rate"] <= found["fer"]["rate"] <= 1
        assert found["ter"]["rate"] + found["equal_pitch"]["rate"] >= 1
    table = run(
        "harmonization", "--masks", "at,S", "--decoder", "beam", "--beam", "2", "--limit", 1
    )
    assert "error: test part of the split by tune" in table
    assert "beam of 2, 1 piece" in table
    assert f"{PUBLISHED['AT'][1]:.3f}" in table
    assert "ATB" not in table


@pytest.mark.slow
def test_harmonization_by_a_product_of_two_checkpoints(run, untrained):
    words = ("harmonization", "--masks", "T", "--decoder", "beam", "--json")
    alone = json.loads(run(*words))
    # A product of a model with itself is that model.
    twice = json.loads(run(*words, "--with", untrained))
    assert twice["masks"] == alone["masks"]
    assert (alone["with"], twice["with"]) == (None, str(untrained))
    other = json.loads(run(*words, "--with", "paper"))
    assert other["masks"] != alone["masks"]
    assert "with paper, greedy" in run("harmonization", "--masks", "T", "--with", "paper")


@pytest.mark.slow
def test_partwriting_compared_with_bach(run):
    result = json.loads(run("partwriting", "--part", "validation", "--json"))
    bach, ours = result["columns"]["Bach"], result["columns"]["bachbot"]
    assert "given soprano: validation part" in result["title"]
    assert bach["harmonization_error"] is None
    assert ours["harmonization_error"]["equal_pitch"]["total"] == 3 * (12 + 16)
    for column in (bach, ours):
        assert set(column["partwriting"]["rules"]) == set(RULES)
        assert column["variety"]["pieces"] == 2
    assert bach["partwriting"]["sums"]["parallels"]["count"] == 2
    assert bach["partwriting"]["sums"]["parallels"]["clean"] == 0
    assert bach["variety"]["onsets_per_beat"]["mean"] == 1
    table = run("partwriting", "--decoder", "greedy", "--given", "bass,soprano", "--limit", 1)
    assert "greedy, given bass,soprano: test part of the split by tune" in table
    assert "pitches equal to Bach's" in table


@pytest.mark.slow
def test_files_of_chorales_without_keys(run, tmp_path):
    pitch = np.repeat(CHORDS, 4, axis=0)
    np.savez(tmp_path / "fakes.npz", pitch=pitch, length=np.array([16]))
    np.savez(tmp_path / "held.npz", test_pitch=pitch[:8], test_length=np.array([4, 4]))
    files = ["--jsb", tmp_path / "fakes.npz", "--jsb", tmp_path / "held.npz"]
    result = json.loads(run("partwriting", *files, "--json", checkpoint=None))
    assert list(result["columns"]) == ["fakes", "held"]
    fakes, held = result["columns"].values()
    assert fakes["partwriting"]["sums"]["parallels"]["count"] == 1
    assert held["partwriting"]["sums"]["parallels"]["count"] == 0
    assert held["partwriting"]["pieces"] == 2
    # The tenor has two notes, since the file does not mark repeated notes.
    assert fakes["variety"]["onsets_per_beat"]["mean"] == pytest.approx((4 + 2 + 4) / 3 / 4)
    assert not any(RULES[name].keyed for name in fakes["partwriting"]["rules"])
    beside = run("partwriting", *files[:2], "--limit", 1)
    assert "Bach" in beside
    assert "fakes" in beside
    assert "leading note" in beside


@pytest.mark.slow
def test_music_beside_bach(run, untrained):
    words = ("music", "--decoder", "greedy")
    result = json.loads(run(*words, "--json"))
    assert list(result["columns"]) == [str(untrained)]
    [found] = result["columns"].values()
    assert found["pieces"] == 3
    rows = {row["name"]: row for row in found["rows"]}
    parallels = rows["parallel fifths and octaves"]
    # The first step of each piece.
    assert parallels["bach"]["count"] == 3
    assert rows[EQUAL_PITCH]["bach"] is None
    assert found["stars"] == sum(row["star"] for row in rows.values())
    table = run(*words, "--checkpoint", "paper", "--limit", 2)
    assert "music, greedy: test part of the split by tune" in table
    assert "rows that differ from Bach (*)" in table
    assert "5% by chance" in table


@pytest.mark.slow
def test_music_under_tunes_that_are_not_bachs(run, tmp_path):
    bars = ["".join(map(note, ("C5", "D5", "E5", "D5"))), "".join(map(note, ("C5", "C5")))]
    (tmp_path / "a.musicxml").write_text(tune(*bars), encoding="utf-8")
    (tmp_path / "b.musicxml").write_text(SCALE, encoding="utf-8")
    (tmp_path / "README.md").write_text("Two tunes", encoding="utf-8")
    words = ("music", "--tunes", tmp_path, "--decoder", "greedy")
    [found] = json.loads(run(*words, "--json"))["columns"].values()
    assert (found["pieces"], found["compared"]) == (2, 0)
    rows = {row["name"]: row for row in found["rows"]}
    assert EQUAL_PITCH not in rows
    assert rows["last chord not a triad on its root"]["ours"]["total"] == 2
    [found] = json.loads(run(*words, "--json", "--limit", 1))["columns"].values()
    assert found["pieces"] == 1
    table = run(*words)
    assert "no version by Bach" in table
    assert "*" not in table


@pytest.mark.slow
def test_a_fit_ends_with_penalties(run):
    result = json.loads(run("fit", "--rounds", 1, "--beam", 2, "--json"))
    assert result["best"] == 0
    assert len(result["rounds"]) == 1
    assert result["bach"]["onset bonus 2"] == 1
    shown = run("fit", "--rounds", 2, "--beam", 1, "--pieces", 1)
    assert "round 1:" in shown
    assert "Nearest to Bach: round" in shown
    assert "Penalties.of({'parallel fifths': " in shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["losses", "--given", "descant"], "'descant' is not a voice"),
        (["losses", "--given", "s,a,t,b"], "all four voices are given"),
        (["losses", "--part", "exam"], "there is no part 'exam'"),
        (["harmonization", "--masks", "S,SA"], "there is no mask 'SA': give some of S, A, T"),
        (["harmonization", "--decoder", "luck"], "there is no decoder 'luck'"),
        (["harmonization", "--beam", "3"], "--beam has no effect with the greedy decoder"),
        (["harmonization", "--temperature", ".9"], "--temperature has no effect"),
        (["harmonization", "--decoder", "beam", "--beam", "0"], "beam is 0"),
        (["partwriting", "--given", "s,a,t,b"], "all four voices are given"),
        (["partwriting", "--split", "luck"], "of a split 'luck'"),
        (["music", "--beam", "0"], "beam is 0"),
        (["music", "--tunes", "nowhere"], "nowhere is no folder"),
    ],
)
def test_an_error_is_one_line(run, arguments, said):
    err = run(*arguments, status=2)
    errors = [line for line in err.splitlines() if "warning" not in line]
    assert len(errors) == 1
    assert said in errors[0]


@pytest.mark.slow
def test_given_chords_are_kept(run):
    found = json.loads(run("chords-given", "--json", "--beam", 2))["sets"]
    assert list(found) == ["Bach", "without", "with his chords"]
    assert found["Bach"]["equal_pitch"]["rate"] == 1
    assert found["with his chords"]["obeyed"]["rate"] == 1
    assert found["with his chords"]["with_third"]["rate"] == 1
    assert found["without"]["obeyed"]["rate"] < 1
    shown = run("chords-given", "--beam", 1, "--limit", 1)
    assert "chords obeyed" in shown
    assert "with his chords" in shown


@pytest.mark.slow
def test_basses_are_realized(run):
    found = json.loads(run("basses", "--json", "--beam", 2))
    assert found["equal_pitch"].keys() == {"soprano", "alto", "tenor", "all"}
    assert found["faults"]["mean"] >= 0
    shown = run("basses", "--beam", 1, "--limit", 1)
    assert "faults per piece, less Bach's" in shown
    assert "pitches of soprano, alto and tenor that are Bach's" in shown


@pytest.mark.slow
def test_an_empty_part_is_refused(untrained, tmp_path, capsys):
    path = tmp_path / "one.npz"
    PreparedCorpus((piece(0, "train"),)).save(path)
    words = ["--checkpoint", str(untrained), "--corpus", str(path)]
    for command in (
        "losses",
        "harmonization",
        "chords-given",
        "basses",
        "partwriting",
        "music",
        "fit",
    ):
        assert main(["evaluate", command, *words]) == 2
        assert "has no piece: name another part" in capsys.readouterr().err


def test_decoders_by_name():
    assert decoding_options("default") == DecodingOptions()
    assert decoding_options("default", beam=3).penalties_with().active
    for name in ("greedy", "beam", "sample"):
        options = decoding_options(name)
        assert options.method == name
        assert not options.penalties_with().active
        assert decoding_options(name, penalties=True).penalties_with().active
    assert not decoding_options("default", penalties=False).penalties_with().active
    assert describe(decoding_options("beam", beam=4)) == "beam of 4"
    sampled = decoding_options("sample", temperature=0.8, penalties=True)
    assert describe(sampled) == "sampled at 0.8, with penalties"
    with pytest.raises(UsageError, match="beam is 0"):
        decoding_options("beam", beam=0)
