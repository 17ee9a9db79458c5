"""How a listening test goes, for whoever runs it."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Integer, cast, func, select

from bachbot.listening.answer import KINDS
from bachbot.listening.schema import answers, participants


@dataclass(frozen=True)
class OfAKind:
    """Answers to trials of one type, and how many of them were right."""

    answers: int = 0
    correct: int = 0


@dataclass(frozen=True)
class Counts:
    """How a listening test goes.

    Parameters
    ----------
    agreed : int
        Participants who agreed to take part.
    told : int
        Of those, who told age and experience, or that they would not.
    answered : int
        Who answered a trial at least.
    finished : int
        Who answered them all.
    by_kind : mapping of str to OfAKind
        By type, in the order of `bachbot.listening.answer.KINDS`.
    """

    agreed: int
    told: int
    answered: int
    finished: int
    by_kind: Mapping[str, OfAKind]

    @property
    def answers(self) -> int:
        """Answers in all."""
        return sum(of.answers for of in self.by_kind.values())

    def to_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "agreed": self.agreed,
            "told": self.told,
            "answered": self.answered,
            "finished": self.finished,
            "answers": self.answers,
            "types": {
                kind: {"answers": of.answers, "correct": of.correct}
                for kind, of in self.by_kind.items()
            },
        }


def counted(of: Connection) -> Counts:
    """Count.

    Parameters
    ----------
    of : Connection
        To the store's database.
    """
    people = select(
        func.count(), func.count(participants.c.age), func.count(participants.c.finished_at)
    )
    agreed, told, finished = of.execute(people.select_from(participants)).one()
    active = select(func.count(answers.c.participant.distinct()))
    correct = func.sum(cast(answers.c.bach_side == answers.c.chosen, Integer))
    kinds = select(answers.c.kind, func.count(), correct).group_by(answers.c.kind)
    found = {kind: OfAKind(many, right) for kind, many, right in of.execute(kinds)}
    by_kind = {kind: found.get(kind, OfAKind()) for kind in KINDS}
    return Counts(agreed, told, of.execute(active).scalar_one(), finished, by_kind)
