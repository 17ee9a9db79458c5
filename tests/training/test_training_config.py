import dataclasses

import pytest

from bachbot.errors import UsageError
from bachbot.models.lookahead import LookaheadConfig
from bachbot.models.lstm import LSTMConfig
from bachbot.training.card import command
from bachbot.training.config import (
    PRESETS,
    TrainingConfig,
    changed,
    differences,
    preset,
)


def test_the_paper_preset_is_the_article_s_network():
    paper = preset("paper")
    assert paper.model == LSTMConfig(32, 3, 256, 0.3, batch_norm=False)
    assert (paper.batch, paper.chunk) == (50, 128)


def test_the_original_preset_is_the_original_s_recipe():
    original = preset("original")
    assert original.model == LSTMConfig(32, 3, 256, 0.3, batch_norm=True)
    assert (original.learning_rate, original.schedule) == (2e-3, "halving")
    assert (original.clip, original.clip_at) == ("value", 5.0)
    assert (original.batch, original.chunk, original.weight_decay) == (50, 128, 0.0)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_knows_its_name_and_survives_json(name):
    config = preset(name)
    assert config.preset == name
    assert TrainingConfig.from_json(config.to_json()) == config


def test_a_record_of_an_older_version_is_read():
    from bachbot.runtime import load_checkpoint

    record = load_checkpoint("paper").config["training"]["config"]
    assert "beta2" not in record
    changes = {"epochs": 50, "transposed": 0.5}
    assert TrainingConfig.from_json(record) == changed(preset("paper"), changes)


def test_the_lookahead_preset_is_of_its_kind():
    lookahead = preset("lookahead")
    assert lookahead.kind == "lookahead"
    assert isinstance(lookahead.model, LookaheadConfig)
    assert (lookahead.beta2, preset("paper").beta2) == (0.98, 0.999)


def test_a_config_cannot_be_changed_in_place():
    with pytest.raises(dataclasses.FrozenInstanceError):
        preset("paper").seed = 3


def test_texts_are_read_as_the_field_s_type():
    config = changed(
        preset("paper"),
        {"epochs": "7", "dropout": "0.5", "batch_norm": "true", "split": "file", "clip_at": 5},
    )
    assert config.epochs == 7
    assert config.model.dropout == 0.5
    assert config.model.batch_norm is True
    assert config.split == "file"
    assert config.clip_at == 5.0


def test_every_fault_is_named_at_once():
    faults = {"epoch": "3", "epochs": "x", "dropout": "2", "clip": "hard", "batch": "0"}
    with pytest.raises(UsageError) as caught:
        changed(preset("paper"), faults)
    text = str(caught.value)
    assert "there is no setting 'epoch'" in text
    assert "epochs is 'x': give a whole number" in text
    assert "dropout is 2" in text
    assert "clip is 'hard': give one of norm, value" in text
    assert "batch is 0: give 1 or more" in text
    assert "settings are" in text
    assert "\n" not in text


def test_a_wrong_type_is_a_fault_too():
    with pytest.raises(UsageError, match=r"epochs is 2\.5"):
        changed(preset("paper"), {"epochs": 2.5})
    with pytest.raises(UsageError, match="batch_norm is 'maybe': give true or false"):
        changed(preset("paper"), {"batch_norm": "maybe"})


def test_only_who_looks_up_has_a_library():
    with pytest.raises(UsageError, match="kind 'lstm' looks up nothing: leave lookup out"):
        changed(preset("paper"), {"lookup": True})
    with pytest.raises(UsageError, match="datastore_frames follows from the pieces"):
        changed(preset("lookahead"), {"datastore_frames": 100})
    with pytest.raises(UsageError, match="datastore_frames is -1: give a whole number from 0 to 1048576"):
        changed(preset("lookahead"), {"datastore_frames": -1, "lookup": True})


def test_the_command_does_not_say_what_follows_from_the_pieces():
    config = changed(preset("lookahead"), {"lookup": True, "datastore_frames": 100})
    words = command(config)
    assert "--set lookup=True" in words
    assert "datastore_frames" not in words


def test_an_unknown_preset_is_refused():
    with pytest.raises(UsageError, match="no preset 'papers': give one of paper, original, tiny"):
        preset("papers")


def test_differences_name_what_was_changed():
    config = changed(preset("paper"), {"seed": 4, "dropout": 0.5})
    assert differences(config, preset("paper")) == {"seed": 4, "dropout": 0.5}


def test_the_command_of_a_config_gives_that_config():
    changes = {"seed": 4, "dropout": 0.35, "split": "file", "batch_norm": True, "average": 0.99}
    words = command(changed(preset("paper"), changes)).split()
    assert words[:4] == ["bachbot", "train", "--preset", "paper"]
    read = {}
    for word, value in zip(words, [*words[1:], ""], strict=True):
        if word == "--set":
            name, _, text = value.partition("=")
            read[name] = text
        elif word == "--batch-norm":
            read["batch_norm"] = True
        elif word.startswith("--") and word != "--preset":
            read[word[2:]] = value
    assert changed(preset("paper"), read) == changed(preset("paper"), changes)
