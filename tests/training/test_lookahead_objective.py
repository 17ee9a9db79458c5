import json
import math

import numpy as np
import pytest
import torch
from test_training_validation import Oracle
from training_corpus import needs_bfloat16, random_corpus

from bachbot.chorale import Voice
from bachbot.encoding import Vocabulary
from bachbot.encoding.datastore import build_datastore
from bachbot.errors import TrainingError, UsageError
from bachbot.evaluation.losses import measure
from bachbot.runtime import build_model, load_checkpoint
from bachbot.training.config import changed
from bachbot.training.device import ProcessGroup
from bachbot.training.examples import PieceDataset, make_example
from bachbot.training.kinds import KINDS, preset
from bachbot.training.kinds.lookahead import LookaheadObjective
from bachbot.training.objective import Stepped, TrainingContext
from bachbot.training.run import train
from bachbot.training.run_folder import BEST, METRICS, STATE, load_state
from bachbot.training.validation import FILL_TASKS, HARMONIZATION

TINY = preset("lookahead-tiny")
TIMES = ("seconds", "tokens_per_second")


def _objective(corpus, group=None, **changes):
    config = changed(TINY, changes)
    cpu = torch.device("cpu")
    objective = LookaheadObjective(
        config, TrainingContext(corpus, Vocabulary(), cpu, group or ProcessGroup())
    )
    objective.start_epoch(torch.nn.Identity(), 0)
    return objective


def test_the_loss_is_the_nats_of_what_is_missing_per_missing_cell(corpus):
    objective = _objective(corpus, batch_size=8)
    (batch,) = (objective._dataset.batch(0, step) for step in range(objective.steps))
    cells = sum(int((~given.cells).sum()) for _, given in batch)
    fermatas = sum(int((~given.fermatas).sum()) for _, given in batch)
    assert 0 < fermatas < sum(piece.frames for piece, _ in batch)
    loss = objective.loss(Oracle(0.0), 0)
    wanted = math.log(len(Vocabulary())) + math.log(2) * fermatas / cells
    assert float(loss.mean) == pytest.approx(wanted, rel=1e-5)
    assert loss.weight == cells
    assert loss.tokens == sum(4 * piece.frames for piece, _ in batch)
    assert float(objective.loss(Oracle(50.0), 0).mean) == pytest.approx(0, abs=1e-6)


def test_without_metadata_no_fermata_is_scored(corpus):
    objective = _objective(corpus, batch_size=8, use_metadata=False)
    loss = objective.loss(Oracle(0.0), 0)
    assert float(loss.mean) == pytest.approx(math.log(len(Vocabulary())), rel=1e-5)


def test_the_mean_over_the_processes_is_the_loss_of_the_whole_batch(corpus):
    class Uneven(Oracle):
        def forward(self, batch, wanted):
            # The loss grows with the length of the piece, so that the shares of a batch differ.
            return super().forward(batch, wanted) * batch.length[:, None, None, None] / 20

    whole = _objective(corpus, batch_size=8).loss(Uneven(1.0), 0)
    shares = [
        _objective(corpus, ProcessGroup(rank, 2), batch_size=8).loss(Uneven(1.0), 0)
        for rank in (0, 1)
    ]
    means = [float(share.mean) for share in shares]
    assert np.mean(means) == pytest.approx(float(whole.mean), rel=1e-6)
    assert means[0] != pytest.approx(means[1], rel=1e-3)
    assert {share.weight for share in shares} == {whole.weight}


def test_pieces_must_divide_evenly_among_the_processes(corpus):
    with pytest.raises(UsageError, match="3 pieces cannot be divided among 2 processes: give"):
        _objective(corpus, ProcessGroup(0, 2), batch_size=3)


@pytest.mark.slow
def test_it_learns_and_writes_a_checkpoint_with_a_record(corpus, tmp_path):
    config = changed(TINY, {"epochs": 30, "learning_rate": 0.03, "ema_decay": 0.8})
    result = train(corpus, config, folder=tmp_path / "run", device="cpu")
    lines = [
        json.loads(s) for s in (tmp_path / "run" / METRICS).read_text(encoding="utf-8").splitlines()
    ]
    assert lines == list(result.history)
    assert lines[-1]["validation"] < 0.75 * lines[0]["validation"]
    assert {line["validation_unit"] for line in lines} == {"nats per frame, A+T+B given S"}
    assert {line["train_unit"] for line in lines} == {"nats per missing cell"}
    checkpoint = load_checkpoint(tmp_path / "run" / BEST)
    assert checkpoint.config["kind"] == "lookahead"
    assert all(np.array_equal(checkpoint.weights[n], w) for n, w in result.weights.items())
    training = checkpoint.config["training"]
    assert training["train_nats_per_missing_cell"] == result.best["train"]
    losses = training["losses"]
    assert losses.keys() == {"validation", "test"}
    assert losses["validation"].keys() == FILL_TASKS.keys()
    harmonization = losses["validation"][HARMONIZATION]
    assert harmonization["nats_per_frame"] == pytest.approx(result.best["validation"], rel=1e-6)
    assert harmonization["nats_per_onset"] == pytest.approx(result.best["per_onset"], rel=1e-6)
    assert harmonization["onset_accuracy"] == pytest.approx(result.best["onset_accuracy"], rel=1e-6)
    card = (tmp_path / "run" / BEST / "MODEL_CARD.md").read_text(encoding="utf-8")
    command = "--preset lookahead-tiny --split tune --epochs 30 --set learning_rate=0.03"
    assert f"bachbot train {command} --set ema_decay=0.8" in card
    for name, task in FILL_TASKS.items():
        figure = losses["test"][name]["nats_per_frame"]
        (row,) = (r for r in card.splitlines() if r.startswith(f"| {task.label} |"))
        assert f"| {figure:.3f} |" in row
    assert "nats per missing cell" in card
    assert "fermatas given in 70% of the pieces" in card


