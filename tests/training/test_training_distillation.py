"""Knowledge distillation: the predictions of teachers, the loss on them, and a run with them."""

import json

import numpy as np
import pytest
import torch

from bachbot.encoding import FERMATA, Vocabulary
from bachbot.errors import CheckpointError, UsageError
from bachbot.runtime import load_checkpoint
from bachbot.training.config import changed
from bachbot.training.device import ProcessGroup
from bachbot.training.examples import collate
from bachbot.training.kinds import preset
from bachbot.training.kinds.distillation import Teachers, distillation_loss
from bachbot.training.kinds.lookahead import LookaheadObjective
from bachbot.training.objective import TrainingContext
from bachbot.training.run import train
from bachbot.training.run_folder import BEST

TINY = changed(preset("lookahead-tiny"), {"epochs": 1})
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def teachers(corpus, tmp_path_factory):
    """Two networks that were trained for an epoch."""
    folder = tmp_path_factory.mktemp("teachers")
    for seed in (3, 4):
        train(corpus, changed(TINY, {"seed": seed}), folder=folder / str(seed), device="cpu")
    return [str(folder / str(seed) / BEST) for seed in (3, 4)]


@pytest.fixture(scope="module")
def batch(corpus):
    config = changed(TINY, {"batch_size": 8})
    objective = LookaheadObjective(
        config, TrainingContext(corpus, Vocabulary(), CPU, ProcessGroup())
    )
    pieces, given = zip(*objective._dataset.batch(0, 0), strict=True)
    batch = collate(pieces, given, CPU)
    assert batch.missing[..., 0].any()
    assert batch.missing[..., 1:].any()
    return batch


@pytest.mark.slow
def test_the_prediction_of_two_teachers_is_their_mean(teachers, batch):
    both, *each = (
        Teachers(names, Vocabulary(), CPU).predict(batch, batch.missing)
        for names in (teachers, teachers[:1], teachers[1:])
    )
    torch.testing.assert_close(both, (each[0] + each[1]) / 2)
    assert not torch.allclose(each[0], each[1], atol=1e-3)
    fermatas = batch.missing.nonzero()[:, 2] == 0
    sums = both.sum(-1)
    torch.testing.assert_close(sums[~fermatas], torch.ones_like(sums[~fermatas]))
    assert (both[fermatas][:, :FERMATA] == 0).all()
    assert ((both[fermatas][:, FERMATA] > 0) & (both[fermatas][:, FERMATA] < 1)).all()


@pytest.mark.slow
def test_the_loss_is_smallest_for_the_predictions_of_the_teachers(teachers, batch):
    one = Teachers(teachers[:1], Vocabulary(), CPU)
    predictions = one.predict(batch, batch.missing)
    agreeing = one._models[0](batch, batch.missing)
    fermatas = batch.missing.nonzero()[:, 2] == 0
    p = predictions[~fermatas].double()
    q = predictions[fermatas][:, FERMATA].double()
    entropy = -(p * p.log()).sum() - (q * q.log() + (1 - q) * (1 - q).log()).sum()
    assert float(distillation_loss(agreeing, predictions, batch.missing)) == pytest.approx(
        float(entropy), rel=1e-4
    )
    other = agreeing + torch.randn_like(agreeing)
    assert float(distillation_loss(other, predictions, batch.missing)) > float(entropy) * 1.01


@pytest.mark.slow
def test_with_weight_zero_teachers_change_nothing(teachers, corpus):
    plain = train(corpus, TINY, device="cpu")
    student = changed(TINY, {"teachers": ",".join(teachers), "distillation_weight": 0.0})
    for name, value in train(corpus, student, device="cpu").weights.items():
        np.testing.assert_array_equal(value, plain.weights[name])


@pytest.mark.slow
def test_a_student_learns_the_predictions_of_its_teachers(teachers, corpus, batch):
    changes = {"epochs": 25, "learning_rate": 0.02, "dropout": 0.0, "token_dropout": 0.0}
    config = changed(TINY, changes | {"teachers": ",".join(teachers), "distillation_weight": 1.0})
    result = train(corpus, config, device="cpu")
    first, last = result.history[0]["train"], result.history[-1]["train"]
    assert last < first
    assert result.record["teachers"] == [load_checkpoint(name).fingerprint for name in teachers]
    assert json.loads(json.dumps(result.record))["config"]["objective"]["teachers"] == teachers


@pytest.mark.slow
def test_an_interrupted_run_with_teachers_gives_the_same_weights(teachers, corpus, tmp_path):
    config = changed(TINY, {"epochs": 2, "teachers": teachers[0]})
    straight = train(corpus, config, folder=tmp_path / "straight", device="cpu")

    def stop(event):
        if getattr(event, "step", 0) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(corpus, config, folder=tmp_path / "cut", device="cpu", callback=stop)
    resumed = train(corpus, config, folder=tmp_path / "cut", resume=True, device="cpu")
    for name, value in resumed.weights.items():
        np.testing.assert_array_equal(value, straight.weights[name])


@pytest.mark.slow
def test_checkpoints_that_cannot_teach_are_refused(corpus, tmp_path):
    with pytest.raises(UsageError, match="the teacher paper is of kind 'lstm': give one of kind"):
        train(corpus, changed(TINY, {"teachers": "paper"}), device="cpu")
    reader = tmp_path / "reader"
    train(corpus, changed(TINY, {"epochs": 1, "use_datastore": True}), folder=reader, device="cpu")
    with pytest.raises(UsageError, match="uses a datastore, as no teacher can: give others"):
        train(corpus, changed(TINY, {"teachers": str(reader / BEST)}), device="cpu")
    with pytest.raises(CheckpointError, match="nobody"):
        train(corpus, changed(TINY, {"teachers": "nobody"}), device="cpu")
    with pytest.raises(UsageError, match="there is no setting 'teachers'"):
        changed(preset("tiny"), {"teachers": "lookahead"})
    with pytest.raises(UsageError, match=r"distillation_weight is 1\.5: give 0 to 1"):
        changed(TINY, {"distillation_weight": 1.5})
