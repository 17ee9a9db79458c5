import importlib
import sys
from dataclasses import fields

import numpy as np
import pytest
from made_checkpoints import random_checkpoint, random_lookahead, torch_network

from bachbot.errors import UsageError
from bachbot.runtime import Ensemble, build_model, shipped_checkpoints
from bachbot.runtime.activations import HasUnits
from bachbot.runtime.checkpoint import load_checkpoint
from bachbot.runtime.kinds import KINDS, configure, kind_of

CHECKPOINTS = {"lstm": random_checkpoint(), "lookahead": random_lookahead()}
MODELS = {name: build_model(checkpoint) for name, checkpoint in CHECKPOINTS.items()}


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_can_do_what_its_row_says(name):
    model, kind = MODELS[name], kind_of(name)
    assert kind.name == name
    assert model.needs_length == kind.needs_length
    assert isinstance(model, HasUnits) == kind.has_units
    assert fields(kind.load_config())
    for path in (kind.config, kind.network, kind.runtime):
        module, attribute = path.split(":")
        assert hasattr(importlib.import_module(module), attribute)


def test_an_ensemble_has_no_units():
    assert not isinstance(Ensemble(list(MODELS.values())), HasUnits)


@pytest.mark.parametrize("name", shipped_checkpoints())
def test_shipped_checkpoints_name_every_setting(name):
    checkpoint = load_checkpoint(name)
    config = checkpoint.config
    assert config["training"]["config"]["model"] == config["model"]
    written = configure(config["kind"], config["model"], complete=True)
    assert {entry.name for entry in fields(written)} == config["model"].keys()


def test_what_is_no_kind_or_no_setting():
    for name in ("gru", ["lstm"], None):
        with pytest.raises(UsageError, match=r"no model of kind .*: give one of lstm, lookahead"):
            kind_of(name)
    with pytest.raises(UsageError, match="kind 'lstm' has no layer: it has embedding"):
        configure("lstm", {"layer": 2})
    with pytest.raises(UsageError, match="embedding, hidden is missing"):
        configure("lstm", {"layers": 2}, complete=True)
    with pytest.raises(UsageError, match=r"layers is True: .*; dropout is 1: give 0 or more"):
        configure("lstm", {"layers": True, "dropout": 1})


def test_the_table_loads_no_torch():
    import subprocess

    code = (
        "import sys; from bachbot.runtime.kinds import KINDS; "
        "[kind.load_config()() for kind in KINDS.values()]; print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("checkpoint", CHECKPOINTS.values(), ids=CHECKPOINTS)
def test_embeddings_are_those_that_the_network_reads(checkpoint):
    found = checkpoint.model_config.embedding_table(checkpoint.weights)
    wanted = torch_network(checkpoint).embedding.weight.detach().numpy()
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-6)
