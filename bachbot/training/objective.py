"""What sets the kinds of model apart in training, and what a run reports as it goes."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from torch import Tensor, nn

from bachbot.corpus.store import Part


@dataclass(frozen=True)
class Units:
    """What the losses of a kind of model are counted in.

    Parameters
    ----------
    train : str
        Of the training loss, such as ``"nats a token"``.
    validation : str
        Of the figure that chooses the best weights.
    """

    train: str
    validation: str

    @property
    def train_key(self) -> str:
        """Name of the training loss in a checkpoint's record."""
        return "train_" + self.train.replace(" a ", "_per_").replace(" ", "_")


UNITS: dict[str, Units] = {
    "lstm": Units("nats a token", "nats a token"),
    "lookahead": Units("nats a missing cell", "nats a frame, A+T+B given S"),
}
"""Units by kind of model. A cell is a voice in a frame; with the missing ones count the fermatas
that are not given."""


@dataclass(frozen=True)
class Stepped:
    """A step was taken.

    Parameters
    ----------
    step, steps : int
        Steps done, and in the whole run.
    epoch, epochs : int
        Epoch that it belongs to, from 1, and how many there are at most.
    loss : float
        Mean training loss of the epoch so far, in the kind's unit.
    tokens_per_second : float
        Tokens read over this session, validation left out.
    seconds_left : float
        Estimate for the whole run.
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
    """An epoch ended and was validated: a line of ``metrics.jsonl``.

    Parameters
    ----------
    epoch, step : int
        Epochs and steps done.
    train, validation : float
        Mean over the epoch with dropout on, and over the validation part without.
    per_frame, per_onset : float
        Validation in nats of those units (see `bachbot.evaluation.losses`); of kind
        ``"lookahead"`` those of alto, tenor and bass where soprano and fermatas are given (see
        `bachbot.training.validation`).
    onset_accuracy : float
        Validation, share of notes guessed, 0 to 1; of kind ``"lookahead"`` those of the same three
        voices.
    learning_rate : float
        Of the epoch's last step.
    best : bool
        Whether no earlier epoch was better.
    seconds : float
        Time that the run has taken so far, interruptions left out.
    tokens_per_second : float
        Training speed over this session.
    train_unit, validation_unit : str
        What `train` and `validation` are counted in, as `UNITS` says.
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
"""Called after steps and evaluations; what it raises ends the run, which stays resumable."""


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
        As `bachbot.training.objective.Evaluated` describes them.
    """

    validation: float
    per_frame: float
    per_onset: float
    onset_accuracy: float


class Objective(ABC):
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
