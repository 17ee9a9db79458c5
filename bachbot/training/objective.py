"""What a model is trained on, and the events that a run reports."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from bachbot.corpus.store import Part, PreparedCorpus
from bachbot.encoding import Vocabulary
from bachbot.training.device import ProcessGroup


@dataclass(frozen=True)
class Units:
    """The units in which the losses of a kind of model are reported.

    Parameters
    ----------
    train : str
        Unit of the training loss, such as ``"nats per token"``.
    validation : str
        Unit of the validation loss, which selects the best weights.
    """

    train: str
    validation: str

    @property
    def train_key(self) -> str:
        """Key of the training loss in a checkpoint's training record."""
        return "train_" + self.train.replace(" ", "_")


@dataclass(frozen=True)
class Stepped:
    """Event: a training step was taken.

    Parameters
    ----------
    step, steps : int
        Steps taken, and steps of the whole run.
    epoch, epochs : int
        Epoch of the step, from 1, and the largest number of epochs.
    loss : float
        Mean training loss of the epoch so far, in the unit of the kind of model.
    tokens_per_second : float
        Training speed since this process started the run, without validation.
    seconds_left : float
        Estimate for the rest of the run.
    """

    step: int
    steps: int
    epoch: int
    epochs: int
    loss: float
    tokens_per_second: float
    seconds_left: float


@dataclass(frozen=True)
class Evaluated:
    """Event: an epoch ended and the model was validated. A line of ``metrics.jsonl``.

    Parameters
    ----------
    epoch, step : int
        Epochs and steps done.
    train, validation : float
        Training loss, a mean over the epoch with dropout on, and validation loss.
    per_frame, per_onset : float
        Validation loss in nats per frame and per onset, over the voices that the kind of model is
        validated on.
    onset_accuracy : float
        Share of the notes in those voices whose onset token was the most likely one, 0 to 1.
    learning_rate : float
        Learning rate of the epoch's last step.
    best : bool
        Whether no earlier epoch had a lower validation loss.
    seconds : float
        Running time so far, without interruptions.
    tokens_per_second : float
        Training speed since this process started the run.
    train_unit, validation_unit : str
        Units of `train` and `validation`.
    """

    epoch: int
    step: int
    train: float
    validation: float
    per_frame: float
    per_onset: float
    onset_accuracy: float
    learning_rate: float
    best: bool
    seconds: float
    tokens_per_second: float
    train_unit: str
    validation_unit: str

    def to_json(self) -> dict[str, Any]:
        """Plain data, as a line of ``metrics.jsonl`` holds it."""
        return asdict(self)


TrainingCallback = Callable[[Stepped | Evaluated], None]
"""Called after each step and each validation. An exception that it raises ends the run, which can
be resumed."""

Forward = Callable[..., Any]
"""The model as a step calls it: in the precision of the run."""

HELD_OUT: tuple[Part, ...] = ("validation", "test")
"""Parts of the corpus that a model is measured on."""


@dataclass(frozen=True, eq=False)
class TrainingContext:
    """What every kind of model is trained with, besides its config.

    Parameters
    ----------
    corpus : PreparedCorpus
        The prepared chorales.
    vocabulary : Vocabulary
        Meaning of the token ids.
    device : torch.device
        Device of the model.
    group : ProcessGroup
        The processes that train together.
    """

    corpus: PreparedCorpus
    vocabulary: Vocabulary
    device: torch.device
    group: ProcessGroup


@dataclass(frozen=True, eq=False)
class StepLoss:
    """Loss of one training step.

    Parameters
    ----------
    mean : Tensor, shape []
        In the objective's unit. Its mean over all processes is the loss of the whole batch.
    weight : float
        Weight of the step in the epoch's mean loss.
    tokens : int
        Tokens that all processes together read.
    """

    mean: Tensor
    weight: float
    tokens: int


@dataclass(frozen=True)
class ValidationResult:
    """Figures of a model on the validation part.

    Parameters
    ----------
    loss : float
        The figure that selects the best weights, lower is better, in the objective's unit.
    per_frame, per_onset, onset_accuracy : float
        As in `Evaluated`.
    """

    loss: float
    per_frame: float
    per_onset: float
    onset_accuracy: float


class TrainingSteps(ABC):
    """The training data of a run and the loss on it, as a trainer takes its steps.

    The data of a step follow from seed, epoch and step alone. Whatever the model carries from one
    step to the next is kept here, and is part of the saved state.

    Parameters
    ----------
    units : Units
        Units of the losses.
    steps : int
        Steps per epoch.
    tokens : int
        Tokens of the training part.
    """

    def __init__(self, units: Units, steps: int, tokens: int) -> None:
        self.units, self.steps, self.tokens = units, steps, tokens

    @abstractmethod
    def start_epoch(self, model: nn.Module, epoch: int) -> None:
        """Go to the first step of an epoch, counted from 0. Nothing is carried into it."""

    @abstractmethod
    def loss(self, forward: Forward, step: int) -> StepLoss:
        """The loss of a step, over this process's share of the batch.

        Parameters
        ----------
        forward : callable
            The model.
        step : int
            Step of the epoch, counted from 0. The steps of an epoch come in order.
        """

    def state_dict(self) -> dict[str, Tensor]:
        """What the next step needs from the last one, of all processes. All must call it."""
        return {}

    def load_state_dict(self, tensors: Mapping[str, Tensor]) -> None:
        """Continue from what `state_dict` returned; call it after `start_epoch`.

        Raises
        ------
        KeyError, ValueError
            If the tensors are not those of this objective.
        """
        if tensors:
            raise ValueError(f"unexpected tensors: {', '.join(tensors)}")


class Objective(TrainingSteps):
    """What a kind of model is trained on, and how it is measured.

    Parameters
    ----------
    units, steps, tokens
        As in `TrainingSteps`.
    """

    def record(self) -> dict[str, Any]:
        """What a checkpoint's training record holds besides the config: plain data."""
        return {}

    @abstractmethod
    def validate(self, model: nn.Module) -> ValidationResult:
        """Measure a model on the validation part. Restores the model's mode."""

    @abstractmethod
    def measure(self, model: nn.Module) -> dict[str, dict[str, Any]]:
        """All figures of a finished run: plain data by the name of the part."""
