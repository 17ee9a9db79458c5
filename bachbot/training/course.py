"""What sets the kinds of model apart in training: their data, their loss and their figures.

Weights, optimiser, schedule, averaging and saving are the same for all and lie in
`bachbot.training.trainer` and `bachbot.training.run`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from bachbot.corpus.store import Part
from bachbot.training.progress import Units

Forward = Callable[..., Any]
"""The model as it is called in a step: in the run's precision, and on every rank at a time."""

HELD_OUT: tuple[Part, ...] = ("validation", "test")
"""Parts that a run is measured on."""


@dataclass(frozen=True, eq=False)
class Loss:
    """What a step is to make smaller.

    Parameters
    ----------
    mean : Tensor, shape []
        In the course's unit. The mean over all ranks is the loss of the whole batch.
    weight : float
        How much the step counts in the epoch's mean.
    tokens : int
        Voice tokens and others that all ranks together read.
    """

    mean: Tensor
    weight: float
    tokens: int


@dataclass(frozen=True)
class Score:
    """How well a model does on the validation part.

    Parameters
    ----------
    validation : float
        The figure that chooses the best weights, lower is better, in the course's unit.
    per_frame, per_onset, onset_accuracy : float
        As `bachbot.training.progress.Evaluated` describes them.
    """

    validation: float
    per_frame: float
    per_onset: float
    onset_accuracy: float


class Course(ABC):
    """What one run learns from, step by step.

    A step's data follow from seed, epoch and step alone, whatever was done before. What the model
    itself carries from step to step the course keeps, and hands out to be saved.

    Parameters
    ----------
    units : Units
        What loss and validation are counted in.
    steps : int
        Steps an epoch.
    tokens : int
        Tokens of the training part.
    """

    def __init__(self, units: Units, steps: int, tokens: int) -> None:
        self.units, self.steps, self.tokens = units, steps, tokens

    @abstractmethod
    def begin(self, model: nn.Module, epoch: int) -> None:
        """Go to the first step of an epoch, counted from 0. Nothing is carried into it."""

    @abstractmethod
    def loss(self, forward: Forward, step: int) -> Loss:
        """The loss of a step of the epoch, over this rank's share of it.

        Parameters
        ----------
        forward : callable
            The model.
        step : int
            Counted from 0; the steps of an epoch are asked for in order.
        """

    def carried(self) -> dict[str, Tensor]:
        """What the next step needs of the last, of all ranks. Every rank must call it."""
        return {}

    def carry(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from what `carried` gave; call it after `begin`.

        Raises
        ------
        KeyError, ValueError
            If the tensors are not those of this course.
        """
        if tensors:
            raise ValueError(f"it carries {', '.join(tensors)}, of which this kind knows nothing")

    def record(self) -> dict[str, Any]:
        """What a checkpoint says of its training beside the config: plain data."""
        return {}

    @abstractmethod
    def validate(self, model: nn.Module) -> Score:
        """Measure a model on the validation part. Its mode is put back afterwards."""

    @abstractmethod
    def measure(self, model: nn.Module) -> dict[str, dict[str, Any]]:
        """Every figure of a finished run, plain data by the part's name."""
