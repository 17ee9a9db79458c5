import json

import numpy as np
import pytest
from made_checkpoints import random_lookahead

from bachbot.encoding.datastore import build_datastore
from bachbot.errors import CheckpointError
from bachbot.runtime import (
    LookaheadRuntime,
    build_model,
    load_checkpoint,
    load_model,
    save_checkpoint,
)
from bachbot.runtime.shapes import lookahead_shapes


@pytest.fixture
def saved(tmp_path):
    directory = tmp_path / "model"
    save_checkpoint(directory, random_lookahead())
    return directory


@pytest.mark.parametrize("told", [False, True])
def test_comes_back_as_it_was(tmp_path, told):
    checkpoint = random_lookahead(told=told)
    save_checkpoint(tmp_path / "model", checkpoint)
    found = load_checkpoint(tmp_path / "model")
    assert found.config == checkpoint.config
    assert found.weights.keys() == checkpoint.weights.keys()
    for name, value in checkpoint.weights.items():
        assert np.array_equal(found.weights[name], value)
    model = load_model(tmp_path / "model")
    assert isinstance(model, LookaheadRuntime)
    assert model.told is told


def test_the_shapes_are_those_that_torch_trains():
    from bachbot.training.kinds import build_network as build

    checkpoint = random_lookahead(encoder_layers=3)
    network = build("lookahead", dict(checkpoint.config["model"]), len(checkpoint.vocabulary))
    wanted = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    assert lookahead_shapes(checkpoint.config["model"], len(checkpoint.vocabulary)) == wanted


def test_one_from_before_there_was_a_choice_is_told():
    checkpoint = random_lookahead()
    model = {name: value for name, value in checkpoint.config["model"].items() if name != "told"}
    shapes = lookahead_shapes(model, len(checkpoint.vocabulary))
    assert shapes == {name: value.shape for name, value in checkpoint.weights.items()}


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
    with pytest.raises(CheckpointError, match=f"{name} is None: a whole number from 1 to"):
        load_checkpoint(saved)


@pytest.mark.parametrize("name", DIMENSIONS)
def test_a_dimension_that_is_not_that_of_the_weights(saved, name):
    config = json.loads((saved / "config.json").read_text(encoding="utf-8"))
    edit_model(saved, **{name: config["model"][name] + 1})
    with pytest.raises(CheckpointError, match=r"of shape .* its config asks for"):
        load_checkpoint(saved)


@pytest.mark.parametrize("told", ["yes", 1, 0, None, []])
def test_told_is_true_or_false(saved, told):
    edit_model(saved, told=told)
    with pytest.raises(CheckpointError, match=r"told is .*: true or false is wanted"):
        load_checkpoint(saved)


def pieces():
    return build_datastore([np.full((4, 4), 40), np.full((2, 4), 42)])


def test_what_is_looked_up_travels_with_the_weights(tmp_path):
    save_checkpoint(tmp_path / "model", random_lookahead(library=pieces()))
    loaded = load_checkpoint(tmp_path / "model")
    assert loaded.config["model"]["library"] == len(pieces())
    assert np.array_equal(loaded.weights["library.tokens"], pieces())
    assert build_model(loaded).shelf is not None


@pytest.mark.parametrize("value", [-2, 0.5, 10_000, 1e30])
@pytest.mark.parametrize("at", [0, 2, -1])
def test_a_library_that_holds_no_pieces(value, at):
    library = pieces().astype(float)
    library[at, 1] = value
    with pytest.raises(CheckpointError, match="library does not hold pieces"):
        build_model(random_lookahead(library=library))


@pytest.mark.parametrize("value", [True, -1, 2.0, "8", None, 10**9])
def test_a_library_of_no_size(saved, value):
    edit_model(saved, library=value)
    with pytest.raises(CheckpointError, match="library is "):
        load_checkpoint(saved)


def test_another_kinds_weights_are_refused(saved):
    config = json.loads((saved / "config.json").read_text(encoding="utf-8"))
    (saved / "config.json").write_text(json.dumps(config | {"kind": "lstm"}), encoding="utf-8")
    with pytest.raises(CheckpointError, match="of shape"):
        load_checkpoint(saved)


def edit_model(directory, drop=None, **changes):
    path = directory / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["model"] |= changes
    config["model"].pop(drop, None)
    path.write_text(json.dumps(config), encoding="utf-8")
