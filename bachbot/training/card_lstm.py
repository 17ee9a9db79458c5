"""What the model card says of a plain LSTM."""

from collections.abc import Mapping
from typing import Any

from bachbot.training.card_parts import Parts, number, table
from bachbot.training.config import TrainingConfig


def lstm_parts(config: Mapping[str, Any], training: TrainingConfig) -> Parts:
    """The parts of a card.

    Parameters
    ----------
    config : mapping
        A checkpoint's ``config.json``.
    training : TrainingConfig
        What it was trained by.
    """
    model, losses = config["model"], config["training"]["losses"]
    norm = ", batch normalisation after each" if model["batch_norm"] else ""
    return Parts(
        summary="Predicts the next token of a four-part chorale in C major or A minor, on a grid "
        "of sixteenths.",
        network=f"embedding {model['embedding']}, {model['layers']} LSTM layers of "
        f"{model['hidden']}{norm}, dropout {model['dropout']}, a linear output",
        tokens="tokens",
        batch=f"{training.batch} lanes, {training.chunk} tokens a step with the state carried on",
        chosen="validation loss",
        figures=_figures(losses, training),
        limits="It knows Bach's chorales and nothing else, hears no metre but what it counts "
        "itself, and has no rule of part-writing built in. It is measured, and best used, in "
        "C major and A minor.",
    )


def _figures(losses: Mapping[str, Any], training: TrainingConfig) -> str:
    return f"""Every piece is run from a zero state; nothing is known but the tokens before. \
All in nats.

{_units(losses)}

Validation chose the epoch; the test part chose nothing. \
`bachbot evaluate losses --checkpoint NAME --split {training.split}` prints these again.

## By voice

{_voices(losses)}

A token is a voice's note or tie in one sixteenth. Nats per onset are all nats of the voice, ties \
included, divided by the notes that begin."""


def _units(parts: Mapping[str, Any]) -> str:
    rows = {
        "per token": "nats_per_token",
        "per frame, all tokens": "nats_per_frame",
        "per frame, voices only": "voices_nats_per_frame",
        "per onset": "nats_per_onset",
        "accuracy, all cells": "accuracy",
        "accuracy, onsets": "onset_accuracy",
    }
    lines = [[label, *(number(p[key]) for p in parts.values())] for label, key in rows.items()]
    return table([["", *parts], *lines])


def _voices(parts: Mapping[str, Any]) -> str:
    head = [f"{part}, {what}" for part in parts for what in ("per token", "per onset", "onsets")]
    rows = [["", *head]]
    for kind in next(iter(parts.values()))["by_kind"]:
        row = [kind]
        for part in parts.values():
            figures = part["by_kind"][kind]
            keys = ("nats_per_token", "nats_per_onset", "onset_accuracy")
            row += [number(figures[key]) for key in keys]
        rows.append(row)
    return table(rows) + "\n\nThe columns 'onsets' are accuracy over onsets."
