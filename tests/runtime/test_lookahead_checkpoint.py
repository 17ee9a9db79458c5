import json

import numpy as np
import pytest
from made_checkpoints import random_lookahead, torch_network

from bachbot.encoding.datastore import build_datastore
from bachbot.errors import CheckpointError
from bachbot.runtime import (
    build_model,
    load_checkpoint,
    load_model,
    save_checkpoint,
)
from bachbot.runtime.lookahead.config import LookaheadConfig
from bachbot.runtime.lookahead.model import LookaheadRuntime


@pytest.fixture
def saved(tmp_path):
    directory = tmp_path / "model"
    save_checkpoint(directory, random_lookahead())
    return directory


@pytest.mark.parametrize("use_metadata", [False, True])
def test_comes_back_as_it_was(tmp_path, use_metadata):
    checkpoint = random_lookahead(use_metadata=use_metadata)
    save_checkpoint(tmp_path / "model", checkpoint)
    found = load_checkpoint(tmp_path / "model")
    assert found.config == checkpoint.config
    assert found.weights.keys() == checkpoint.weights.keys()
    for name, value in checkpoint.weights.items():
        assert np.array_equal(found.weights[name], value)
    model = load_model(tmp_path / "model")
    assert isinstance(model, LookaheadRuntime)
    assert model.config.use_metadata is use_metadata


def test_the_shapes_are_those_that_torch_trains():
    checkpoint = random_lookahead(encoder_layers=3)
    network = torch_network(checkpoint)
    wanted = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    config = LookaheadConfig(**checkpoint.config["model"])
    assert config.weight_shapes(len(checkpoint.vocabulary)) == wanted


def test_metadata_are_used_if_the_config_does_not_say(saved):
    edit_model(saved, drop="use_metadata")
    assert load_checkpoint(saved).model_config.use_metadata


DIMENSIONS = ["embedding", "encoder_layers", "encoder", "layers", "hidden", "width"]


@pytest.mark.parametrize("name", DIMENSIONS)
@pytest.mark.parametrize("value", [None, True, 0, -1, 2.0, "8", [8], 10**9])
def test_a_dimension_that_cannot_be(saved, name, value):
    edit_model(saved, **{name: value})
    with pytest.raises(CheckpointError, match=f"{name} is ") as caught:
        load_checkpoint(saved)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", DIMENSIONS)
def test_a_dimension_that_is_missing(saved, name):
    edit_model(saved, drop=name)
    with pytest.raises(CheckpointError, match=f"{name} is missing: name every dimension"):
        load_checkpoint(saved)


@pytest.mark.parametrize("name", DIMENSIONS)
def test_a_dimension_that_is_not_that_of_the_weights(saved, name):
    config = json.loads((saved / "config.json").read_text(encoding="utf-8"))
    edit_model(saved, **{name: config["model"][name] + 1})
    with pytest.raises(CheckpointError, match=r"of shape .* its config asks for"):
        load_checkpoint(saved)


@pytest.mark.parametrize("value", ["yes", 1, 0, None, []])
def test_a_switch_is_true_or_false(saved, value):
    edit_model(saved, use_metadata=value)
    with pytest.raises(CheckpointError, match=r"use_metadata is .*: give true or false"):
        load_checkpoint(saved)


def test_settings_that_are_unknown(saved):
    edit_model(saved, told=True)
    with pytest.raises(CheckpointError, match="has no told: it has embedding, encoder_layers"):
        load_checkpoint(saved)


def pieces():
    return build_datastore([np.full((4, 4), 40), np.full((2, 4), 42)])


def test_the_datastore_is_saved_with_the_weights(tmp_path):
    save_checkpoint(tmp_path / "model", random_lookahead(datastore=pieces()))
    loaded = load_checkpoint(tmp_path / "model")
    assert loaded.config["model"]["datastore_frames"] == len(pieces())
    assert np.array_equal(loaded.weights["datastore.tokens"], pieces())
    assert build_model(loaded).weights.datastore is not None


@pytest.mark.parametrize("value", [-2, 0.5, 10_000, 1e30])
@pytest.mark.parametrize("at", [0, 2, -1])
def test_a_datastore_that_holds_no_pieces(value, at):
    datastore = pieces().astype(float)
    datastore[at, 1] = value
    with pytest.raises(CheckpointError, match="datastore does not hold pieces"):
        build_model(random_lookahead(datastore=datastore))


@pytest.mark.parametrize("value", [True, -1, 2.0, "8", None, 10**9])
def test_a_datastore_of_no_size(saved, value):
    edit_model(saved, datastore_frames=value)
    with pytest.raises(CheckpointError, match="datastore_frames is "):
        load_checkpoint(saved)


def test_weights_of_another_kind_are_refused(saved):
    config = json.loads((saved / "config.json").read_text(encoding="utf-8"))
    lstm = {"kind": "lstm", "model": {"embedding": 4, "layers": 2, "hidden": 8}}
    (saved / "config.json").write_text(json.dumps(config | lstm), encoding="utf-8")
    with pytest.raises(CheckpointError, match="of shape"):
        load_checkpoint(saved)


def edit_model(directory, drop=None, **changes):
    path = directory / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["model"] |= changes
    config["model"].pop(drop, None)
    path.write_text(json.dumps(config), encoding="utf-8")
