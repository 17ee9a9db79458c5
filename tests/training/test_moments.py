import numpy as np
import pytest
from made_checkpoints import random_checkpoint
from safetensors.numpy import save
from training_corpus import random_chorale

from bachbot.chorale import Chorale, Key, Meter, Voice
from bachbot.decoding import fill, fill_request
from bachbot.errors import CheckpointError, EncodingError, TrainingError, UsageError
from bachbot.features import FeatureWeights
from bachbot.features.templates import describe
from bachbot.runtime import GuidedModel, build_decoding_model, load_checkpoint
from bachbot.runtime.checkpoint import FEATURES
from bachbot.training.moments import FeatureRun, MomentLearner, MomentOptions

LOWER = (Voice.ALTO, Voice.TENOR, Voice.BASS)


def piece(bass):
    """A held triad over a bass in quarters."""
    pitch = np.repeat([[72, 67, 64, b] for b in bass], 4, axis=0).astype(np.int16)
    tied = np.zeros(pitch.shape, dtype=bool)
    tied[1:] = pitch[1:] == pitch[:-1]
    tied[::4, 3] = False
    tied[0] = False
    return Chorale(pitch, tied, np.zeros(len(pitch), bool), Meter(), Key.parse("C"))


WALKING, SWINGING = piece([48, 50, 52, 53, 55, 57, 59, 60]), piece([48, 50, 48, 50] * 2)


def named(weights):
    return {describe(key): weight for key, weight in weights.items()}


def test_weights_rise_for_what_bach_has_more_of_and_fall_for_what_we_have_more_of():
    learner = MomentLearner(MomentOptions(fewest=2, smoothing=1, shrinkage=0, rate=0.1))
    learner.update([WALKING], [SWINGING], LOWER)
    weights = named(learner.weights)
    assert weights["interval 3, 14, 0"] > 0  # up a step: six of them beside four
    assert weights["interval 3, 10, 0"] < 0  # down a step: none beside three
    assert weights["interval 3, 10, 0"] == pytest.approx(0.1 * np.log(1 / 4))


def test_nothing_moves_where_the_counts_agree():
    learner = MomentLearner(MomentOptions(fewest=1))
    learner.update([WALKING, SWINGING], [SWINGING, WALKING], LOWER)
    assert set(learner.weights.values()) == {0.0}
    assert len(learner.features.keys) == 0


@pytest.mark.slow
def test_rare_features_do_not_move_and_weights_stay_bounded():
    learner = MomentLearner(MomentOptions(fewest=5, bound=0.2, rate=1.0, shrinkage=0))
    for _ in range(3):
        learner.update([WALKING], [SWINGING], LOWER)
    assert max(map(abs, learner.weights.values())) == pytest.approx(0.2)
    assert all("interval 3, 13" not in name for name in named(learner.weights))


def test_each_tune_is_harmonized_once_before_any_is_harmonized_again():
    pieces = [piece([48 + n]) for n in range(7)]
    learner, seen = MomentLearner(MomentOptions(pieces=3)), []
    for _ in range(7):
        seen += [pieces.index(p) for p in learner.batch(pieces)]
        learner.rounds += 1
    assert sorted(seen) == sorted(list(range(7)) * 3)
    assert sorted(seen[:7]) == list(range(7))
    assert sorted(seen[7:14]) == list(range(7))


@pytest.mark.slow
def test_the_mean_is_that_of_the_later_rounds():
    options = MomentOptions(fewest=2, smoothing=1, shrinkage=0, rate=0.1, decay=1, unaveraged=1)
    learner, seen = MomentLearner(options), []
    for _ in range(3):
        learner.update([WALKING], [SWINGING], LOWER)
        seen.append(dict(learner.weights))
    mean = dict(zip(learner.mean_features.keys.tolist(), learner.mean_features.weights.tolist(),
                    strict=True))  # fmt: skip
    for key, weight in mean.items():
        assert weight == pytest.approx((seen[1][key] + seen[2][key]) / 2, rel=1e-5)
    assert mean


