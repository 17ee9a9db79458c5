"""Learning from trained networks: their opinion, what it costs, and a run under them."""

import json

import numpy as np
import pytest
import torch
from made_up import made_up_corpus

from bachbot.encoding import FERMATA, Vocabulary
from bachbot.errors import CheckpointError, UsageError
from bachbot.runtime import load_checkpoint
from bachbot.training.config import changed, preset
from bachbot.training.courses import make_objective
from bachbot.training.distillation import Teachers, distillation_loss
from bachbot.training.distributed import ProcessGroup
from bachbot.training.examples import collate
from bachbot.training.run import BEST, train

TINY = changed(preset("lookahead-tiny"), {"epochs": 1})
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def made_up():
    return made_up_corpus()


@pytest.fixture(scope="module")
def schooled(made_up, tmp_path_factory):
    """Two networks that were trained for an epoch."""
    folder = tmp_path_factory.mktemp("teachers")
    for seed in (3, 4):
        train(made_up, changed(TINY, {"seed": seed}), folder=folder / str(seed), device="cpu")
    return [str(folder / str(seed) / BEST) for seed in (3, 4)]


@pytest.fixture(scope="module")
def batch(made_up):
    course = make_objective(changed(TINY, {"batch": 8}), made_up, Vocabulary(), CPU, ProcessGroup())
    pieces, given = zip(*course._repertoire.batch(0, 0), strict=True)
    works = collate(pieces, given, CPU)
    assert works.missing[..., 0].any()
    assert works.missing[..., 1:].any()
    return works


def test_the_opinion_of_two_is_the_mean_of_each(schooled, batch):
    both, *each = (
        Teachers(names, Vocabulary(), CPU).opinion(batch, batch.missing)
        for names in (schooled, schooled[:1], schooled[1:])
    )
    torch.testing.assert_close(both, (each[0] + each[1]) / 2)
    assert not torch.allclose(each[0], each[1], atol=1e-3)
    fermatas = batch.missing.nonzero()[:, 2] == 0
    sums = both.sum(-1)
    torch.testing.assert_close(sums[~fermatas], torch.ones_like(sums[~fermatas]))
    assert (both[fermatas][:, :FERMATA] == 0).all()
    assert ((both[fermatas][:, FERMATA] > 0) & (both[fermatas][:, FERMATA] < 1)).all()


def test_whoever_agrees_pays_the_entropy_and_no_less(schooled, batch):
    teachers = Teachers(schooled[:1], Vocabulary(), CPU)
    opinion = teachers.opinion(batch, batch.missing)
    agreeing = teachers._models[0](batch, batch.missing)
    fermatas = batch.missing.nonzero()[:, 2] == 0
    p = opinion[~fermatas].double()
    q = opinion[fermatas][:, FERMATA].double()
    entropy = -(p * p.log()).sum() - (q * q.log() + (1 - q) * (1 - q).log()).sum()
    assert float(distillation_loss(agreeing, opinion, batch.missing)) == pytest.approx(
        float(entropy), rel=1e-4
    )
    other = agreeing + torch.randn_like(agreeing)
    assert float(distillation_loss(other, opinion, batch.missing)) > float(entropy) * 1.01


def test_a_share_of_nothing_is_the_music_alone(schooled, made_up):
    plain = train(made_up, TINY, device="cpu")
    taught = changed(TINY, {"teachers": ",".join(schooled), "taught": 0.0})
    for name, value in train(made_up, taught, device="cpu").weights.items():
        np.testing.assert_array_equal(value, plain.weights[name])


def test_a_student_grows_liker_to_its_teachers(schooled, made_up, batch):
    changes = {"epochs": 25, "learning_rate": 0.02, "dropout": 0.0, "token_dropout": 0.0}
    config = changed(TINY, changes | {"teachers": ",".join(schooled), "taught": 1.0})
    outcome = train(made_up, config, device="cpu")
    first, last = outcome.history[0]["train"], outcome.history[-1]["train"]
    assert last < first
    assert outcome.record["teachers"] == [load_checkpoint(name).fingerprint for name in schooled]
    assert json.loads(json.dumps(outcome.record))["config"]["teachers"] == config.teachers


def test_it_goes_on_bit_for_bit_under_teachers(schooled, made_up, tmp_path):
    config = changed(TINY, {"epochs": 2, "teachers": schooled[0]})
    straight = train(made_up, config, folder=tmp_path / "straight", device="cpu")

    def stop(event):
        if getattr(event, "step", 0) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(made_up, config, folder=tmp_path / "cut", device="cpu", listen=stop)
    resumed = train(made_up, config, folder=tmp_path / "cut", resume=True, device="cpu")
    for name, value in resumed.weights.items():
        np.testing.assert_array_equal(value, straight.weights[name])


def test_teachers_that_cannot_teach(made_up, tmp_path):
    with pytest.raises(UsageError, match="the teacher paper is of kind 'lstm': give one of kind"):
        train(made_up, changed(TINY, {"teachers": "paper"}), device="cpu")
    reader = tmp_path / "reader"
    train(made_up, changed(TINY, {"epochs": 1, "lookup": True}), folder=reader, device="cpu")
    with pytest.raises(UsageError, match="looks pieces up, which a teacher cannot: give others"):
        train(made_up, changed(TINY, {"teachers": str(reader / BEST)}), device="cpu")
    with pytest.raises(CheckpointError, match="nobody"):
        train(made_up, changed(TINY, {"teachers": "nobody"}), device="cpu")
    with pytest.raises(UsageError, match="kind 'lstm' learns from no teachers: leave them out"):
        changed(preset("tiny"), {"teachers": "lookahead"})
    with pytest.raises(UsageError, match=r"taught is 1\.5: give 0 to 1"):
        changed(TINY, {"taught": 1.5})
