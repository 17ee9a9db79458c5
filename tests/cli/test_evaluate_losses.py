import json

import numpy as np
import pytest

from bachbot.chorale import Chorale, Key
from bachbot.cli import main
from bachbot.corpus.store import Piece, PreparedCorpus
from bachbot.evaluation.baselines import fit_baselines, measure_baseline

# A cadence in C major, a quarter a chord.
CHORDS = np.array([[67, 64, 60, 48], [69, 65, 60, 50], [71, 62, 55, 43], [72, 64, 55, 48]])
BASELINES = ["repeat the frame", *(f"{n}-gram" for n in range(1, 9))]
SHIPPED = ["lookahead", "paper"]


def piece(number, parts):
    pitch = np.repeat(np.roll(CHORDS, number, axis=0), 4, axis=0)
    tied = np.repeat((np.arange(16) % 4 > 0)[:, None], 4, axis=1)
    chorale = Chorale(pitch, tied, np.arange(16) >= 12, name=f"made up {number}")
    return Piece(
        chorale, Key(), f"family {number}", dict(zip(("tune", "file"), parts, strict=True))
    )


@pytest.fixture(scope="module")
def made_up():
    parts = [("train", "test"), ("train", "train"), ("validation", "train"),
             ("test", "validation"), ("test", "train")]  # fmt: skip
    return PreparedCorpus(tuple(piece(n, p) for n, p in enumerate(parts)))


@pytest.fixture(scope="module")
def file(made_up, tmp_path_factory):
    path = tmp_path_factory.mktemp("corpus") / "made-up.npz"
    made_up.save(path)
    return path


@pytest.fixture
def run(file, capsys):
    """Runs the command on the made-up corpus and gives what it printed."""

    def call(*words, status=0, corpus=file):
        assert main(["evaluate", "losses", "--corpus", *map(str, (corpus, *words))]) == status
        captured = capsys.readouterr()
        return captured.err if status else captured.out

    return call


@pytest.mark.slow
def test_one_table_of_all_models(run, made_up):
    result = json.loads(run("--json"))
    rows = {row["name"]: row for row in result["rows"]}
    assert list(rows) == [*SHIPPED, *BASELINES]
    assert rows["lookahead"]["needs_length"]
    assert not any(rows[name]["needs_length"] for name in ("paper", *BASELINES))
    assert all(list(row["parts"]) == ["validation", "test"] for row in rows.values())
    assert {row["parts"]["test"]["pieces"] for row in rows.values()} == {2}
    # The baselines' figures are those of the training part of the same split.
    found = fit_baselines(made_up.part("train", "tune"))
    for name in BASELINES:
        wanted = measure_baseline(found[name], made_up.part("test", "tune"))
        assert rows[name]["parts"]["test"] == json.loads(json.dumps(wanted.to_json()))
    shown = run("--part", "test")
    assert "Losses, all voices; split by tune" in shown
    for name in rows:
        line = next(line for line in shown.splitlines() if line.startswith(f"{name} "))
        assert f"{rows[name]['parts']['test']['nats_per_token']:.3f}" in line
        assert f"{rows[name]['parts']['test']['onset_accuracy']:.3f}" in line
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.slow
def test_the_split_chooses_the_training_part_of_baselines(run, made_up):
    rows = json.loads(run("--split", "file", "--part", "test", "--json"))["rows"]
    row = next(row for row in rows if row["name"] == "2-gram")
    found = fit_baselines(made_up.part("train", "file"), highest=2)["2-gram"]
    wanted = measure_baseline(found, made_up.part("test", "file")).to_json()
    assert row["parts"]["test"]["nats_per_token"] == wanted["nats_per_token"]
    assert row["parts"]["test"]["pieces"] == 1


@pytest.mark.slow
def test_checkpoints_that_may_have_been_trained_on_it_are_marked(run):
    by_tune = json.loads(run("--part", "test", "--no-baselines", "--json"))["rows"]
    assert [row["name"] for row in by_tune] == SHIPPED
    for row in by_tune:
        [note] = row["notes"]
        assert "trained on another prepared corpus" in note
    by_file = json.loads(run("--part", "test", "--split", "file", "--no-baselines", "--json"))
    for row in by_file["rows"]:
        [note] = row["notes"]
        assert "was trained on the split by tune" in note
    shown = run("--part", "test", "--split", "file")
    assert "lookahead (1)" in shown
    assert "(1) this checkpoint was trained on the split by tune" in " ".join(shown.split())
    assert "2-gram (" not in shown


@pytest.mark.slow
def test_named_checkpoints_are_listed_with_the_shipped_ones(run, untrained):
    own = ["--checkpoint", untrained]
    several = json.loads(run(*own, "--checkpoint", "paper", "--part", "test", "--json"))["rows"]
    assert [row["name"] for row in several] == [*SHIPPED, str(untrained), *BASELINES]
    asked = json.loads(run(*own, "--baselines", "--part", "test", "--json"))["rows"]
    assert asked == several
    alone = json.loads(run(*own, "--part", "test", "--json"))
    assert alone["checkpoint"] == str(untrained)
    assert alone["parts"]["test"] == several[2]["parts"]["test"]


