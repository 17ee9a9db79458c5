import json
import math

import numpy as np
import pytest
import torch
from made_up import made_up_corpus, needs_bfloat16
from test_training_fillings import Oracle

from bachbot.chorale import Voice
from bachbot.encoding import Vocabulary
from bachbot.encoding.datastore import build_datastore
from bachbot.errors import TrainingError, UsageError
from bachbot.evaluation.losses import measure
from bachbot.runtime import build_model, load_checkpoint
from bachbot.training.config import changed, preset
from bachbot.training.courses import make_objective
from bachbot.training.distributed import ProcessGroup
from bachbot.training.examples import PieceDataset, example
from bachbot.training.lookahead_objective import LookaheadObjective
from bachbot.training.objective import Stepped
from bachbot.training.run import BEST, METRICS, STATE, train
from bachbot.training.run_folder import load_state
from bachbot.training.validation import FILL_TASKS, HARMONY

TINY = preset("lookahead-tiny")
TIMES = ("seconds", "tokens_per_second")


def _course(corpus, ranks=None, **changes):
    config = changed(TINY, changes)
    cpu = torch.device("cpu")
    course = make_objective(config, corpus, Vocabulary(), cpu, ranks or ProcessGroup())
    course.begin(torch.nn.Identity(), 0)
    return course


def test_the_loss_is_the_price_of_what_is_missing_by_the_missing_cells(corpus):
    course = _course(corpus, batch=8)
    (batch,) = (course._repertoire.batch(0, step) for step in range(course.steps))
    cells = sum(int((~given.cells).sum()) for _, given in batch)
    fermatas = sum(int((~given.fermatas).sum()) for _, given in batch)
    assert 0 < fermatas < sum(piece.frames for piece, _ in batch)
    loss = course.loss(Oracle(0.0), 0)
    wanted = math.log(len(Vocabulary())) + math.log(2) * fermatas / cells
    assert float(loss.mean) == pytest.approx(wanted, rel=1e-5)
    assert loss.weight == cells
    assert loss.tokens == sum(4 * piece.frames for piece, _ in batch)
    assert float(course.loss(Oracle(50.0), 0).mean) == pytest.approx(0, abs=1e-6)


def test_untold_no_fermata_is_paid_for(corpus):
    course = _course(corpus, batch=8, use_metadata=False)
    loss = course.loss(Oracle(0.0), 0)
    assert float(loss.mean) == pytest.approx(math.log(len(Vocabulary())), rel=1e-5)


def test_the_ranks_mean_is_the_loss_of_the_whole_batch(corpus):
    class Uneven(Oracle):
        def forward(self, works, wanted):
            # Dearer the longer the piece, so that the shares of a batch differ.
            return super().forward(works, wanted) * works.length[:, None, None, None] / 20

    whole = _course(corpus, batch=8).loss(Uneven(1.0), 0)
    shares = [
        _course(corpus, ProcessGroup(rank, 2), batch=8).loss(Uneven(1.0), 0) for rank in (0, 1)
    ]
    means = [float(share.mean) for share in shares]
    assert np.mean(means) == pytest.approx(float(whole.mean), rel=1e-6)
    assert means[0] != pytest.approx(means[1], rel=1e-3)
    assert {share.weight for share in shares} == {whole.weight}


def test_pieces_must_go_evenly_over_the_processes(corpus):
    with pytest.raises(UsageError, match="3 pieces cannot be shared out over 2 processes: give"):
        _course(corpus, ProcessGroup(0, 2), batch=3)


def test_it_learns_and_leaves_a_checkpoint_that_says_how(corpus, tmp_path):
    config = changed(TINY, {"epochs": 30, "learning_rate": 0.03, "average": 0.8})
    outcome = train(corpus, config, folder=tmp_path / "run", device="cpu")
    lines = [
        json.loads(s) for s in (tmp_path / "run" / METRICS).read_text(encoding="utf-8").splitlines()
    ]
    assert lines == list(outcome.history)
    assert lines[-1]["validation"] < 0.75 * lines[0]["validation"]
    assert {line["validation_unit"] for line in lines} == {"nats a frame, A+T+B given S"}
    assert {line["train_unit"] for line in lines} == {"nats a missing cell"}
    checkpoint = load_checkpoint(tmp_path / "run" / BEST)
    assert checkpoint.config["kind"] == "lookahead"
    assert all(np.array_equal(checkpoint.weights[n], w) for n, w in outcome.weights.items())
    training = checkpoint.config["training"]
    assert training["train_nats_per_missing_cell"] == outcome.best["train"]
    losses = training["losses"]
    assert losses.keys() == {"validation", "test"}
    assert losses["validation"].keys() == FILL_TASKS.keys()
    harmony = losses["validation"][HARMONY]
    assert harmony["nats_per_frame"] == pytest.approx(outcome.best["validation"], rel=1e-6)
    assert harmony["nats_per_onset"] == pytest.approx(outcome.best["per_onset"], rel=1e-6)
    assert harmony["onset_accuracy"] == pytest.approx(outcome.best["onset_accuracy"], rel=1e-6)
    card = (tmp_path / "run" / BEST / "MODEL_CARD.md").read_text(encoding="utf-8")
    command = "--preset lookahead-tiny --split tune --epochs 30 --set learning_rate=0.03"
    assert f"bachbot train {command} --set average=0.8" in card
    for name, filling in FILL_TASKS.items():
        figure = losses["test"][name]["nats_per_frame"]
        (row,) = (r for r in card.splitlines() if r.startswith(f"| {filling.label} |"))
        assert f"| {figure:.3f} |" in row
    assert "nats a missing cell" in card
    assert "fermatas with 70% of the pieces" in card