@pytest.mark.slow
def test_learning_goes_on_from_a_saved_state_as_if_uninterrupted():
    straight = MomentLearner(MomentOptions(fewest=2))
    for _ in range(9):
        straight.update([WALKING], [SWINGING], LOWER)
    first = MomentLearner(MomentOptions(fewest=2))
    for _ in range(4):
        first.update([WALKING], [SWINGING], LOWER)
    second = MomentLearner.from_bytes(first.to_bytes(), first.options)
    for _ in range(5):
        second.update([WALKING], [SWINGING], LOWER)
    assert second.weights == straight.weights
    assert second.totals == straight.totals
    assert (second.rounds, second.averaged) == (9, 2)


def test_a_damaged_state_is_refused():
    with pytest.raises(TrainingError, match="damaged"):
        MomentLearner.from_bytes(b"no state", MomentOptions())


QUICK = {"pieces": "2", "fewest": "2", "unaveraged": "1"}


@pytest.fixture
def tunes():
    return [random_chorale(seed, frames=16) for seed in range(3)]


def learned(folder, rounds, tunes, **how):
    run = FeatureRun.open(folder, random_checkpoint(), None, QUICK, resume=how.get("resume", False))
    run.learn(tunes, rounds)
    return load_checkpoint(folder)


@pytest.mark.slow
def test_a_run_goes_on_as_if_uninterrupted(tmp_path, tunes):
    straight = learned(tmp_path / "straight", 3, tunes)
    learned(tmp_path / "halves", 1, tunes)
    halves = learned(tmp_path / "halves", 3, tunes, resume=True)
    assert straight.features is not None
    assert straight.features.keys.tolist() == halves.features.keys.tolist()
    assert straight.features.weights.tolist() == halves.features.weights.tolist()
    assert straight.config["features"]["rounds"] == 3


@pytest.mark.slow
def test_beam_search_runs_the_features_and_sampling_does_not(tmp_path, tunes):
    checkpoint = learned(tmp_path / "run", 1, tunes)
    guided = build_decoding_model(checkpoint)
    assert isinstance(guided, GuidedModel)
    assert guided.features is checkpoint.features
    assert not isinstance(build_decoding_model(checkpoint, "sample"), GuidedModel)
    request = fill_request(tunes[0], [Voice.SOPRANO])
    [best] = fill(guided, request.chorale, request.given)
    [alone] = fill(build_decoding_model(random_checkpoint()), request.chorale, request.given)
    assert best.penalty != alone.penalty
    assert (best.chorale.pitch[:, 0] == tunes[0].pitch[:, 0]).all()


def test_a_run_refuses_what_it_cannot_use(tmp_path, tunes):
    checkpoint = random_checkpoint()
    for settings, words in (({"speed": "1"}, "no setting 'speed'"), ({"rate": "x"}, "'x'")):
        with pytest.raises(UsageError, match=words):
            FeatureRun.open(tmp_path / "new", checkpoint, None, settings, resume=False)
    with pytest.raises(TrainingError, match="start without --resume"):
        FeatureRun.open(tmp_path / "new", checkpoint, None, {}, resume=True)
    with pytest.raises(UsageError, match="is there"):
        FeatureRun.open(tmp_path, checkpoint, None, {}, resume=False)


def test_damaged_features_are_refused(tmp_path, tunes):
    learned(tmp_path / "run", 1, tunes)
    file = tmp_path / "run" / FEATURES
    content = file.read_bytes()
    file.write_bytes(content[:-8] + bytes(8))
    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(tmp_path / "run")
    file.unlink()
    with pytest.raises(CheckpointError, match="could not be read"):
        load_checkpoint(tmp_path / "run")


def test_features_of_other_templates_are_refused():
    content = save(
        {
            "keys": np.array([1], dtype=np.int64),
            "weights": np.array([1], dtype=np.float16),
            "templates": np.zeros(32, dtype=np.uint8),
        }
    )
    with pytest.raises(EncodingError, match="another version"):
        FeatureWeights.from_bytes(content)
    with pytest.raises(EncodingError, match="damaged"):
        FeatureWeights.from_bytes(b"nothing")


def test_an_expert_that_is_not_shipped_is_named(tmp_path, tunes):
    checkpoint = random_checkpoint()
    run = FeatureRun.open(tmp_path / "new", checkpoint, "nobody", QUICK, resume=False)
    with pytest.raises(CheckpointError, match="nobody"):
        run.learn(tunes, 1)
