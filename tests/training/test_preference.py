import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from made_checkpoints import random_checkpoint, random_lookahead
from training_corpus import CPU, random_chorale

from bachbot.chorale import Given, Voice
from bachbot.encoding import FillRequest, Vocabulary, encode
from bachbot.errors import TrainingError, UsageError
from bachbot.runtime import load_checkpoint
from bachbot.training.config import changed
from bachbot.training.device import ProcessGroup
from bachbot.training.examples import make_example
from bachbot.training.kinds import KINDS, build_network, preset
from bachbot.training.kinds.lookahead import collate
from bachbot.training.preference.guards import GuardFigures
from bachbot.training.preference.options import PreferenceOptions
from bachbot.training.preference.pairs import PreferencePair, hold_out
from bachbot.training.preference.run import _load, _tuning_config, prefer
from bachbot.training.preference.steps import PreferenceSteps
from bachbot.training.run import train
from bachbot.training.run_folder import BEST, CARD, METRICS, STATE, export_checkpoint
from bachbot.training.trainer import Trainer
from bachbot.training.validation import FILL_TASKS, HARMONIZATION, fill_losses, token_losses

TINY = {"lstm": "tiny", "lookahead": "lookahead-tiny"}
QUICK = PreferenceOptions(
    guard_tunes=0, epochs=2, batch_size=2, learning_rate=1e-3, window=16, kl_bound=100, save_every=1
)


@pytest.fixture(scope="module")
def checkpoints(corpus, tmp_path_factory):
    """A checkpoint of each kind, trained for an epoch."""
    found = {}
    for kind, name in TINY.items():
        folder = tmp_path_factory.mktemp("tiny") / kind
        train(corpus, changed(preset(name), {"epochs": 1}), folder=folder, device="cpu")
        found[kind] = load_checkpoint(folder / BEST)
    return found


UNTRAINED = {"lstm": random_checkpoint(scale=0.1), "lookahead": random_lookahead(scale=0.1)}


def pair(number, frames=40):
    """Two random settings of a random tune."""
    better, worse = (random_chorale(100 * number + at, frames) for at in (1, 2))
    pitch, tied = worse.pitch.copy(), worse.tied.copy()
    pitch[:, 0], tied[:, 0] = better.pitch[:, 0], better.tied[:, 0]
    worse = replace(worse, pitch=pitch, tied=tied)
    given = Given.voices(frames, [Voice.SOPRANO])
    requests = (FillRequest(better, given), FillRequest(worse, given))
    return PreferencePair(f"pair {number}", *requests, f"tune {number}")


PAIRS = [pair(number, 36 + 4 * number) for number in range(5)]


def tuner(checkpoint, pairs, options, held_out=None):
    """The steps and the trainer of a run, without its folder."""
    config, vocabulary = _tuning_config(checkpoint, options), Vocabulary()
    reference = build_network(config, len(vocabulary))
    _load(reference, checkpoint.weights)
    reference.eval()
    kind = KINDS[checkpoint.config["kind"]]
    steps = PreferenceSteps(kind, pairs, held_out or pairs, reference, options, vocabulary, CPU)
    trainer = Trainer(config, steps, vocabulary, CPU, ProcessGroup())
    _load(trainer.model, checkpoint.weights)
    return steps, trainer


@pytest.mark.slow
@pytest.mark.parametrize("kind", TINY)
def test_one_step_prefers_the_better_pieces(kind):
    steps, trainer = tuner(UNTRAINED[kind], PAIRS, replace(QUICK, batch_size=5))
    before = steps.measure(trainer.model)
    assert before.margin == 0
    assert before.loss == pytest.approx(np.log(2))
    assert before.kl == pytest.approx(0, abs=1e-9)
    trainer.step()
    after = steps.measure(trainer.model)
    assert after.margin > 0
    assert after.loss < before.loss
    assert after.kl > 0
    assert after.accuracy > 0.5


@pytest.mark.parametrize("kind", TINY)
def test_the_loss_is_that_of_the_paper(kind):
    """Likelihoods are taken from the code that measures losses, not from the code under test."""
    options = replace(QUICK, window=0, likelihood_weight=0.25, beta=0.03, batch_size=1)
    steps, trainer = tuner(UNTRAINED[kind], PAIRS[:1], options)
    trainer.step()
    trainer.end_epoch()
    [one] = PAIRS[:1]
    network, reference = trainer.model, steps._reference
    nats = {
        (side, model): nats_of(model, request)
        for side, request in (("better", one.better), ("worse", one.worse))
        for model in (network, reference)
    }
    gain = {side: nats[side, reference][0] - nats[side, network][0] for side in ("better", "worse")}
    margin = gain["better"] - gain["worse"]
    assert steps.measure(network).margin == pytest.approx(margin, rel=1e-4, abs=1e-3)
    wanted = np.log1p(np.exp(-0.03 * margin)) + 0.25 * np.divide(*nats["better", network])
    assert steps.loss(network, 0).mean.item() == pytest.approx(wanted, rel=1e-4)