@pytest.mark.slow
def test_named_checkpoints_form_an_ensemble(run):
    words = ["--checkpoint", "lookahead", "--checkpoint", "paper", "--no-baselines", "--json"]
    rows = {row["name"]: row for row in json.loads(run(*words, "--together"))["rows"]}
    assert list(rows) == [*SHIPPED, "together"]
    assert rows["together"]["needs_length"]
    nats = {name: row["parts"]["test"]["voices_nats_per_frame"] for name, row in rows.items()}
    # The mean of their chances costs no more than their mean cost does.
    assert nats["together"] < (nats["lookahead"] + nats["paper"]) / 2
    assert "together" not in {row["name"] for row in json.loads(run(*words))["rows"]}


def test_a_single_checkpoint_is_shown_by_metrical_position(run, untrained):
    own = ["--checkpoint", untrained, "--part", "test"]
    shown = run(*own)
    assert "losses at each sixteenth of a quarter" in " ".join(shown.split())
    assert "2-gram" not in shown
    figures = json.loads(run(*own, "--json"))["parts"]["test"]["by_position"]
    beat = figures["sixteenth 1 of a quarter"]
    assert beat["frames"] == 8
    assert beat["onsets"] == beat["tokens"] == 32
    for kind in ("sixteenth 1 of a quarter", "quarter 4 of 4/4"):
        line = next(x for x in shown.splitlines() if kind.partition(" of")[0] in x)
        assert f"{figures[kind]['nats_per_frame']:.2f}" in line
        assert f"{figures[kind]['by_voice']['bass']['nats_per_token']:.3f}" in line
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.slow
def test_only_missing_voices_are_counted(run):
    rows = json.loads(run("--part", "test", "--given", "soprano", "--json"))["rows"]
    for row in rows:
        figures = row["parts"]["test"]
        assert figures["by_kind"]["soprano"]["tokens"] == 0
        assert figures["tokens"] == 3 * figures["frames"]
        assert figures["nats_per_frame"] == figures["voices_nats_per_frame"]
    shown = run("--part", "test", "--given", "soprano")
    assert "A+T+B given S" in shown
    assert "voices only\n" not in shown


@pytest.mark.slow
def test_jsb_is_measured_in_its_original_keys(run, tmp_path, capsys):
    arrays = {}
    for name, move in (("train", 0), ("valid", 2), ("test", -3)):
        arrays[f"{name}_pitch"] = np.repeat(CHORDS + move, 4, axis=0).astype(np.int8)
        arrays[f"{name}_length"] = np.array([16])
    np.savez(tmp_path / "raw.npz", **arrays)
    made = tmp_path / "jsb.npz"
    assert main(["corpus", "jsb", str(tmp_path / "raw.npz"), "-o", str(made)]) == 0
    capsys.readouterr()
    result = json.loads(run("--part", "test", "--json", corpus=made))
    assert result["untransposed"]
    for row in result["rows"]:
        figures = row["parts"]["test"]
        assert figures["transposition_nats_per_frame"] == pytest.approx(np.log(12) / 16)
        assert figures["by_position"]["quarter 1 of 4/4"]["frames"] == 0
        assert figures["by_position"]["sixteenth 1 of a quarter"]["frames"] == 4
    assert ["meter" in " ".join(row["notes"]) for row in result["rows"]] == [True] + [False] * 10
    shown = run("--part", "test", corpus=made)
    assert "lookahead (1) (2)" in shown
    assert "ln 12 = 2.485 nats per piece are added" in " ".join(shown.split())


@pytest.mark.slow
def test_baselines_need_a_training_part(run, tmp_path):
    path = tmp_path / "one.npz"
    PreparedCorpus((piece(0, ("test", "test")),)).save(path)
    assert "no training piece" in run("--part", "test", status=2, corpus=path)
    shown = run("--part", "test", "--no-baselines", corpus=path)
    assert "lookahead" in shown
    assert "Baselines" not in shown


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["--given", "s,a,t,b"], 2, "all four voices are given"),
        (["--given", "descant"], 2, "'descant' is not a voice"),
        (["--part", "exam"], 2, "there is no part 'exam'"),
        (["--checkpoint", "paper", "--together"], 2, "name two or more with --checkpoint"),
        (["--split", "luck"], 2, "of a split 'luck'"),
        (["--checkpoint", "nobody", "--baselines"], 1, "the checkpoint 'nobody' is not there"),
    ],
)
def test_an_error_is_one_line(run, words, status, said):
    [line] = run(*words, status=status).splitlines()
    assert said in line
