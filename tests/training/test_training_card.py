import json
from pathlib import Path

import pytest

from bachbot.runtime import load_checkpoint
from bachbot.training.card import training_command, write_model_card
from bachbot.training.config import changed
from bachbot.training.kinds import preset

CHECKPOINTS = Path(__file__).parents[2] / "checkpoints"


@pytest.mark.parametrize("name", ["paper", "lookahead"])
def test_the_shipped_cards_are_those_that_the_package_writes(name):
    config = json.loads((CHECKPOINTS / name / "config.json").read_text(encoding="utf-8"))
    card = (CHECKPOINTS / name / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert card == write_model_card(config)


@pytest.mark.parametrize("name", ["paper", "lookahead"])
def test_a_card_shows_the_losses_of_the_record(name):
    config = load_checkpoint(name).config
    card = write_model_card(config)
    losses = config["training"]["losses"]
    for part in losses.values():
        figures = part.get("by_kind", part)
        for label, row in figures.items():
            value = row["nats_per_onset"]
            assert value is None or f"| {value:.3f} |" in card, label


def test_the_command_omits_what_follows_from_the_corpus():
    config = changed(preset("lookahead"), {"use_datastore": True, "datastore_frames": 100})
    command = training_command(config)
    assert "--set use_datastore=True" in command
    assert "datastore_frames" not in command


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        (
            "paper",
            {"seed": 4, "dropout": 0.35, "split": "file", "batch_norm": True, "ema_decay": 0.99},
        ),
        ("lookahead", {"teachers": ("a", "b"), "epochs": 3, "max_frames": 64}),
    ],
)
def test_the_command_of_a_config_gives_that_config(name, changes):
    words = training_command(changed(preset(name), changes)).split()
    assert words[:4] == ["bachbot", "train", "--preset", name]
    read = {}
    for word, value in zip(words, [*words[1:], ""], strict=True):
        if word == "--set":
            setting, _, text = value.partition("=")
            read[setting] = text
        elif word.startswith("--") and word != "--preset":
            read[word[2:]] = value
    assert changed(preset(name), read) == changed(preset(name), changes)
