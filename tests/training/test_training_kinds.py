import json
from dataclasses import fields

import pytest

from bachbot.encoding import Vocabulary
from bachbot.errors import UsageError
from bachbot.models.lookahead import LookaheadConfig, LookaheadModel
from bachbot.models.lstm import LSTMConfig, LSTMModel
from bachbot.runtime import kinds as runtime
from bachbot.runtime import load_checkpoint
from bachbot.training.config import changed, settings_of
from bachbot.training.kinds import (
    KINDS,
    PRESETS,
    build_network,
    config_from_json,
    default_config,
    preset,
)


def test_the_paper_preset_is_the_network_of_the_article():
    paper = preset("paper")
    assert paper.kind == "lstm"
    assert paper.model == LSTMConfig(32, 3, 256, 0.3, batch_norm=False)
    assert (paper.data.batch_size, paper.objective.chunk_tokens) == (50, 128)


def test_the_original_preset_is_the_recipe_of_the_article():
    original = preset("original")
    optimizer = original.optimizer
    assert original.model == LSTMConfig(32, 3, 256, 0.3, batch_norm=True)
    assert (optimizer.learning_rate, optimizer.schedule) == (2e-3, "halving")
    assert (optimizer.clipping_mode, optimizer.gradient_clipping) == ("value", 5.0)
    assert optimizer.weight_decay == 0.0
    assert (original.data.batch_size, original.objective.chunk_tokens) == (50, 128)


def test_the_lookahead_preset_is_of_its_kind():
    lookahead = preset("lookahead")
    assert lookahead.kind == "lookahead"
    assert isinstance(lookahead.model, LookaheadConfig)
    assert (lookahead.optimizer.beta2, preset("paper").optimizer.beta2) == (0.98, 0.999)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_has_its_name_and_survives_json(name):
    config = preset(name)
    assert config.preset == name
    assert config_from_json(json.loads(json.dumps(config.to_json()))) == config


@pytest.mark.parametrize("name", KINDS)
def test_the_fields_of_a_kind_have_names_of_their_own(name):
    names = [full.rpartition(".")[2] for full in settings_of(default_config(name))]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("paper", {"epochs": 50, "transpose_share": 0.5}),
        (
            "lookahead",
            {
                "epochs": 50, "seed": 2, "transpose_share": 0.6, "max_semitones": 4,
                "encoder": 160, "dropout": 0.3, "token_dropout": 0.05,
            },
        ),
    ],
)  # fmt: skip
def test_the_shipped_checkpoints_say_how_they_were_trained(name, changes):
    record = load_checkpoint(name).config["training"]["config"]
    assert config_from_json(record) == changed(preset(name), changes)
    assert record == config_from_json(record).to_json()


def test_missing_values_are_the_defaults():
    assert config_from_json({"kind": "lstm"}) == default_config("lstm")
    data = {"kind": "lookahead", "optimizer": {"beta2": 0.5}}
    assert config_from_json(data) == changed(default_config("lookahead"), {"beta2": 0.5})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "there is no model of kind 'None': give one of lstm, lookahead"),
        ({"kind": ["lstm"]}, r"there is no model of kind '\['lstm'\]'"),
        ({"kind": "lstm", "batch": 3, "clip": "norm"}, "no setting 'batch'.*no setting 'clip'"),
        ({"kind": "lstm", "optimizer": {"rate": 1}}, "there is no setting 'optimizer.rate'"),
        ({"kind": "lstm", "optimizer": 3}, "there is no setting 'optimizer'"),
        ({"kind": "lstm", "seed": -1, "data": {"batch_size": 0}}, "batch_size is 0.*seed is -1"),
    ],
)
def test_plain_data_with_faults_are_refused(data, message):
    with pytest.raises(UsageError, match=message):
        config_from_json(data)


def test_an_unknown_preset_is_refused():
    with pytest.raises(UsageError, match="no preset 'papers': give one of paper, original, tiny"):
        preset("papers")


def test_the_size_of_the_datastore_is_not_a_users_choice():
    with pytest.raises(UsageError, match="there is no setting 'use_datastore'"):
        changed(preset("paper"), {"use_datastore": True})
    with pytest.raises(UsageError, match="datastore_frames follows from the pieces"):
        changed(preset("lookahead"), {"datastore_frames": 100})
    with pytest.raises(UsageError, match="datastore_frames is -1: give a whole number from 0"):
        changed(preset("lookahead"), {"datastore_frames": -1, "use_datastore": True})


@pytest.mark.parametrize(
    ("name", "network"), [("tiny", LSTMModel), ("lookahead-tiny", LookaheadModel)]
)
def test_a_network_is_built_from_its_sizes(name, network):
    model = build_network(preset(name), len(Vocabulary()))
    assert isinstance(model, network)
    assert model.config == preset(name).model


def test_every_kind_that_is_trained_can_be_run():
    assert KINDS.keys() == runtime.KINDS.keys()
    for name, kind in KINDS.items():
        assert kind.objective_config.model_config is runtime.KINDS[name].load_config()


@pytest.mark.parametrize("name", KINDS)
def test_every_value_of_a_grid_is_allowed(name):
    kind = KINDS[name]
    known = {full.rpartition(".")[2] for full in settings_of(kind.presets[0])}
    assert kind.grid.keys() <= known
    for setting, values in kind.grid.items():
        for value in values:
            changed(kind.presets[0], {setting: value})


def test_the_grids_contain_the_sizes_of_the_presets():
    sizes = {name: len(values) for name, values in KINDS["lstm"].grid.items()}
    assert sizes == {"layers": 4, "hidden": 4, "embedding": 3, "chunk_tokens": 3, "dropout": 6}
    for kind in KINDS.values():
        model = kind.presets[0].model
        own = {f.name for f in fields(model)}
        for name, values in kind.grid.items():
            if name in own:
                assert min(values) <= getattr(model, name) <= max(values), name
