"""Where the site keeps what participants do, from the moment they do it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock

from sqlalchemy import Connection, Engine, Integer, Table, cast, func, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bachbot.errors import UsageError
from bachbot.listening.answers import KINDS, Answers, Hearing
from bachbot.listening.store.database import check, connect, is_sqlite, upgrade, working
from bachbot.listening.store.schema import (
    GivenAnswer,
    Pairing,
    Participant,
    ShownTrial,
    answer_of,
    answer_row,
    answers,
    listened,
    listened_row,
    participants,
    shown_of,
    test,
)


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
        By type, in the order of `bachbot.listening.answers.KINDS`.
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


class Store:
    """A database of answers.

    Parameters
    ----------
    engine : Engine
        Of `bachbot.listening.store.database.connect`, its tables made.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        # SQLite's own wait for the other writer is by polling, which is not fair to anybody.
        self._turn: AbstractContextManager[object] = Lock() if is_sqlite(engine) else nullcontext()

    @classmethod
    def open(cls, url: str) -> "Store":
        """Open a database and bring its tables up to date.

        Raises
        ------
        UsageError
            If it cannot be opened, or is of a later version.
        """
        engine = connect(url)
        try:
            upgrade(engine)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def bind(self, trials_sha256: str) -> None:
        """Say to which trials the answers are; the first to say it decides.

        Raises
        ------
        UsageError
            If the database holds answers to other trials.
        OutputError
            If the database does not work.
        """
        with self._writing() as to:
            self._once(to, test, id=1, trials_sha256=trials_sha256)
            found = to.execute(select(test.c.trials_sha256)).scalar_one()
        if found != trials_sha256:
            raise UsageError("the database holds answers to other trials: give another --database")

    def enrol(self, name: str, plan: Sequence[Pairing], now: datetime) -> bool:
        """Take a participant in, once.

        Returns
        -------
        bool
            Whether the participant is new; if not, nothing is changed.

        Raises
        ------
        OutputError
            If the database does not work.
        """
        row = {
            "id": name,
            "created_at": _minute(now),
            "plan": [pairing.to_json() for pairing in plan],
        }
        with self._writing() as to:
            return self._once(to, participants, **row)

    def describe(self, name: str, age: str, experience: str) -> bool:
        """Keep what a participant tells, once.

        Returns
        -------
        bool
            Whether it was kept: not for a participant who is not known or has told it before.

        Raises
        ------
        OutputError
            If the database does not work.
        """
        mine = (participants.c.id == name) & participants.c.age.is_(None)
        told = update(participants).where(mine).values(age=age, experience=experience)
        with self._writing() as to:
            return to.execute(told).rowcount == 1

    def participant(self, name: str) -> Participant | None:
        """Somebody by name, or none.

        Raises
        ------
        OutputError
            If the database does not work.
        """
        right = (answers.c.bach_side == answers.c.chosen).label("right")
        given = select(right).where(answers.c.participant == name).order_by(answers.c.position)
        with self._reading() as of:
            row = of.execute(select(participants).where(participants.c.id == name)).one_or_none()
            if row is None:
                return None
            correct = tuple(bool(r.right) for r in of.execute(given))
        plan = tuple(Pairing(**pairing) for pairing in row.plan)
        return Participant(name, row.age, row.experience, plan, correct)

    def show(self, name: str, trial: str, now: datetime) -> ShownTrial:
        """Note that a trial is shown to a participant, and tell what was heard of it before.

        Raises
        ------
        OutputError
            If the database does not work, or knows no such participant.
        """
        with self._reading() as of:
            found = shown_of(of, name, trial)
        if found:
            return found
        fresh = ShownTrial(now, None, Hearing())
        with self._writing() as to:
            self._once(to, listened, **listened_row(name, trial, fresh))
            return shown_of(to, name, trial) or fresh

    def hear(self, name: str, trial: str, heard: Hearing, now: datetime) -> ShownTrial | None:
        """Add to what was heard of a trial.

        Returns
        -------
        Shown or None
            What was heard in all; none where the trial was never shown.

        Raises
        ------
        OutputError
            If the database does not work.
        """
        with self._writing() as to:
            before = shown_of(to, name, trial, locked=True)
            if before is None:
                return None
            played = before.played_at or (now if heard.started else None)
            after = replace(before, played_at=played, hearing=before.hearing.merged(heard))
            if after != before:
                row = listened_row(name, trial, after)
                mine = (listened.c.participant == name) & (listened.c.trial == trial)
                to.execute(update(listened).where(mine).values(row))
            return after

    def answer(self, given: GivenAnswer) -> bool:
        """Keep an answer, once.

        Returns
        -------
        bool
            Whether it was kept: not where the participant has answered the trial before. An answer
            that was kept stays kept, whatever becomes of the process.

        Raises
        ------
        OutputError
            If the database does not work, or knows no such participant.
        """
        name = given.answer.participant
        with self._writing() as to:
            if not self._once(to, answers, **answer_row(given)):
                return False
            mine = participants.c.id == name
            count = select(func.count()).where(answers.c.participant == name)
            plan = to.execute(select(participants.c.plan).where(mine)).scalar_one()
            if to.execute(count).scalar_one() >= len(plan):
                at = _minute(given.answer.answered_at)
                to.execute(update(participants).where(mine).values(finished_at=at))
        return True

    def counts(self) -> Counts:
        """How many take part and answer.

        Raises
        ------
        OutputError
            If the database does not work.
        """
        with self._reading() as of:
            return counted(of)

    def answers(self) -> Answers:
        """All answers, by the moment at which they were given.

        Raises
        ------
        OutputError
            If the database does not work.
        """
        with self._reading() as of:
            joined = select(answers, participants.c.age, participants.c.experience).join_from(
                answers, participants
            )
            ordered = joined.order_by(
                answers.c.answered_at, answers.c.participant, answers.c.position
            )
            return Answers.of(answer_of(row) for row in of.execute(ordered))

    def _once(self, to: Connection, table: Table, **values: object) -> bool:
        """Insert a row, and tell whether it was; one that is there already is left as it is."""
        insert = sqlite.insert if is_sqlite(self._engine) else postgresql.insert
        first = insert(table).values(**values).on_conflict_do_nothing()
        # Drivers differ in what they count of an INSERT; a row that comes back was inserted.
        return to.execute(first.returning(literal(1))).first() is not None

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with working(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with (
            working(),
            self._turn,
            self._engine.connect().execution_options(writing=True) as connection,
            connection.begin(),
        ):
            yield connection


def read(url: str) -> Answers:
    """Read all answers of a database, changing nothing.

    Parameters
    ----------
    url : str
        Its address, as `bachbot.listening.store.database.connect` takes it.

    Raises
    ------
    UsageError
        If it cannot be opened, or holds no answers of this version.
    OutputError
        If it stops working.
    """
    engine = connect(url)
    try:
        check(engine)
        return Store(engine).answers()
    finally:
        engine.dispose()


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