@pytest.mark.slow
def test_without_metadata_it_learns_from_the_notes_alone(corpus, tmp_path):
    config = changed(TINY, {"use_metadata": False})
    result = train(corpus, config, folder=tmp_path / "run", device="cpu")
    assert load_checkpoint(tmp_path / "run" / BEST).config["model"]["use_metadata"] is False
    assert "ATB|S, fermatas unknown" not in result.record["losses"]["test"]
    card = (tmp_path / "run" / BEST / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "--set use_metadata=False" in card
    assert "no meter, mode or fermata" in card
    assert "fermatas given" not in card


@pytest.mark.slow
def test_a_datastore_is_saved_with_the_weights_and_no_piece_retrieves_itself(corpus, tmp_path):
    config = changed(TINY, {"use_datastore": True})
    result = train(corpus, config, folder=tmp_path / "run", device="cpu")
    pieces = [make_example(c, Vocabulary()).tokens for c in corpus.part("train", config.split)]
    checkpoint = load_checkpoint(tmp_path / "run" / BEST)
    assert np.array_equal(checkpoint.weights["datastore.tokens"], build_datastore(pieces))
    assert checkpoint.config["model"]["datastore_frames"] == len(build_datastore(pieces))
    card = (tmp_path / "run" / BEST / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "The training pieces are saved note for note with its weights" in card
    # NumPy decoding gives the losses of training.
    test = corpus.part("test", config.split)
    found = measure(build_model(checkpoint), test, given=[Voice.SOPRANO])
    wanted = result.record["losses"]["test"][HARMONIZATION]
    assert found.voices_per_frame == pytest.approx(wanted["nats_per_frame"], abs=1e-4)
    # A piece that retrieved itself would find all of its own tokens.
    dataset = PieceDataset(
        corpus.part("train", config.split),
        config.data,
        Vocabulary(),
        seed=0,
        max_frames=48,
        use_datastore=True,
    )
    for step in range(dataset.steps):
        for piece, _ in dataset.batch(0, step):
            assert not (piece.neighbors.tokens[:, 0, 0] == piece.tokens).all()


class StopError(Exception):
    pass


RESUMED = {"epochs": 3, "ema_decay": 0.9, "transpose_share": 0.5, "token_dropout": 0.2}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stop_at", "changes"),
    [
        (1, {"precision": "float32"}),
        (6, {"precision": "float32", "use_datastore": True}),
        (9, {"precision": "float32"}),
        pytest.param(1, {"precision": "bfloat16", "use_datastore": True}, marks=needs_bfloat16),
        pytest.param(6, {"precision": "bfloat16"}, marks=needs_bfloat16),
        pytest.param(9, {"precision": "bfloat16"}, marks=needs_bfloat16),
    ],
)
def test_an_interrupted_run_gives_the_same_weights(corpus, tmp_path, stop_at, changes):
    config = changed(TINY, RESUMED | changes)
    straight = train(corpus, config, folder=tmp_path / "straight", device="cpu")

    def stop(event):
        if isinstance(event, Stepped) and event.step == stop_at:
            raise StopError

    with pytest.raises(StopError):
        train(corpus, config, folder=tmp_path / "cut", device="cpu", callback=stop)
    torch.rand(7)  # the state of this process must not matter
    resumed = train(corpus, config, folder=tmp_path / "cut", resume=True, device="cpu")
    assert all(np.array_equal(resumed.weights[n], w) for n, w in straight.weights.items())
    histories = [
        [{k: v for k, v in line.items() if k not in TIMES} for line in result.history]
        for result in (straight, resumed)
    ]
    assert histories[0] == histories[1]
    ours, theirs = (load_state(tmp_path / n / STATE).tensors for n in ("straight", "cut"))
    assert ours.keys() == theirs.keys()
    assert not any(name.startswith("objective") for name in ours)
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.slow
def test_a_run_of_another_kind_is_not_continued(corpus, tmp_path):
    train(corpus, changed(TINY, {"epochs": 1}), folder=tmp_path, device="cpu")
    with pytest.raises(TrainingError, match="started with other settings for kind"):
        train(corpus, preset("tiny"), folder=tmp_path, resume=True, device="cpu")


@pytest.mark.slow
def test_a_corpus_without_a_test_part_has_no_figures_there():
    corpus = random_corpus(5)  # the sixth would be in the test part
    result = train(corpus, changed(TINY, {"epochs": 1}), device="cpu")
    assert result.record["losses"]["test"][HARMONIZATION]["nats_per_frame"] is None
    assert result.record["losses"]["validation"][HARMONIZATION]["nats_per_frame"] > 0


def test_each_kind_has_its_objective(corpus):
    assert _objective(corpus).state_dict() == {}
    context = TrainingContext(corpus, Vocabulary(), torch.device("cpu"), ProcessGroup())
    for name, units in (
        ("tiny", "nats per token"),
        ("lookahead-tiny", "nats per frame, A+T+B given S"),
    ):
        config = preset(name)
        assert KINDS[config.kind].objective(config, context).units.validation == units
