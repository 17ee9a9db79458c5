import pytest
from matplotlib.axes import Axes
from training_corpus import random_corpus
from typer.testing import CliRunner

from bachbot.cli.train import train_app
from bachbot.runtime import load_checkpoint
from bachbot.training.kinds import KINDS
from bachbot.training.plots import plot_learning_curve
from bachbot.training.run_folder import BEST

COMMON = ["--device", "cpu", "--threads", "1"]


@pytest.fixture(scope="module")
def corpus_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("corpus") / "chorales.npz"
    random_corpus().save(path)
    return path


def _run(*words):
    return CliRunner().invoke(train_app, [str(w) for w in words])


@pytest.fixture(scope="module")
def run(corpus_file, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lookahead") / "run"
    words = ["--preset", "lookahead-tiny", "--corpus", corpus_file, "-o", folder]
    return folder, _run(*words, *COMMON)


@pytest.mark.slow
def test_training_shows_losses_with_their_units(run):
    folder, result = run
    assert result.exit_code == 0, result.output
    assert "nats per missing cell" in result.output
    assert "nats per frame, A+T+B given S" in result.output
    assert "nats per token" not in result.output
    losses = load_checkpoint(folder / BEST).config["training"]["losses"]
    assert f"{losses['test']['AT|SB']['nats_per_frame']:.3f}" in result.output
    assert f"{losses['test']['SATB']['fermata_nats_per_frame']:.3f}" in result.output
    assert (folder / "curve.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_the_best_checkpoint_is_exported_with_its_card(run, tmp_path):
    folder, _ = run
    result = _run("export", folder, "-o", tmp_path / "model")
    assert result.exit_code == 0, result.output
    card = (tmp_path / "model" / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert card == (folder / BEST / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert load_checkpoint(tmp_path / "model").config["kind"] == "lookahead"


@pytest.mark.slow
def test_a_run_resumes_with_its_own_settings(run, corpus_file):
    folder, _ = run
    resume = ["--resume", "-o", folder, "--corpus", corpus_file, *COMMON]
    assert _run(*resume).exit_code == 0
    result = _run(*resume, "--set", "token_dropout=0.5")
    assert "other settings for token_dropout" in str(result.exception)


def test_settings_of_the_other_kind_are_refused(tmp_path):
    words = ["-o", tmp_path / "run", *COMMON]
    result = _run("--preset", "lookahead-tiny", "--batch-norm", *words)
    assert "there is no setting 'batch_norm'" in str(result.exception)
    result = _run("--preset", "tiny", "--set", "use_metadata=false", *words)
    assert "there is no setting 'use_metadata'" in str(result.exception)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")  # optuna warns of experimental features
def test_the_sizes_of_a_lookahead_model_are_searched(corpus_file, tmp_path):
    words = ["search", "--trials", 2, "--preset", "lookahead-tiny", "--epochs", 1, "--sampler",
             "grid", "--grid", "dropout=0.0,0.2", "--grid", "width=8", "--storage",
             tmp_path / "s.journal", "--figure", tmp_path / "dropout.png"]  # fmt: skip
    result = _run(*words, *COMMON, "--corpus", corpus_file)
    assert result.exit_code == 0, result.output
    text = " ".join(result.output.split())
    assert "2 of 2 trials finished" in text
    assert "A+T+B given S" in text
    assert (tmp_path / "dropout.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("kind", "unit"), [("lstm", "nats per token"), ("lookahead", "nats")])
def test_curves_in_two_units_say_so(tmp_path, monkeypatch, kind, unit):
    units = KINDS[kind].units
    line = {"epoch": 1, "train": 0.5, "validation": 1.3,
            "train_unit": units.train, "validation_unit": units.validation}  # fmt: skip
    labels, units_shown = [], []
    monkeypatch.setattr(Axes, "set_ylabel", lambda _, text: units_shown.append(text))
    plot = Axes.plot
    monkeypatch.setattr(
        Axes, "plot", lambda self, *a, **k: (labels.append(k["label"]), plot(self, *a, **k))
    )
    plot_learning_curve([line], tmp_path / "curve.png")
    assert units_shown == [unit]
    assert any("nats per missing cell" in label for label in labels) == (kind == "lookahead")
