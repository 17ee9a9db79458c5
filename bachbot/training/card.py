"""The model card, written from a checkpoint's own config."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bachbot.encoding.datastore import NEIGHBORS
from bachbot.training.config import PRESETS, TrainingConfig, differences
from bachbot.training.examples import MIXTURE
from bachbot.training.objective import UNITS
from bachbot.training.validation import FILL_TASKS, HARMONY


@dataclass(frozen=True)
class Parts:
    """What a card says of one kind of model, in Markdown.

    Parameters
    ----------
    summary : str
        What the model does.
    network : str
        Its make and size.
    tokens : str
        What the tokens of the training part are called.
    batch : str
        What it reads in a step.
    chosen : str
        By which figure the best weights were chosen.
    figures : str
        What it is worth: sections of their own, the first of them without its heading.
    limits : str
        What it does not know.
    """

    summary: str
    network: str
    tokens: str
    batch: str
    chosen: str
    figures: str
    limits: str


def number(value: float | None) -> str:
    """A figure in three decimals; nothing for None."""
    return "" if value is None else f"{value:.3f}"


def table(rows: list[list[str]]) -> str:
    """A table, its first row the head."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|---" * len(rows[0]) + "|")
    return "\n".join(lines)


def lookahead_parts(config: Mapping[str, Any], training: TrainingConfig) -> Parts:
    """The parts of a card.

    Parameters
    ----------
    config : mapping
        A checkpoint's ``config.json``.
    training : TrainingConfig
        What it was trained by.
    """
    model, losses = config["model"], config["training"]["losses"]
    told = model.get("use_metadata", True)
    read = "place in the bar, meter, mode and fermatas" if told else "no meter, mode or fermata"
    return Parts(
        summary="Writes what is missing of a four-part chorale in C major or A minor, on a grid "
        "of sixteenths, from all that is given of it: any voices, any stretch of bars, or nothing.",
        network=f"{model['encoder_layers']} LSTM layers of {model['encoder']} in both directions "
        f"read what is given over the whole piece ({read} beside the notes), {model['layers']} of "
        f"{model['hidden']} the frames before, and a chain of width {model['width']} writes a "
        "frame voice by voice, each seeing those above it, every given one and the earlier frame "
        f"that this one is likest{_looked_up(training)}; tokens are scored by pitch, by the leap "
        f"to them and by their intervals with the other voices; embedding {model['embedding']}, "
        f"dropout {model['dropout']}, {model['token_dropout']:.0%} of the tokens read hidden while "
        "training",
        tokens="voice cells",
        batch=f"{training.batch} pieces a step, at most {training.chunk} frames of each, given in "
        f"part: {_mixture(training, told)}{_taught(training)}",
        chosen=f"nats a frame of {FILL_TASKS[HARMONY].label} on validation",
        figures=_figures(losses),
        limits="It knows Bach's chorales and nothing else, and has no rule of part-writing built "
        f"in. It is measured, and best used, in C major and A minor.{_carried(training)}",
    )


def _looked_up(training: TrainingConfig) -> str:
    if not training.lookup:
        return ""
    return f"; it may follow the {NEIGHBORS} frames of the training pieces that go most as it does"


def _carried(training: TrainingConfig) -> str:
    if not training.lookup:
        return ""
    return (
        " The training pieces travel with its weights, note for note: give it away only where "
        "they may be."
    )


def _taught(training: TrainingConfig) -> str:
    count = sum(1 for name in training.teachers.split(",") if name.strip())
    if not count:
        return ""
    return (
        f"; {training.taught:.0%} of the loss is the mean opinion of {count} networks of the same "
        "kind that were trained before"
    )


def _mixture(training: TrainingConfig, told: bool) -> str:
    mix = MIXTURE.with_nothing(training.nothing)
    words = (
        f"the soprano {mix.soprano:.0%}, one to three voices {mix.voices:.0%}, nothing "
        f"{mix.nothing:.0%}, all but some bars {mix.hole:.0%}"
    )
    return f"{words}, the fermatas with {mix.fermatas:.0%} of the pieces" if told else words


def _figures(losses: Mapping[str, Any]) -> str:
    names = list(next(iter(losses.values())))
    columns = {
        "nats a frame": "nats_per_frame",
        "per onset": "nats_per_onset",
        "onsets": "onset_accuracy",
        "fermatas": "fermata_nats_per_frame",
    }
    rows = [["", *(f"{part}, {label}" for part in losses for label in columns)]]
    for name in names:
        figures = [number(losses[part][name][key]) for part in losses for key in columns.values()]
        rows.append([FILL_TASKS[name].label, *figures])
    return f"""Every cell that is missing is predicted from all that is given of the whole piece, \
from the frames before and from the voices above it; a cell is a voice in a sixteenth. Where \
nothing else is said, the fermatas are given.

{table(rows)}

Nats a frame are those of all missing cells, divided by the frames of the pieces; the columns \
'per onset' are the same nats divided by the notes that begin in those cells, 'onsets' is the \
share of those notes that were found likeliest, and 'fermatas' the nats a frame of the fermatas \
where they are not given. Validation chose the epoch; the test part chose nothing. The command \
above measures them at the end of its run."""


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
    norm = ", batch normalization after each" if model["batch_norm"] else ""
    return Parts(
        summary="Predicts the next token of a four-part chorale in C major or A minor, on a grid "
        "of sixteenths.",
        network=f"embedding {model['embedding']}, {model['layers']} LSTM layers of "
        f"{model['hidden']}{norm}, dropout {model['dropout']}, a linear output",
        tokens="tokens",
        batch=f"{training.batch} lanes, {training.chunk} tokens a step with the state carried on",
        chosen="validation loss",
        figures=_lstm_figures(losses, training),
        limits="It knows Bach's chorales and nothing else, hears no meter but what it counts "
        "itself, and has no rule of part-writing built in. It is measured, and best used, in "
        "C major and A minor.",
    )


def _lstm_figures(losses: Mapping[str, Any], training: TrainingConfig) -> str:
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
        elif name != "datastore_frames":  # that follows from the pieces
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
