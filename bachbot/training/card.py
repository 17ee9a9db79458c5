"""The model card, written from a checkpoint's own config."""

from collections.abc import Mapping
from typing import Any

from bachbot.training.card_lookahead import lookahead_parts
from bachbot.training.card_lstm import lstm_parts
from bachbot.training.config import PRESETS, TrainingConfig, differences
from bachbot.training.progress import UNITS

_OPTIONS = {"split": "--split", "seed": "--seed", "epochs": "--epochs", "precision": "--precision"}
"""Settings that have an option of their own; the rest go by ``--set``."""

_PARTS = {"lstm": lstm_parts, "lookahead": lookahead_parts}
"""What a card says of each kind of model."""


def command(config: TrainingConfig) -> str:
    """The command that trains with a config, its folders left out."""
    words = ["bachbot train", f"--preset {config.preset}"]
    base = PRESETS.get(config.preset, TrainingConfig())
    for name, value in {"split": config.split, **differences(config, base)}.items():
        if name in _OPTIONS:
            words.append(f"{_OPTIONS[name]} {value}")
        elif name == "batch_norm" and value:
            words.append("--batch-norm")
        elif name != "library":  # that follows from the pieces
            words.append(f"--set {name}={value}")
    return " ".join(words)


def model_card(config: Mapping[str, Any]) -> str:
    """A model card in Markdown.

    Parameters
    ----------
    config : mapping
        A checkpoint's ``config.json``, its training record with losses included.

    Returns
    -------
    str
        Data, split, command, figures, time and machine.
    """
    record = config["training"]
    training = TrainingConfig.from_json(record["config"])
    parts = _PARTS[config["kind"]](config, training)
    units = UNITS[config["kind"]]
    pieces, minutes = record["pieces"], record["seconds"] / 60
    how = "tune family: no tune is in two parts" if training.split == "tune" else "file"
    name = f"{training.preset} ({training.split} split)"
    return f"""# {name}

{parts.summary}

- **Network**: {parts.network}. Kind `{config["kind"]}`, format `{config["format"]}`.
- **Data**: Bach's four-part chorales from music21's corpus as `bachbot corpus prepare` makes them \
(fingerprint `{config["corpus_fingerprint"]}`). {pieces["train"]} pieces to train on \
({record["train_tokens"]:,} {parts.tokens}), {pieces["validation"]} to validate, \
{pieces["test"]} to test.
- **Split**: by {how}.
- **Recipe**: {parts.batch}; {_recipe(training)}.
- **Command**: `{command(training)}{_where(record)} -o runs/NAME`, \
then `bachbot train export runs/NAME -o checkpoints/NAME`.
- **Time**: {minutes:.1f} minutes for {record["epochs"]} epochs, \
{record["tokens_per_second"]:,.0f} tokens a second in \
{record["precision"]}, on {record["machine"]} \
({record["processes"]} {"process" if record["processes"] == 1 else "processes"}); \
torch {record["versions"]["torch"]}.
- **Kept**: the weights of epoch {record["best_epoch"]}, the best by {parts.chosen}. Their \
training loss was {record[units.train_key]:.3f} {units.train}, with dropout on.

## Figures

{parts.figures}

## Limits

{parts.limits}
"""


def _where(record: Mapping[str, Any]) -> str:
    """Device and threads, on which the last digits hang."""
    if record.get("device") != "cpu":
        return ""
    return f" --device cpu --threads {record['threads']}"


def _recipe(config: TrainingConfig) -> str:
    if config.schedule == "halving":
        rate = f"rate {config.learning_rate:g} halved every five epochs"
    else:
        rate = f"one cycle up to the rate {config.learning_rate:g} and down"
    clip = "norm" if config.clip == "norm" else "element"
    words = [
        f"{'AdamW' if config.weight_decay else 'Adam'}, {rate}",
        f"gradients clipped by {clip} at {config.clip_at:g}",
    ]
    if config.weight_decay:
        words.append(f"weight decay {config.weight_decay:g}")
    if config.beta2 != 0.999:
        words.append(f"squared gradients averaged at {config.beta2:g}")
    if config.transposed:
        words.append(
            f"{config.transposed:.0%} of the pieces transposed by up to {config.semitones} "
            "semitones, others each epoch"
        )
    if config.average:
        words.append(f"weights averaged at {config.average:g}")
    return "; ".join(words)
