import csv

import pytest
from training_corpus import random_corpus

from bachbot.cli import main
from bachbot.runtime import load_checkpoint
from bachbot.training.config import changed
from bachbot.training.kinds import preset
from bachbot.training.run import train
from bachbot.training.run_folder import BEST

QUICK = ["--set", "guard_tunes=1", "--set", "epochs=1", "--set", "kl_bound=100",
         "--set", "chord_tolerance=1", "--set", "copy_tolerance=1"]  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A prepared corpus, and a checkpoint that was trained on it."""
    folder = tmp_path_factory.mktemp("trained")
    corpus = random_corpus()
    corpus.save(folder / "corpus.npz")
    train(corpus, changed(preset("tiny"), {"epochs": 1}), folder=folder / "run", device="cpu")
    return folder / "corpus.npz", folder / "run" / BEST


def run(trained, *words):
    corpus, checkpoint = trained
    option = "--from" if words[0] == "prefer" else "--checkpoint"
    return main(["train", *map(str, words), option, str(checkpoint), "--corpus", str(corpus)])


@pytest.mark.slow
def test_pairs_of_a_models_own_are_made_and_learned_from(trained, tmp_path, capsys):
    pairs, out = tmp_path / "pairs", tmp_path / "tuned"
    assert run(trained, "pairs", "-o", pairs, "--number", 4) == 0
    assert capsys.readouterr().out == f"Wrote 4 pairs to {pairs}.\n"
    with (pairs / "pairs.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 4
    assert {row["given"] for row in rows} == {"soprano"}
    (pairs / rows[0]["worse"]).write_bytes(b"damaged")
    words = ("prefer", pairs, "-o", out, "--device", "cpu", "--threads", 1, *QUICK)
    assert run(trained, *words) == 0
    said = capsys.readouterr()
    assert said.out == f"Wrote {out / BEST} (epoch 1).\n"
    warning, line = said.err.splitlines()
    assert warning.startswith(f"bachbot: warning: {pairs}: row 1: ")
    assert line.startswith("epoch 1/1: held-out loss ")
    assert "different chords" in line
    assert load_checkpoint(out / BEST).config["preference"]["pairs"] == 2
    assert main(["train", "export", str(out), "-o", str(tmp_path / "model")]) == 0
    assert "Preference tuning" in (tmp_path / "model" / "MODEL_CARD.md").read_text(encoding="utf-8")
    capsys.readouterr()
    assert run(trained, *words) == 1
    assert "already holds a run" in capsys.readouterr().err.splitlines()[-1]
    assert run(trained, *words, "--resume") == 0
    assert run(trained, "pairs", "-o", pairs) == 2
    assert "is not an empty folder: give another one" in capsys.readouterr().err


@pytest.mark.slow
def test_what_cannot_be_tuned_is_one_line(trained, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    for words, status, message in (
        ((tmp_path / "empty",), 2, "holds no pair that can be used"),
        ((tmp_path / "nowhere",), 2, "is no folder and no table"),
        ((tmp_path / "empty", "--set", "speed=1"), 2, "there is no setting 'speed'"),
        ((tmp_path / "empty", "--set", "beta=0"), 2, "beta is 0.0: give"),
    ):
        assert run(trained, "prefer", *words, "-o", tmp_path / "new") == status, words
        [line] = capsys.readouterr().err.splitlines()
        assert message in line
        assert not (tmp_path / "new").exists()
