"""The model card, written from a checkpoint's own config."""

from collections.abc import Mapping
from typing import Any

from bachbot.training.config import PRESETS, TrainingConfig, differences

_OPTIONS = {"split": "--split", "seed": "--seed", "epochs": "--epochs", "precision": "--precision"}
"""Settings that have an option of their own; the rest go by ``--set``."""


def command(config: TrainingConfig) -> str:
    """The command that trains with a config, its folders left out."""
    words = ["bachbot train", f"--preset {config.preset}"]
    base = PRESETS.get(config.preset, TrainingConfig())
    for name, value in {"split": config.split, **differences(config, base)}.items():
        if name in _OPTIONS:
            words.append(f"{_OPTIONS[name]} {value}")
        elif name == "batch_norm" and value:
            words.append("--batch-norm")
        else:
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
    record, model = config["training"], config["model"]
    training = TrainingConfig.from_json(record["config"])
    pieces, minutes = record["pieces"], record["seconds"] / 60
    norm = ", batch normalisation after each" if model["batch_norm"] else ""
    how = "tune family: no tune is in two parts" if training.split == "tune" else "file"
    name = f"{training.preset} ({training.split} split)"
    return f"""# {name}

Predicts the next token of a four-part chorale in C major or A minor, on a grid of sixteenths.

- **Network**: embedding {model["embedding"]}, {model["layers"]} LSTM layers of \
{model["hidden"]}{norm}, dropout {model["dropout"]}, a linear output. Kind `{config["kind"]}`, \
format `{config["format"]}`.
- **Data**: Bach's four-part chorales from music21's corpus as `bachbot corpus prepare` makes them \
(fingerprint `{config["corpus_fingerprint"]}`). {pieces["train"]} pieces to train on \
({record["train_tokens"]:,} tokens), {pieces["validation"]} to validate, {pieces["test"]} to test.
- **Split**: by {how}.
- **Recipe**: {_recipe(training)}.
- **Command**: `{command(training)}{_where(record)} -o runs/NAME`, \
then `bachbot train export runs/NAME -o checkpoints/NAME`.
- **Time**: {minutes:.1f} minutes for {record["epochs"]} epochs, \
{record["tokens_per_second"]:,.0f} tokens a second in \
{record["precision"]}, on {record["machine"]} \
({record["processes"]} {"process" if record["processes"] == 1 else "processes"}); \
torch {record["versions"]["torch"]}.
- **Kept**: the weights of epoch {record["best_epoch"]}, the best by validation loss. Their \
training loss was {record["train_nats_per_token"]:.3f} nats a token, with dropout on.

## Figures

Every piece is run from a zero state; nothing is known but the tokens before. All in nats.

{_figures(record["losses"])}

Validation chose the epoch; the test part chose nothing. \
`bachbot evaluate losses --checkpoint NAME --split {training.split}` prints these again.

## By voice

{_voices(record["losses"])}

A token is a voice's note or tie in one sixteenth. Nats per onset are all nats of the voice, ties \
included, divided by the notes that begin.

## Limits

It knows Bach's chorales and nothing else, hears no metre but what it counts itself, and has no \
rule of part-writing built in. It is measured, and best used, in C major and A minor.
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
        f"{config.batch} lanes, {config.chunk} tokens a step with the state carried on",
        f"{'AdamW' if config.weight_decay else 'Adam'}, {rate}",
        f"gradients clipped by {clip} at {config.clip_at:g}",
    ]
    if config.weight_decay:
        words.append(f"weight decay {config.weight_decay:g}")
    if config.transposed:
        words.append(
            f"{config.transposed:.0%} of the pieces transposed by up to {config.semitones} "
            "semitones, others each epoch"
        )
    if config.average:
        words.append(f"weights averaged at {config.average:g}")
    return "; ".join(words)


def _figures(parts: Mapping[str, Any]) -> str:
    rows = {
        "per token": "nats_per_token",
        "per frame, all tokens": "nats_per_frame",
        "per frame, voices only": "voices_nats_per_frame",
        "per onset": "nats_per_onset",
        "accuracy, all cells": "accuracy",
        "accuracy, onsets": "onset_accuracy",
    }
    table = [["", *parts]]
    table += [[label, *(_number(p[key]) for p in parts.values())] for label, key in rows.items()]
    return _table(table)


def _voices(parts: Mapping[str, Any]) -> str:
    head = [f"{part}, {what}" for part in parts for what in ("per token", "per onset", "onsets")]
    table = [["", *head]]
    for kind in next(iter(parts.values()))["by_kind"]:
        row = [kind]
        for part in parts.values():
            figures = part["by_kind"][kind]
            keys = ("nats_per_token", "nats_per_onset", "onset_accuracy")
            row += [_number(figures[key]) for key in keys]
        table.append(row)
    return _table(table) + "\n\nThe columns 'onsets' are accuracy over onsets."


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _table(rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|---" * len(rows[0]) + "|")
    return "\n".join(lines)
