"""What a run tells those who watch it."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any


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
        Mean training loss of the epoch so far, nats a token.
    tokens_per_second : float
        Over this session, validation left out.
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
        Nats a token: mean over the epoch with dropout on, and over the validation part without.
    per_frame, per_onset : float
        Validation in those units (see `bachbot.evaluation.losses`).
    onset_accuracy : float
        Validation, share of notes guessed, 0 to 1.
    learning_rate : float
        Of the epoch's last step.
    best : bool
        Whether no earlier epoch was better.
    seconds : float
        Time that the run has taken so far, interruptions left out.
    tokens_per_second : float
        Training speed over this session.
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

    def to_json(self) -> dict[str, Any]:
        """Plain data, as a line of ``metrics.jsonl`` holds it."""
        return asdict(self)


Listener = Callable[[Stepped | Evaluated], None]
"""Called after steps and evaluations; what it raises ends the run, which stays resumable."""
