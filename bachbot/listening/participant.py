"""What the store knows of a participant and of an answer."""

from dataclasses import dataclass
from datetime import datetime

from bachbot.listening.answer import Answer
from bachbot.listening.hearing import Hearing
from bachbot.listening.plan import Pairing


@dataclass(frozen=True)
class Participant:
    """Somebody who agreed to take part.

    Parameters
    ----------
    name : str
        Random, and all that is known of who it is.
    age, experience : str, optional
        As told; none before they were asked.
    plan : tuple of Pairing
        The trials, in their order.
    correct : tuple of bool
        Of each answer given so far whether it was right, in the same order.
    """

    name: str
    age: str | None
    experience: str | None
    plan: tuple[Pairing, ...]
    correct: tuple[bool, ...] = ()

    @property
    def finished(self) -> bool:
        """Whether every trial is answered."""
        return len(self.correct) >= len(self.plan)

    @property
    def position(self) -> int:
        """Position of the trial to be answered next, from 1; one past the last where none is."""
        return len(self.correct) + 1


@dataclass(frozen=True)
class Shown:
    """How far a participant is with a trial.

    Parameters
    ----------
    shown_at : datetime
        When it was first shown.
    played_at : datetime, optional
        When a clip was first started, as far as that was told.
    hearing : Hearing
        What was heard.
    """

    shown_at: datetime
    played_at: datetime | None
    hearing: Hearing


@dataclass(frozen=True)
class Given:
    """An answer, and what the row keeps beside it.

    Parameters
    ----------
    answer : Answer
        As the analysis reads it.
    pairing : Pairing
        Which clip was on which side.
    measured : bool
        Whether the page told what was heard; if not, the participant did.
    """

    answer: Answer
    pairing: Pairing
    measured: bool = True
