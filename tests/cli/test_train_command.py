import json

import pytest
from training_corpus import random_corpus
from typer.testing import CliRunner

from bachbot.cli.evaluate import evaluate_app
from bachbot.cli.interruption import interruption
from bachbot.cli.train import train_app
from bachbot.errors import BachbotError, BachbotWarning
from bachbot.runtime import load_checkpoint
from bachbot.training.run_folder import BEST, METRICS

COMMON = ["--device", "cpu", "--threads", "1"]
TINY = ["--preset", "tiny", "--epochs", "2", *COMMON]


@pytest.fixture(scope="module")
def corpus_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("corpus") / "chorales.npz"
    random_corpus().save(path)
    return path


def _run(app, *words):
    return CliRunner().invoke(app, [str(w) for w in words])


@pytest.fixture(scope="module")
def run_folder(corpus_file, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli") / "run"
    result = _run(train_app, *TINY, "--corpus", corpus_file, "-o", folder)
    assert result.exit_code == 0, result.output
    assert "nats" in result.output
    return folder


@pytest.mark.slow
def test_training_writes_metrics_curve_checkpoint_and_card(run_folder):
    assert len((run_folder / METRICS).read_text(encoding="utf-8").splitlines()) == 2
    assert (run_folder / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert (run_folder / BEST / "MODEL_CARD.md").is_file()
    assert load_checkpoint(run_folder / BEST).config["training"]["config"]["preset"] == "tiny"


@pytest.mark.slow
def test_a_run_resumes_with_its_own_settings_and_refuses_others(run_folder, corpus_file):
    resume = ["--resume", "-o", run_folder, "--corpus", corpus_file, *COMMON]
    assert _run(train_app, *resume).exit_code == 0
    result = _run(train_app, *resume, "--seed", 4)
    assert isinstance(result.exception, BachbotError)
    assert "other settings for seed" in str(result.exception)


@pytest.mark.slow
def test_export_copies_the_best_checkpoint_with_its_card(run_folder, tmp_path):
    result = _run(train_app, "export", run_folder, "-o", tmp_path / "model")
    assert result.exit_code == 0, result.output
    assert sorted(p.name for p in (tmp_path / "model").iterdir()) == [
        "MODEL_CARD.md", "config.json", "metrics.jsonl", "vocabulary.json", "weights.safetensors",
    ]  # fmt: skip
    assert _run(train_app, "export", run_folder, "-o", tmp_path / "half", "--half").exit_code == 0
    sizes = [(tmp_path / n / "weights.safetensors").stat().st_size for n in ("half", "model")]
    assert sizes[0] < 0.6 * sizes[1]
    result = _run(train_app, "export", tmp_path, "-o", tmp_path / "other")
    assert "holds no run with a trained model" in str(result.exception)


@pytest.mark.slow
def test_an_unfinished_run_is_not_exported(run_folder, tmp_path):
    from bachbot.runtime import Checkpoint, save_checkpoint

    whole = load_checkpoint(run_folder / BEST)
    training = {k: v for k, v in whole.config["training"].items() if k != "losses"}
    half = Checkpoint({**whole.config, "training": training}, whole.vocabulary, whole.weights)
    (tmp_path / "half").mkdir()
    save_checkpoint(tmp_path / "half" / BEST, half)
    result = _run(train_app, "export", tmp_path / "half", "-o", tmp_path / "out")
    assert "is not finished: finish it with 'bachbot train --resume" in str(result.exception)


@pytest.mark.slow
def test_evaluate_losses_prints_the_losses_of_the_record(run_folder, corpus_file):
    common = ["losses", "--checkpoint", run_folder / BEST, "--corpus", corpus_file]
    result = _run(evaluate_app, *common, "--json")
    shown = json.loads(result.stdout)["parts"]
    recorded = load_checkpoint(run_folder / BEST).config["training"]["losses"]
    for part in ("validation", "test"):
        for unit in ("nats_per_token", "nats_per_frame", "nats_per_onset", "onset_accuracy"):
            assert shown[part][unit] == pytest.approx(recorded[part][unit], abs=1e-5)
    table = _run(evaluate_app, *common, "--part", "test")
    assert table.exit_code == 0
    assert f"{recorded['test']['nats_per_token']:.3f}" in table.output
    assert "soprano: nats per onset" in table.output
    wrong = _run(evaluate_app, *common, "--part", "tests")
    assert "there is no part 'tests'" in str(wrong.exception)


@pytest.mark.slow
def test_pieces_that_it_may_have_been_trained_on_are_warned_of(run_folder, corpus_file, tmp_path):
    common = ["losses", "--checkpoint", run_folder / BEST, "--part", "test"]
    with pytest.warns(BachbotWarning, match="trained on the split by tune.*give --split tune"):
        _run(evaluate_app, *common, "--corpus", corpus_file, "--split", "file")
    random_corpus(18).save(tmp_path / "other.npz")
    with pytest.warns(BachbotWarning, match="trained on another prepared corpus"):
        _run(evaluate_app, *common, "--corpus", tmp_path / "other.npz")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--preset", "none"], "there is no preset 'none'"),
        (["--set", "dropout"], "'dropout' is no setting: give NAME=VALUE"),
        (["--set", "width=3", "--epochs", "0"], "there is no setting 'width'; epochs is 0"),
        (["--device", "abacus"], "there is no device 'abacus'"),
        (["--corpus", "/nowhere.npz"], "there is no prepared corpus at /nowhere.npz"),
        (["--resume"], "there is no run to resume"),
        (["search", "--grid", "layers=a"], "is no list of numbers"),
        (["search", "--sampler", "luck"], "there is no sampler 'luck'"),
    ],
)
def test_bad_input_is_one_clear_line(words, message, corpus_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if "--corpus" not in words:
        words = [*words, "--corpus", corpus_file]
    result = _run(train_app, *words)
    assert isinstance(result.exception, BachbotError), result.output
    assert message in str(result.exception)
    assert "\n" not in str(result.exception)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_ctrl_c_says_how_to_continue(corpus_file, tmp_path, monkeypatch):
    from bachbot.training.trainer import Trainer

    step = Trainer.step

    def third(self):
        if self.step_number == 2:
            raise KeyboardInterrupt
        step(self)

    monkeypatch.setattr(Trainer, "step", third)
    result = _run(train_app, *TINY, "--corpus", corpus_file, "-o", tmp_path / "run")
    assert result.exit_code == 130
    # What the program prints at its end, which this runner does not reach.
    assert f"to go on, give 'bachbot train --resume -o {tmp_path / 'run'}'" in interruption()
    monkeypatch.undo()
    resume = ["--resume", "-o", tmp_path / "run", "--corpus", corpus_file, *COMMON]
    assert _run(train_app, *resume).exit_code == 0


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")  # optuna warns of experimental features
def test_search_shows_a_leaderboard_and_plots_dropout(corpus_file, tmp_path):
    words = ["search", "--trials", 2, "--preset", "tiny", "--epochs", 1, "--sampler", "grid",
             "--grid", "dropout=0.0,0.2", "--storage", tmp_path / "s.journal", *COMMON,
             "--figure", tmp_path / "dropout.png"]  # fmt: skip
    result = _run(train_app, *words, "--corpus", corpus_file)
    assert result.exit_code == 0, result.output
    assert "2 of 2 trials finished" in result.output
    assert (tmp_path / "dropout.png").read_bytes().startswith(b"\x89PNG")
