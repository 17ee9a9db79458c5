"""A new kind of model is a network, a config and a row in the table: torch steps it."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from made_checkpoints import random_checkpoint
from torch import nn

from bachbot.chorale import Chorale, Given, Voice
from bachbot.decoding import ComposeRequest, DecodingOptions, compose, fill_all
from bachbot.encoding import FillRequest, Vocabulary
from bachbot.errors import CheckpointError, UsageError
from bachbot.models.stepper import TorchRuntime, weight_shapes
from bachbot.runtime import (
    Checkpoint,
    Ensemble,
    build_model,
    load_checkpoint,
    load_model,
    save_checkpoint,
)
from bachbot.runtime.checkpoint import FORMAT
from bachbot.runtime.config_fields import check_fields, whole_number
from bachbot.runtime.kinds import KINDS, Kind, configure, kind_of

VOCABULARY = Vocabulary()


@dataclass(frozen=True)
class GRUConfig:
    hidden: int = whole_number(8, 1, 64)

    def __post_init__(self):
        check_fields(self)

    @property
    def reads_metadata(self):
        return False

    def weight_shapes(self, vocabulary):
        return weight_shapes(GRUModel, self, vocabulary)

    def embedding_table(self, weights):
        return weights["embedding.weight"]


class GRUModel(nn.Module):
    """A GRU whose state is a nest of tensors, each with the sequences on another axis."""

    def __init__(self, config, vocabulary):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, config.hidden)
        self.gru = nn.GRU(config.hidden, config.hidden, num_layers=2, batch_first=True)
        self.output = nn.Linear(config.hidden, vocabulary)

    def initial_state(self, batch):
        lower, upper = self.output.weight.new_zeros(2, batch, self.gru.hidden_size)
        return {"lower": lower, "upper": (upper[None], [torch.zeros(batch)])}

    def forward(self, ids, state):
        upper, [count] = state["upper"]
        x, after = self.gru(self.embedding(ids), torch.cat([state["lower"][None], upper]))
        after = {"lower": after[0], "upper": (after[1:], [count + ids.shape[1]])}
        return self.output(x), after


@pytest.fixture
def gru(monkeypatch):
    """A checkpoint of random weights of a kind that the package has never heard of."""
    kind = Kind("gru", config=f"{__name__}:GRUConfig", network=f"{__name__}:GRUModel")
    monkeypatch.setitem(KINDS, "gru", kind)
    torch.manual_seed(5)
    network = GRUModel(GRUConfig(), len(VOCABULARY))
    config = {
        "format": FORMAT,
        "kind": "gru",
        "model": {"hidden": 8},
        "vocabulary_fingerprint": VOCABULARY.fingerprint,
        "corpus_fingerprint": "none",
        "training": {},
    }
    weights = {name: 3 * value.numpy() for name, value in network.state_dict().items()}
    return Checkpoint(config, VOCABULARY, weights)


def request(frames=12):
    pitch = np.tile([[72, 67, 64, 48]], (frames, 1))
    pitch[frames // 2 :] += 2
    chorale = Chorale(pitch, np.zeros((frames, 4)), np.zeros(frames))
    return FillRequest(chorale, Given.voices(frames, [Voice.SOPRANO]))


@pytest.mark.parametrize(
    "options",
    [DecodingOptions("greedy"), DecodingOptions("beam", beam=4), DecodingOptions("sample", seed=3)],
    ids=lambda options: options.method,
)
def test_a_new_kind_harmonizes(gru, options):
    asked = request()
    [[found]] = fill_all(build_model(gru), [asked], options)
    soprano = found.chorale.pitch[:, Voice.SOPRANO]
    assert (soprano == asked.chorale.pitch[:, Voice.SOPRANO]).all()
    assert np.isfinite(found.log_probability)


@pytest.mark.slow
def test_a_new_kind_composes(gru):
    [found] = compose(build_model(gru), ComposeRequest(bars=2), DecodingOptions("sample", seed=1))
    assert found.chorale.frames == 32


def test_a_new_kind_joins_an_ensemble(gru):
    pair = Ensemble([build_model(gru), build_model(random_checkpoint())])
    assert not pair.needs_length
    [[found]] = fill_all(pair, [request()], DecodingOptions("beam", beam=2))
    assert found.chorale.frames == 12


def test_a_checkpoint_of_a_new_kind_is_saved_and_loaded(gru, tmp_path):
    save_checkpoint(tmp_path / "model", gru)
    assert load_checkpoint(tmp_path / "model").model_config == GRUConfig(hidden=8)
    ids = np.array([0, 40])
    one, two = build_model(gru), load_model(tmp_path / "model")
    assert np.array_equal(
        one.step(ids, one.initial_state(2))[0], two.step(ids, two.initial_state(2))[0]
    )
    damaged = Checkpoint(gru.config | {"model": {"hidden": 9}}, VOCABULARY, gru.weights)
    with pytest.raises(CheckpointError, match=r"of shape .* its config asks for"):
        damaged.check()


def test_states_are_selected_and_joined_along_their_own_axes(gru):
    model = build_model(gru, dtype=np.float64)
    _, state = model.step(np.array([7, 8, 9]), model.initial_state(3))
    rows = np.array([2, 0, 2, 1])
    wanted, _ = model.step(np.array([20, 21, 22]), state)
    found, _ = model.step(np.array([22, 20, 22, 21]), model.select(state, rows))
    np.testing.assert_allclose(found, wanted[rows], rtol=0, atol=1e-12)
    parts = [model.select(state, np.array([0])), model.select(state, np.array([1, 2]))]
    joined, _ = model.step(np.array([20, 21, 22]), model.join(parts))
    np.testing.assert_allclose(joined, wanted, rtol=0, atol=1e-12)


def test_a_step_leaves_its_state_alone(gru):
    model = build_model(gru)
    _, state = model.step(np.array([7, 8]), model.initial_state(2))
    first, _ = model.step(np.array([9, 10]), state)
    kept = first.copy()
    first += 1  # the caller may change it
    assert np.array_equal(model.step(np.array([9, 10]), state)[0], kept)


def lstm_pair(batch_norm=False):
    """The LSTM of the same weights, stepped in NumPy and in torch."""
    checkpoint = random_checkpoint(
        embedding=32, hidden=64, scale=0.3, seed=2, batch_norm=batch_norm
    )
    numpy = build_model(checkpoint)
    parts = checkpoint.model_config, checkpoint.vocabulary, checkpoint.weights
    return numpy, TorchRuntime(kind_of("lstm"), *parts)


@pytest.mark.parametrize("batch_norm", [False, True])
def test_the_lstm_in_numpy_scores_as_in_torch(batch_norm):
    ids = np.random.default_rng(1).integers(0, len(VOCABULARY), (30, 5))
    numpy, in_torch = lstm_pair(batch_norm)
    states = numpy.initial_state(5), in_torch.initial_state(5)
    for row in ids:
        found, ours = numpy.step(row, states[0])
        wanted, theirs = in_torch.step(row, states[1])
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-5)
        assert found.dtype == wanted.dtype == np.float32
        states = ours, theirs


@pytest.mark.parametrize("options", [DecodingOptions("beam", beam=4), DecodingOptions("sample")])
def test_the_lstm_in_numpy_writes_the_notes_that_it_writes_in_torch(options):
    one, two = (fill_all(m, [request()], options)[0][0].chorale for m in lstm_pair())
    assert one.same_music(two)


def test_the_torch_network_has_the_weights_that_the_config_lists():
    for kind in KINDS.values():
        config = kind.load_config()()
        found = weight_shapes(kind.load_network(), config, len(VOCABULARY))
        assert found == config.weight_shapes(len(VOCABULARY))


def test_building_a_runtime_leaves_the_random_numbers_alone(gru):
    torch.manual_seed(9)
    wanted = torch.rand(3)
    torch.manual_seed(9)
    build_model(gru)
    assert torch.equal(torch.rand(3), wanted)


def test_what_the_torch_stepper_cannot_step(gru):
    config, kind = configure("gru", {}), kind_of("gru")
    with pytest.raises(UsageError, match="'lookahead' reads ahead"):
        TorchRuntime(kind_of("lookahead"), None, VOCABULARY, {})
    weights = {name: w for name, w in gru.weights.items() if name != "output.bias"}
    with pytest.raises(CheckpointError, match=r"differ in output\.bias\)"):
        TorchRuntime(kind, config, VOCABULARY, weights)
    with pytest.raises(UsageError, match="int16: take float32 or float64"):
        build_model(gru, dtype=np.int16)


def test_a_state_without_an_axis_of_the_sequences(gru, monkeypatch):
    monkeypatch.setattr(GRUModel, "initial_state", lambda self, batch: torch.zeros(4, 4))
    with pytest.raises(UsageError, match="exactly one axis must be theirs"):
        build_model(gru)
