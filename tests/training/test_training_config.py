import dataclasses

import pytest

from bachbot.errors import UsageError
from bachbot.training.config import (
    DataConfig,
    ObjectiveConfig,
    OptimizerConfig,
    TrainingConfig,
    changed,
    differences,
    settings_of,
)
from bachbot.training.kinds import preset


def test_a_config_cannot_be_changed_in_place():
    for part in (preset("paper"), preset("paper").optimizer, preset("lookahead").objective):
        name = dataclasses.fields(part)[0].name
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(part, name, 3)


def test_strings_are_converted_to_the_type_of_the_field():
    texts = {"epochs": "7", "dropout": "0.5", "batch_norm": "true", "split": "file"}
    config = changed(preset("paper"), texts | {"gradient_clipping": 5})
    assert config.epochs == 7
    assert config.model.dropout == 0.5
    assert config.model.batch_norm is True
    assert config.split == "file"
    assert config.optimizer.gradient_clipping == 5.0
    assert type(config.optimizer.gradient_clipping) is float


def test_a_list_of_names_has_commas_between_them():
    config = changed(preset("lookahead"), {"teachers": "one, two"})
    assert config.objective.teachers == ("one", "two")
    assert changed(config, {"teachers": ""}).objective.teachers == ()
    assert changed(config, {"teachers": ["a"]}).objective.teachers == ("a",)
    with pytest.raises(UsageError, match="teachers is 3: give names with commas between them"):
        changed(config, {"teachers": 3})


@pytest.mark.parametrize(
    ("full", "value"),
    [
        ("optimizer.learning_rate", 0.25),
        ("data.batch_size", 7),
        ("model.hidden", 9),
        ("objective.chunk_tokens", 11),
        ("seed", 5),
    ],
)
def test_a_setting_has_a_short_name_and_one_with_its_part(full, value):
    short = changed(preset("paper"), {full.rpartition(".")[2]: value})
    assert short == changed(preset("paper"), {full: value})
    assert settings_of(short)[full] == value
    assert differences(short, preset("paper")) == {full.rpartition(".")[2]: value}


@dataclasses.dataclass(frozen=True)
class Sizes:
    beta2: float = 0.5


@dataclasses.dataclass(frozen=True)
class OtherObjective(ObjectiveConfig):
    kind = "other"
    model_config = Sizes


def test_an_ambiguous_name_is_reported_with_the_full_names():
    config = TrainingConfig("other", Sizes(), OtherObjective())
    with pytest.raises(
        UsageError, match=r"^'beta2' is ambiguous: give one of model.beta2, optimizer.beta2$"
    ):
        changed(config, {"beta2": 0.1})
    both = changed(config, {"model.beta2": 0.1, "optimizer.beta2": "0.2"})
    assert (both.model.beta2, both.optimizer.beta2) == (0.1, 0.2)


def test_every_fault_is_named_at_once():
    faults = {"epoch": "3", "epochs": "x", "dropout": "2", "clipping_mode": "hard",
              "batch_size": "0", "chunk_tokens": "1", "split": "odd"}  # fmt: skip
    with pytest.raises(UsageError) as caught:
        changed(preset("paper"), faults)
    text = str(caught.value)
    assert "there is no setting 'epoch'" in text
    assert "epochs is 'x': give a whole number" in text
    assert "dropout is 2" in text
    assert "clipping_mode is 'hard': give one of norm, value" in text
    assert "batch_size is 0: give 1 or more" in text
    assert "chunk_tokens is 1: give 2 or more" in text
    assert "split is 'odd': give one of tune, file" in text
    assert "settings are preset, embedding" in text
    assert "\n" not in text


def test_a_value_of_the_wrong_type_is_refused():
    with pytest.raises(UsageError, match=r"epochs is 2\.5"):
        changed(preset("paper"), {"epochs": 2.5})
    with pytest.raises(UsageError, match="batch_norm is 'maybe': give true or false"):
        changed(preset("paper"), {"batch_norm": "maybe"})


@pytest.mark.parametrize(
    ("part", "values", "message"),
    [
        (OptimizerConfig, {"learning_rate": 0.0}, "learning_rate is 0.0: give 1e-08 to 10"),
        (OptimizerConfig, {"beta2": 1.0}, "beta2 is 1.0: give 0 to 0.99999"),
        (OptimizerConfig, {"warmup": -0.1, "ema_decay": 2.0}, "warmup is -0.1.*; ema_decay is 2.0"),
        (OptimizerConfig, {"learning_rate": float("nan")}, "learning_rate is nan"),
        (DataConfig, {"max_semitones": 7}, "max_semitones is 7: give 0 to 6"),
        (DataConfig, {"transpose_share": 1.5}, "transpose_share is 1.5: give 0 to 1"),
    ],
)
def test_a_value_out_of_range_is_refused(part, values, message):
    with pytest.raises(UsageError, match=message):
        part(**values)


def test_the_kind_follows_from_the_preset():
    with pytest.raises(UsageError, match="the kind of model follows from the preset"):
        changed(preset("paper"), {"kind": "lookahead"})
    with pytest.raises(UsageError, match="kind 'lookahead', the model is of another kind: start"):
        dataclasses.replace(preset("lookahead"), model=preset("paper").model)


def test_differences_name_what_was_changed():
    config = changed(preset("paper"), {"seed": 4, "dropout": 0.5})
    assert differences(config, preset("paper")) == {"seed": 4, "dropout": 0.5}
    assert differences(preset("tiny"), preset("lookahead-tiny"))["kind"] == "lstm"
