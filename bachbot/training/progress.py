"""What a run tells those who watch it."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any


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
        `bachbot.training.fillings`).
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


Listener = Callable[[Stepped | Evaluated], None]
"""Called after steps and evaluations; what it raises ends the run, which stays resumable."""