def nats_of(network, request):
    """Negative log-likelihood of what is not given, and the number of tokens."""
    if type(network).__name__ == "LSTMModel":
        stream = encode(request.chorale, Vocabulary())
        tokens = len(stream) - 1  # all but START
        return token_losses(network, [stream]).per_token * tokens, tokens
    batch = collate([make_example(request.chorale, Vocabulary())], [request.given], CPU)
    found = fill_losses(network, [batch], FILL_TASKS[HARMONIZATION])
    return found.nats, found.cells


def test_windows_cover_the_frames_that_differ_and_no_others():
    one = PAIRS[0]
    pitch, tied = one.better.chorale.pitch.copy(), one.better.chorale.tied.copy()
    pitch[20, 3], tied[20:22, 3] = 41, False
    worse = replace(one.better.chorale, pitch=pitch, tied=tied)
    changed_pair = PreferencePair("one note", one.better, replace(one.worse, chorale=worse), "t")
    steps, _ = tuner(UNTRAINED["lookahead"], [changed_pair], QUICK)
    frames = len(changed_pair.differs)
    assert set(np.flatnonzero(changed_pair.differs)) <= {20, 21}
    gained = torch.zeros(2, 1, frames)
    gained[0, 0] = torch.arange(frames)
    for offset, low in ((0, 16), (5, 11)):  # windows of 16 frames, the first one shorter
        found = steps._by_window(gained, [changed_pair], np.array([offset]))
        assert found.tolist() == [sum(range(low, low + 16))]


@pytest.mark.slow
@pytest.mark.parametrize("kind", TINY)
def test_a_resumed_run_gives_the_same_weights_as_one_without_interruption(
    checkpoints, corpus, tmp_path, kind
):
    options = replace(QUICK, guard_tunes=1)
    straight = prefer(PAIRS, checkpoints[kind], corpus, tmp_path / "a", options, device="cpu")

    def interrupt(step, _):
        if step == stop:
            raise KeyboardInterrupt

    for stop in (1, 3):  # within the first epoch, and within the second
        with pytest.raises(KeyboardInterrupt):
            prefer(
                PAIRS, checkpoints[kind], corpus, tmp_path / "b", options,
                device="cpu", progress=interrupt, resume=stop > 1,
            )  # fmt: skip
    again = prefer(
        PAIRS, checkpoints[kind], corpus, tmp_path / "b", options, device="cpu", resume=True
    )
    assert again.history == straight.history
    assert len(again.history) == 2
    for name, value in straight.checkpoint.weights.items():
        assert np.array_equal(again.checkpoint.weights[name], value), name
    assert again.checkpoint.fingerprint == straight.checkpoint.fingerprint
    assert straight.checkpoint.fingerprint != checkpoints[kind].fingerprint


@pytest.mark.slow
def test_the_folder_holds_a_checkpoint_with_its_card(checkpoints, corpus, tmp_path):
    kind = "lookahead"
    result = prefer(PAIRS, checkpoints[kind], corpus, tmp_path / "run", QUICK, device="cpu")
    written = load_checkpoint(tmp_path / "run" / BEST)
    assert written.fingerprint == result.checkpoint.fingerprint
    record = written.config["preference"]
    assert record["from"] == checkpoints[kind].fingerprint
    assert record["pairs"] + record["held_out"] == len(PAIRS)
    assert record["options"]["beta"] == QUICK.beta
    before, after = (c.config["training"]["losses"] for c in (checkpoints[kind], written))
    assert before != after  # those of the tuned network
    lines = (tmp_path / "run" / METRICS).read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == list(result.history)
    card = (tmp_path / "run" / BEST / CARD).read_text(encoding="utf-8")
    assert f"from checkpoint `{checkpoints[kind].fingerprint}`" in card
    export_checkpoint(tmp_path / "run", tmp_path / "model")
    assert load_checkpoint(tmp_path / "model").fingerprint == written.fingerprint


