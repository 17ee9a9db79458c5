"""What a kind of model brings to training, and the tables that show its results."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from bachbot.corpus.store import PreparedCorpus
from bachbot.encoding import FillRequest, Vocabulary
from bachbot.training.config import ObjectiveConfig, TrainingConfig
from bachbot.training.likelihood import TokenScores
from bachbot.training.objective import Objective, Units


@dataclass(frozen=True)
class CardText:
    """The parts of a model card that depend on the kind of model, in Markdown.

    Parameters
    ----------
    summary : str
        What the model does.
    network : str
        Architecture and size.
    tokens : str
        What the tokens of the training part are called.
    batch : str
        What it reads in a training step.
    selected_by : str
        The figure that selected the best weights.
    results_intro, results_notes : str
        Text before and after the tables of results.
    limitations : str
        What the model does not know.
    """

    summary: str
    network: str
    tokens: str
    batch: str
    selected_by: str
    results_intro: str
    results_notes: str
    limitations: str


@dataclass(frozen=True)
class ResultTable:
    """Figures of a model, neutral as to how they are shown.

    Parameters
    ----------
    title : str
        What is measured.
    parts : tuple of str
        Parts of the corpus, such as ``"validation"``.
    figures : mapping of str to mapping of str to sequence
        For each figure, such as ``"nats per frame"``, its rows by label; each row has a value for
        each part, None where there is none. The name may be empty if there is one figure alone.
    """

    title: str
    parts: tuple[str, ...]
    figures: Mapping[str, Mapping[str, Sequence[float | None]]]

    def to_markdown(self) -> str:
        """A Markdown table with a column for each part and figure."""
        columns = [(part, figure) for part in range(len(self.parts)) for figure in self.figures]
        head = [", ".join(filter(None, (self.parts[part], figure))) for part, figure in columns]
        labels = list(next(iter(self.figures.values())))
        rows = [
            [label, *(format_figure(self.figures[figure][label][part]) for part, figure in columns)]
            for label in labels
        ]
        lines = ["| " + " | ".join(row) + " |" for row in [["", *head], *rows]]
        lines.insert(1, "|---" * (len(columns) + 1) + "|")
        return "\n".join(lines)


def format_figure(value: float | None) -> str:
    """A figure with three decimals; empty for None."""
    return "" if value is None else f"{value:.3f}"


def _unchanged(config: TrainingConfig, corpus: PreparedCorpus) -> TrainingConfig:
    return config


@dataclass(frozen=True)
class TrainingKind:
    """All that training needs to know about a kind of `bachbot.runtime.kinds`.

    Parameters
    ----------
    objective_config : type
        Its `ObjectiveConfig`, which names the kind and the dataclass of its sizes.
    objective : callable
        Makes the `Objective` from a config and a `TrainingContext`.
    units : Units
        Units of its losses.
    grid : mapping of str to tuple
        Values that a search tries, by setting.
    presets : tuple of TrainingConfig
        Configs to start from, the default one first.
    card : callable
        Writes its part of a model card from a checkpoint's config and the training config.
    results : callable
        Makes tables of the losses in a checkpoint's training record.
    token_scores : callable
        Scores what is not given of pieces: see `bachbot.training.kinds.lstm.token_scores`.
    complete : callable
        Fills in the settings that follow from the corpus.
    derived : tuple of str
        Names of those settings, which a user does not set.
    """

    objective_config: type[ObjectiveConfig]
    objective: Callable[..., Objective]
    units: Units
    grid: Mapping[str, tuple[float, ...]]
    presets: tuple[TrainingConfig, ...]
    card: Callable[[Mapping[str, Any], TrainingConfig], CardText]
    results: Callable[[Mapping[str, Any]], tuple[ResultTable, ...]]
    token_scores: Callable[
        [nn.Module, Sequence[FillRequest], Vocabulary, torch.device], TokenScores
    ]
    complete: Callable[[TrainingConfig, PreparedCorpus], TrainingConfig] = _unchanged
    derived: tuple[str, ...] = ()
