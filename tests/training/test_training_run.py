import json
import signal
import subprocess
import sys
import time
import warnings
from functools import cache

import numpy as np
import pytest
import torch
from training_corpus import needs_bfloat16, random_corpus

from bachbot.encoding import Vocabulary, encode
from bachbot.errors import BachbotWarning, TrainingError, UsageError
from bachbot.evaluation.losses import measure
from bachbot.models.lstm import LSTMConfig, LSTMModel
from bachbot.runtime import load_checkpoint, load_model
from bachbot.training import device as machine
from bachbot.training import run_folder, search
from bachbot.training.config import changed
from bachbot.training.kinds import preset
from bachbot.training.objective import Evaluated, Stepped
from bachbot.training.run import train
from bachbot.training.run_folder import (
    BEST,
    METRICS,
    STATE,
    SavedState,
    load_state,
    save_state,
    saved_config,
)
from bachbot.training.trainer import Trainer
from bachbot.training.validation import token_losses

TIMES = ("seconds", "tokens_per_second")


def _without_times(history):
    return [{k: v for k, v in line.items() if k not in TIMES} for line in history]


def _same_weights(one, other):
    assert one.keys() == other.keys()
    for name in one:
        assert np.array_equal(one[name], other[name]), name


@pytest.mark.slow
def test_it_learns_and_writes_a_checkpoint_with_a_record(corpus, tmp_path):
    config = changed(preset("tiny"), {"epochs": 12, "learning_rate": 0.03})
    events = []
    result = train(corpus, config, folder=tmp_path / "run", device="cpu", callback=events.append)
    lines = [
        json.loads(s) for s in (tmp_path / "run" / METRICS).read_text(encoding="utf-8").splitlines()
    ]
    assert lines == list(result.history)
    assert [line["epoch"] for line in lines] == list(range(1, 13))
    assert lines[-1]["validation"] < 0.75 * lines[0]["validation"]
    checkpoint = load_checkpoint(tmp_path / "run" / BEST)
    _same_weights(checkpoint.weights, result.weights)
    training = checkpoint.config["training"]
    assert training["best_epoch"] == result.best["epoch"]
    assert training["losses"]["validation"]["nats_per_token"] == pytest.approx(
        result.best["validation"], abs=1e-6
    )
    card = (tmp_path / "run" / BEST / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "bachbot train --preset tiny --split tune --epochs 12 --set learning_rate=0.03" in card
    assert f"{training['losses']['test']['nats_per_token']:.3f}" in card
    assert str(tmp_path) not in card
    steps = [e for e in events if isinstance(e, Stepped)]
    assert [e.step for e in steps] == list(range(1, steps[-1].steps + 1))
    assert len([e for e in events if isinstance(e, Evaluated)]) == 12


@pytest.mark.slow
@pytest.mark.parametrize("batch_norm", [False, True])
def test_torch_and_numpy_give_the_same_losses(corpus, tmp_path, batch_norm):
    config = changed(preset("tiny"), {"batch_norm": batch_norm})
    result = train(corpus, config, folder=tmp_path / "run", device="cpu")
    stepped = measure(load_model(tmp_path / "run" / BEST), corpus.part("test", "tune"), batch=2)
    for name, value in stepped.to_json().items():
        if isinstance(value, float):
            assert value == pytest.approx(result.record["losses"]["test"][name], abs=1e-5), name


def test_validation_does_not_depend_on_batch_or_chunk(corpus):
    from bachbot.encoding import Vocabulary

    torch.manual_seed(0)
    model = LSTMModel(LSTMConfig(layers=1, hidden=8), len(Vocabulary()))
    pieces = [encode(c, Vocabulary()) for c in corpus.part("train", "tune")]
    whole = token_losses(model, pieces)
    parts = token_losses(model, pieces, batch=1, chunk=17)
    assert whole.per_token == pytest.approx(parts.per_token, rel=1e-6)
    assert whole.total.tokens == parts.total.tokens == sum(len(s) - 1 for s in pieces)
    assert model.training


RESUMED = {
    "epochs": 3,
    "save_every": 3,
    "ema_decay": 0.9,
    "batch_norm": True,
    "transpose_share": 0.5,
}


class StopError(Exception):
    pass


@pytest.fixture(scope="module")
def uninterrupted(corpus, tmp_path_factory):
    """Makes a run that is not interrupted, once for each precision."""

    @cache
    def run(precision):
        folder = tmp_path_factory.mktemp("uninterrupted")
        config = changed(preset("tiny"), RESUMED | {"precision": precision})
        return config, train(corpus, config, folder=folder, device="cpu"), folder

    return run


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float32", pytest.param("bfloat16", marks=needs_bfloat16)])
@pytest.mark.parametrize("stop_at", [1, 5, 8])
def test_an_interrupted_run_gives_the_same_weights(
    corpus, tmp_path, uninterrupted, stop_at, precision
):
    config, straight, folder = uninterrupted(precision)

    def stop(event):
        if isinstance(event, Stepped) and event.step == stop_at:
            raise StopError

    with pytest.raises(StopError):
        train(corpus, config, folder=tmp_path / "cut", device="cpu", callback=stop)
    torch.rand(7)  # the state of this process must not matter
    resumed = train(corpus, config, folder=tmp_path / "cut", resume=True, device="cpu")
    _same_weights(straight.weights, resumed.weights)
    assert _without_times(straight.history) == _without_times(resumed.history)
    ours, theirs = (load_state(f / STATE).tensors for f in (folder, tmp_path / "cut"))
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.fixture
def no_bfloat16(monkeypatch):
    """A processor that cannot train in bfloat16, whatever this one can."""
    monkeypatch.setattr(machine, "trains_in_bfloat16", lambda _: False)
    monkeypatch.setattr(search, "trains_in_bfloat16", lambda _: False)


CANNOT = "^torch cannot train an LSTM in bfloat16 on this cpu .*: the run "
ALL_IN_BFLOAT16 = (
    "continues in float32, so that its weights will differ from those of a run that was in "
    "bfloat16 throughout$"
)


@pytest.mark.slow
@pytest.mark.usefixtures("no_bfloat16")
def test_without_bfloat16_it_trains_and_resumes_in_float32(corpus, tmp_path):
    config = changed(preset("tiny"), RESUMED)
    plain = train(corpus, changed(config, {"precision": "float32"}), device="cpu")
    config16 = changed(config, {"precision": "bfloat16"})
    with pytest.warns(BachbotWarning, match=f"{CANNOT}trains in float32 instead$") as said:
        in_float32 = train(corpus, config16, device="cpu")
    assert len(said) == 1
    _same_weights(plain.weights, in_float32.weights)
    assert in_float32.record["precision"] == "float32"

    def stop(event):
        if isinstance(event, Stepped) and event.step == 5:
            raise StopError

    with pytest.warns(BachbotWarning, match="instead$"), pytest.raises(StopError):
        train(corpus, config16, folder=tmp_path, device="cpu", callback=stop)
    with pytest.warns(BachbotWarning, match=f"{CANNOT}trains in float32 instead$") as said:
        resumed = train(corpus, config16, folder=tmp_path, resume=True, device="cpu")
    assert len(said) == 1
    _same_weights(plain.weights, resumed.weights)
    assert resumed.record["precision"] == "float32"


@pytest.mark.usefixtures("no_bfloat16")
def test_auto_precision_warns_of_nothing_where_there_is_no_bfloat16(corpus):
    config = changed(preset("tiny"), {"epochs": 1, "precision": "auto"})
    assert train(corpus, config, device="cpu").record["precision"] == "float32"


@pytest.mark.usefixtures("no_bfloat16")
def test_a_run_in_bfloat16_continues_in_float32_with_a_warning(corpus, tmp_path):
    config = changed(preset("tiny"), {"epochs": 1, "precision": "bfloat16"})
    with pytest.warns(BachbotWarning, match="instead$"):
        train(corpus, config, folder=tmp_path, device="cpu")
    saved = load_state(tmp_path / STATE)
    metadata = {**saved.metadata, "precisions": ["bfloat16"]}
    save_state(tmp_path / STATE, SavedState(saved.tensors, metadata))
    with pytest.warns(BachbotWarning, match=CANNOT + ALL_IN_BFLOAT16) as said:
        result = train(corpus, config, folder=tmp_path, resume=True, device="cpu")
    assert len(said) == 1
    assert result.record["precision"] == "bfloat16, then float32"
    card = (tmp_path / BEST / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "tokens per second in bfloat16, then float32, on" in card


@pytest.mark.slow
@pytest.mark.usefixtures("no_bfloat16")
def test_a_search_without_bfloat16_warns_once(corpus, tmp_path):
    base = changed(preset("tiny"), {"epochs": 1, "precision": "bfloat16"})
    config = search.SearchConfig(
        base, sampler="grid", storage=str(tmp_path / "s.log"), grid={"dropout": (0.0, 0.3)}
    )
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", BachbotWarning)
        study = search.open_study(config)
        search.search(study, corpus, config, 2, device="cpu")
    assert len(search.leaderboard(study)) == 2
    (line,) = (str(w.message) for w in said)
    assert line.endswith("the trials are in float32 instead")


def test_the_probe_uses_no_random_numbers():
    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(5)
    machine.trains_in_bfloat16.cache_clear()
    machine.trains_in_bfloat16(torch.device("cpu"))
    assert torch.equal(torch.rand(3), wanted)


def test_the_probe_and_a_network_in_bfloat16_agree():
    model = LSTMModel(LSTMConfig(layers=1, hidden=8), len(Vocabulary()))
    ids = torch.arange(9)[None]
    try:
        with torch.autocast("cpu", torch.bfloat16):
            logits, _ = model(ids, model.initial_state(1))
        logits.float().sum().backward()
        ran = True
    except RuntimeError:
        ran = False
    assert machine.trains_in_bfloat16(torch.device("cpu")) == ran


KILLED = """
import sys, pathlib, torch, time
from bachbot.corpus.store import PreparedCorpus
from bachbot.training.config import changed
from bachbot.training.kinds import preset
from bachbot.training.run import train
torch.set_num_threads(1)
corpus = PreparedCorpus.load(pathlib.Path(sys.argv[1]))
config = changed(preset("tiny"), {"epochs": 20, "save_every": 1})
folder, resume = pathlib.Path(sys.argv[2]), sys.argv[3] == "resume"
train(corpus, config, folder=folder, device="cpu", resume=resume)
"""


@pytest.mark.slow
def test_a_run_killed_at_any_moment_gives_the_same_weights(corpus, corpus_file, tmp_path):
    config = changed(preset("tiny"), {"epochs": 20, "save_every": 1})
    straight = train(corpus, config, device="cpu")
    steps_per_epoch = straight.history[0]["step"]
    folder = tmp_path / "killed"
    for how in ("start", "resume"):
        before = _steps(folder, steps_per_epoch)
        process = subprocess.Popen([sys.executable, "-c", KILLED, corpus_file, folder, how])
        try:
            deadline = time.monotonic() + 60
            while _steps(folder, steps_per_epoch) < before + 0.7 * steps_per_epoch:
                assert process.poll() is None, "it ended by itself"
                assert time.monotonic() < deadline, "it takes no steps"
                time.sleep(0.02)
        finally:
            process.kill()
            process.wait()
        assert process.returncode == -signal.SIGKILL
        assert before < _steps(folder, steps_per_epoch) < 20 * steps_per_epoch
        if _steps(folder, steps_per_epoch) > steps_per_epoch:
            load_checkpoint(folder / BEST)
    resumed = train(corpus, config, folder=folder, resume=True, device="cpu")
    _same_weights(straight.weights, resumed.weights)
    assert _without_times(straight.history) == _without_times(resumed.history)
    load_checkpoint(folder / BEST)


def _steps(folder, steps_per_epoch):
    if not (folder / STATE).exists():
        return 0
    metadata = load_state(folder / STATE).metadata
    return metadata["epoch"] * steps_per_epoch + metadata["steps_done"]


@pytest.mark.slow
def test_resuming_a_finished_run_changes_nothing(corpus, tmp_path):
    first = train(corpus, preset("tiny"), folder=tmp_path, device="cpu")
    again = train(corpus, preset("tiny"), folder=tmp_path, resume=True, device="cpu")
    _same_weights(first.weights, again.weights)
    assert _without_times(first.history) == _without_times(again.history)


def test_the_random_state_of_the_caller_does_not_change(corpus):
    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(5)
    train(corpus, changed(preset("tiny"), {"epochs": 1}), device="cpu")
    assert torch.equal(torch.rand(3), wanted)


def test_another_seed_gives_another_model(corpus):
    one, other = (
        train(corpus, changed(preset("tiny"), {"epochs": 1, "seed": s}), device="cpu")
        for s in (0, 1)
    )
    assert not np.array_equal(one.weights["output.weight"], other.weights["output.weight"])


@pytest.mark.slow
def test_it_stops_early_and_returns_the_best_weights(corpus):
    config = changed(
        preset("tiny"),
        {"epochs": 60, "patience": 2, "learning_rate": 0.3, "schedule": "halving", "dropout": 0.0},
    )
    result = train(corpus, config, device="cpu")
    losses = [line["validation"] for line in result.history]
    assert len(losses) < 60
    assert int(np.argmin(losses)) == len(losses) - 3
    assert [line["best"] for line in result.history][-2:] == [False, False]
    assert result.record["losses"]["validation"]["nats_per_token"] == pytest.approx(
        min(losses), abs=1e-5
    )


def test_a_loss_that_is_not_finite_ends_the_run(corpus, monkeypatch):
    step = Trainer.step

    def bad_step(self):
        step(self)
        self._loss_sum += float("nan")

    monkeypatch.setattr(Trainer, "step", bad_step)
    with pytest.raises(TrainingError, match="the loss is nan at step 1: give a lower"):
        train(corpus, preset("tiny"), device="cpu")


def test_a_folder_with_a_run_is_not_overwritten(corpus, tmp_path):
    train(corpus, preset("tiny"), folder=tmp_path, device="cpu")
    before = (tmp_path / STATE).read_bytes()
    with pytest.raises(TrainingError, match="already holds a run: continue it with --resume"):
        train(corpus, preset("tiny"), folder=tmp_path, device="cpu")
    assert (tmp_path / STATE).read_bytes() == before


@pytest.mark.slow
def test_a_run_that_cannot_be_resumed_says_why(corpus, tmp_path):
    with pytest.raises(TrainingError, match=r"no run to resume at .*: start it without --resume"):
        train(corpus, preset("tiny"), folder=tmp_path, resume=True, device="cpu")
    train(corpus, preset("tiny"), folder=tmp_path, device="cpu")
    assert saved_config(tmp_path) == preset("tiny")
    with pytest.raises(TrainingError, match="other settings for dropout, seed: leave them out"):
        train(
            corpus,
            changed(preset("tiny"), {"seed": 1, "dropout": 0.2}),
            folder=tmp_path,
            resume=True,
            device="cpu",
        )
    with pytest.raises(TrainingError, match="another prepared corpus: give that one"):
        train(random_corpus(18), preset("tiny"), folder=tmp_path, resume=True, device="cpu")


@pytest.mark.parametrize("cut", [0, 7, 300, -1])
def test_a_damaged_state_is_refused(corpus, tmp_path, cut):
    train(corpus, preset("tiny"), folder=tmp_path, device="cpu")
    content = (tmp_path / STATE).read_bytes()
    (tmp_path / STATE).write_bytes(content[:cut])
    with pytest.raises(TrainingError, match="is damaged or not the state of a run"):
        train(corpus, preset("tiny"), folder=tmp_path, resume=True, device="cpu")


def test_a_state_of_an_older_format_is_refused_with_one_line(corpus, tmp_path, monkeypatch):
    with monkeypatch.context() as older:
        older.setattr(run_folder, "STATE_FORMAT", "bachbot-run-2")
        train(corpus, preset("tiny"), folder=tmp_path, device="cpu")
    for resume in (
        lambda: saved_config(tmp_path),
        lambda: train(corpus, preset("tiny"), folder=tmp_path, resume=True, device="cpu"),
    ):
        with pytest.raises(TrainingError) as caught:
            resume()
        text = str(caught.value)
        assert "has the format 'bachbot-run-2', this version reads 'bachbot-run-3'" in text
        assert "finish the run with the version that started it" in text
        assert "\n" not in text


def test_an_unknown_or_absent_device_is_refused(corpus):
    with pytest.raises(UsageError, match="no device 'tpu': give one of auto, cpu, cuda, mps"):
        train(corpus, preset("tiny"), device="tpu")
    if not torch.cuda.is_available():
        with pytest.raises(UsageError, match="torch finds no cuda device here"):
            train(corpus, preset("tiny"), device="cuda")


def test_rows_must_divide_evenly_among_the_processes():
    from bachbot.training.device import ProcessGroup

    shares = [ProcessGroup(rank, 2).share(8, "rows") for rank in range(2)]
    assert shares == [slice(0, 4), slice(4, 8)]
    with pytest.raises(UsageError, match="50 rows cannot be divided among 4 processes"):
        ProcessGroup(0, 4).share(50, "rows")