@pytest.mark.slow
def test_the_bound_on_the_divergence_ends_a_run(checkpoints, corpus, tmp_path):
    options = replace(QUICK, epochs=4)
    free = prefer(PAIRS, checkpoints["lstm"], corpus, tmp_path / "free", options, device="cpu")
    kl = [line["kl"] for line in free.history]
    assert len(kl) == 4
    assert kl[0] < kl[1]
    bounded = replace(options, kl_bound=(kl[0] + kl[1]) / 2)
    found = prefer(PAIRS, checkpoints["lstm"], corpus, tmp_path / "bounded", bounded, device="cpu")
    assert len(found.history) == 2
    assert found.checkpoint.config["preference"]["best"]["epoch"] == 1
    assert "is above" in found.history[1]["faults"][0]
    with pytest.raises(TrainingError, match=r"no epoch of the run in .* is within its bounds"):
        prefer(
            PAIRS, checkpoints["lstm"], corpus, tmp_path / "none",
            replace(options, kl_bound=kl[0] / 2), device="cpu",
        )  # fmt: skip
    assert not (tmp_path / "none" / BEST).exists()
    assert (tmp_path / "none" / STATE).is_file()
    with pytest.raises(TrainingError, match="holds no run with a trained model"):
        export_checkpoint(tmp_path / "none", tmp_path / "model")


def test_what_must_not_be_lost():
    options = PreferenceOptions(chord_tolerance=0.1, copy_tolerance=0.02)
    before = GuardFigures(0.5, 0.1)
    assert GuardFigures(0.46, 0.115).faults(before, options) == []
    assert GuardFigures(0.6, 0.0).faults(before, options) == []
    assert GuardFigures(0.44, 0.2).faults(before, options) == [
        "different chords per beat fell from 0.500 to 0.440",
        "copied bars rose from 10.0% to 20.0%",
    ]


@pytest.mark.slow
def test_weights_that_lose_chords_are_not_kept(checkpoints, corpus, tmp_path, monkeypatch):
    figures = iter([GuardFigures(0.5, 0), GuardFigures(0.2, 0), GuardFigures(0.5, 0)])
    monkeypatch.setattr("bachbot.training.preference.run.measure_guards", lambda *_: next(figures))
    options = replace(QUICK, guard_tunes=1)
    found = prefer(PAIRS, checkpoints["lstm"], corpus, tmp_path / "run", options, device="cpu")
    assert [bool(line["faults"]) for line in found.history] == [True, False]
    assert found.checkpoint.config["preference"]["best"]["epoch"] == 2


@pytest.mark.slow
def test_a_run_goes_on_with_the_same_pairs_options_and_checkpoint_only(
    checkpoints, corpus, tmp_path
):
    lstm = checkpoints["lstm"]
    prefer(PAIRS, lstm, corpus, tmp_path / "run", QUICK, device="cpu")
    for pairs, options, checkpoint, named in (
        (PAIRS[1:], QUICK, lstm, "another pairs"),
        (PAIRS, replace(QUICK, beta=0.2), lstm, "another beta"),
    ):
        with pytest.raises(TrainingError, match=named):
            prefer(pairs, checkpoint, corpus, tmp_path / "run", options, device="cpu", resume=True)
    with pytest.raises(TrainingError, match="already holds a run"):
        prefer(PAIRS, lstm, corpus, tmp_path / "run", QUICK, device="cpu")
    with pytest.raises(TrainingError, match="there is no run to resume"):
        prefer(PAIRS, lstm, corpus, tmp_path / "new", QUICK, device="cpu", resume=True)


def test_a_tune_is_learned_from_or_held_out_and_never_both():
    pairs = [replace(p, group=f"tune {at % 3}") for at, p in enumerate(PAIRS)]
    train_pairs, held = hold_out(pairs, 0.3, seed=0)
    assert len(train_pairs) + len(held) == len(pairs)
    assert {p.group for p in train_pairs} & {p.group for p in held} == set()
    assert len({p.group for p in held}) == 1
    with pytest.raises(UsageError, match="pairs of two tunes or more"):
        hold_out([replace(p, group="one") for p in PAIRS], 0.3, seed=0)


def test_pairs_that_cannot_be_compared_are_refused():
    one = PAIRS[0]
    with pytest.raises(UsageError, match="the two are the same"):
        PreferencePair("same", one.better, one.better, "t")
    with pytest.raises(UsageError, match="of one length"):
        PreferencePair("lengths", one.better, PAIRS[1].worse, "t")
    other = pair(9, one.better.chorale.frames)
    with pytest.raises(UsageError, match="given voices of the two differ"):
        PreferencePair("tunes", one.better, other.worse, "t")


def test_settings_are_numbers_in_range():
    assert PreferenceOptions.of({"epochs": "5", "beta": "0.2"}).epochs == 5
    with pytest.raises(UsageError, match="there is no setting 'speed': settings are beta"):
        PreferenceOptions.of({"speed": "1"})
    with pytest.raises(UsageError, match=r"epochs is '1\.5': give a whole number"):
        PreferenceOptions.of({"epochs": "1.5"})
    with pytest.raises(UsageError, match=r"beta is 0.0: .*; epochs is 0: "):
        PreferenceOptions(beta=0.0, epochs=0)