def test_music_without_a_meter_is_learned_from_the_notes_alone(corpus, tmp_path):
    config = changed(TINY, {"use_metadata": False})
    outcome = train(corpus, config, folder=tmp_path / "run", device="cpu")
    assert load_checkpoint(tmp_path / "run" / BEST).config["model"]["use_metadata"] is False
    assert "ATB|S, fermatas unknown" not in outcome.record["losses"]["test"]
    card = (tmp_path / "run" / BEST / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "--set use_metadata=False" in card
    assert "no meter, mode or fermata" in card
    assert "fermatas with" not in card


def test_one_that_looks_pieces_up_carries_them_and_passes_itself_over(corpus, tmp_path):
    config = changed(TINY, {"lookup": True})
    outcome = train(corpus, config, folder=tmp_path / "run", device="cpu")
    pieces = [example(c, Vocabulary()).tokens for c in corpus.part("train", config.split)]
    checkpoint = load_checkpoint(tmp_path / "run" / BEST)
    assert np.array_equal(checkpoint.weights["datastore.tokens"], build_datastore(pieces))
    assert checkpoint.config["model"]["datastore_frames"] == len(build_datastore(pieces))
    card = (tmp_path / "run" / BEST / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "The training pieces travel with its weights" in card
    # Stepped without torch it says what it said in training.
    test = corpus.part("test", config.split)
    found = measure(build_model(checkpoint), test, given=[Voice.SOPRANO])
    wanted = outcome.record["losses"]["test"][HARMONY]
    assert found.voices_per_frame == pytest.approx(wanted["nats_per_frame"], abs=1e-4)
    # A piece that found itself would be followed to its end.
    repertoire = PieceDataset(corpus.part("train", config.split), config, Vocabulary())
    for step in range(repertoire.steps):
        for piece, _ in repertoire.batch(0, step):
            assert not (piece.likest.tokens[:, 0, 0] == piece.tokens).all()


class StopError(Exception):
    pass


RESUMED = {"epochs": 3, "average": 0.9, "transposed": 0.5, "token_dropout": 0.2}


@pytest.mark.parametrize(
    ("stop_at", "changes"),
    [
        (1, {"precision": "float32"}),
        (6, {"precision": "float32", "lookup": True}),
        (9, {"precision": "float32"}),
        pytest.param(1, {"precision": "bfloat16", "lookup": True}, marks=needs_bfloat16),
        pytest.param(6, {"precision": "bfloat16"}, marks=needs_bfloat16),
        pytest.param(9, {"precision": "bfloat16"}, marks=needs_bfloat16),
    ],
)
def test_n_steps_are_k_steps_and_a_resume_and_the_rest(corpus, tmp_path, stop_at, changes):
    config = changed(TINY, RESUMED | changes)
    straight = train(corpus, config, folder=tmp_path / "straight", device="cpu")

    def stop(event):
        if isinstance(event, Stepped) and event.step == stop_at:
            raise StopError

    with pytest.raises(StopError):
        train(corpus, config, folder=tmp_path / "cut", device="cpu", listen=stop)
    torch.rand(7)  # the state of this process must not matter
    resumed = train(corpus, config, folder=tmp_path / "cut", resume=True, device="cpu")
    assert all(np.array_equal(resumed.weights[n], w) for n, w in straight.weights.items())
    histories = [
        [{k: v for k, v in line.items() if k not in TIMES} for line in outcome.history]
        for outcome in (straight, resumed)
    ]
    assert histories[0] == histories[1]
    ours, theirs = (load_state(tmp_path / n / STATE).tensors for n in ("straight", "cut"))
    assert ours.keys() == theirs.keys()
    assert not any(name.startswith("carried") for name in ours)
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_run_of_another_kind_is_not_gone_on_with(corpus, tmp_path):
    train(corpus, changed(TINY, {"epochs": 1}), folder=tmp_path, device="cpu")
    with pytest.raises(TrainingError, match="begun with other settings for kind"):
        train(corpus, preset("tiny"), folder=tmp_path, resume=True, device="cpu")


def test_a_corpus_without_a_test_part_has_no_figures_there():
    corpus = made_up_corpus(5)  # the sixth would be of the test part
    outcome = train(corpus, changed(TINY, {"epochs": 1}), device="cpu")
    assert outcome.record["losses"]["test"][HARMONY]["nats_per_frame"] is None
    assert outcome.record["losses"]["validation"][HARMONY]["nats_per_frame"] > 0


def test_each_kind_has_its_course(corpus):
    assert isinstance(_course(corpus), LookaheadObjective)
    assert _course(corpus).carried() == {}
    lanes = make_objective(
        preset("tiny"), corpus, Vocabulary(), torch.device("cpu"), ProcessGroup()
    )
    assert lanes.units.validation == "nats a token"
