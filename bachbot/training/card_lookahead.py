"""What the model card says of a network that looks ahead."""

from collections.abc import Mapping
from typing import Any

from bachbot.encoding.library import CANDIDATES
from bachbot.training.card_parts import Parts, number, table
from bachbot.training.config import TrainingConfig
from bachbot.training.fillings import FILLINGS, HARMONY
from bachbot.training.masks import MIXTURE


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
    told = model.get("told", True)
    read = "place in the bar, metre, mode and fermatas" if told else "no metre, mode or fermata"
    return Parts(
        summary="Writes what is missing of a four-part chorale in C major or A minor, on a grid "
        "of sixteenths, from all that is given of it: any voices, any stretch of bars, or nothing.",
        network=f"{model['encoder_layers']} LSTM layers of {model['encoder']} in both directions "
        f"read what is given over the whole piece ({read} beside the notes), {model['layers']} of "
        f"{model['hidden']} the frames before, and a chain of width {model['width']} writes a "
        "frame voice by voice, each seeing those above it, every given one and the earlier frame "
        f"that this one is likest{_looked_up(training)}; tokens are scored by pitch, by the leap "
        f"to them and by their intervals with the other voices; embedding {model['embedding']}, "
        f"dropout {model['dropout']}, {model['forgetting']:.0%} of the tokens read hidden while "
        "training",
        tokens="voice cells",
        batch=f"{training.batch} pieces a step, at most {training.chunk} frames of each, given in "
        f"part: {_mixture(training, told)}{_taught(training)}",
        chosen=f"nats a frame of {FILLINGS[HARMONY].label} on validation",
        figures=_figures(losses),
        limits="It knows Bach's chorales and nothing else, and has no rule of part-writing built "
        f"in. It is measured, and best used, in C major and A minor.{_carried(training)}",
    )


def _looked_up(training: TrainingConfig) -> str:
    if not training.lookup:
        return ""
    return f"; it may follow the {CANDIDATES} frames of the training pieces that go most as it does"


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
        rows.append([FILLINGS[name].label, *figures])
    return f"""Every cell that is missing is predicted from all that is given of the whole piece, \
from the frames before and from the voices above it; a cell is a voice in a sixteenth. Where \
nothing else is said, the fermatas are given.

{table(rows)}

Nats a frame are those of all missing cells, divided by the frames of the pieces; the columns \
'per onset' are the same nats divided by the notes that begin in those cells, 'onsets' is the \
share of those notes that were found likeliest, and 'fermatas' the nats a frame of the fermatas \
where they are not given. Validation chose the epoch; the test part chose nothing. The command \
above measures them at the end of its run."""
