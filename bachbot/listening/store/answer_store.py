"""The store in which the site saves what participants do, at once."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock

from sqlalchemy import Connection, Engine, Integer, Table, cast, func, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bachbot.errors import UsageError
from bachbot.listening.answers import CONDITIONS, Answers, Playback
from bachbot.listening.store.database import (
    check_schema,
    connect,
    create_database_file,
    database_errors,
    is_sqlite,
    upgrade_schema,
)
from bachbot.listening.store.schema import (
    Participant,
    StoredAnswer,
    TrialAssignment,
    TrialProgress,
    answer_from_row,
    answer_row,
    answers,
    load_progress,
    participants,
    progress_row,
    test,
    trial_progress,
)

MAX_PARTICIPANTS = 100_000
"""Anybody can take part any number of times, so that only this limits the database."""


@dataclass(frozen=True)
class ConditionCounts:
    """Number of answers, and of correct answers, to trials of one condition."""

    answers: int = 0
    correct: int = 0


@dataclass(frozen=True)
class ParticipationCounts:
    """How far a running test is.

    Parameters
    ----------
    agreed : int
        Participants who agreed to take part.
    described : int
        Those who answered the questions on age and experience.
    answered : int
        Those who answered at least one trial.
    finished : int
        Those who answered all their trials.
    by_condition : mapping of str to ConditionCounts
        In the order of `bachbot.listening.answers.CONDITIONS`.
    """

    agreed: int
    described: int
    answered: int
    finished: int
    by_condition: Mapping[str, ConditionCounts]

    @property
    def answers(self) -> int:
        """Number of all answers."""
        return sum(counts.answers for counts in self.by_condition.values())

    def to_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "agreed": self.agreed,
            "described": self.described,
            "answered": self.answered,
            "finished": self.finished,
            "answers": self.answers,
            "by_condition": {
                condition: {"answers": counts.answers, "correct": counts.correct}
                for condition, counts in self.by_condition.items()
            },
        }


class AnswerStore:
    """Participants and answers of one test in a database.

    Every method that writes commits before it returns, hence what it stored survives a crash of
    the process.

    Parameters
    ----------
    engine : Engine
        From `bachbot.listening.store.database.connect`, with its tables created.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        # SQLite waits for another writer by polling, which can leave one writer waiting for long.
        lock: AbstractContextManager[object] = Lock() if is_sqlite(engine) else nullcontext()
        self._write_lock = lock

    @classmethod
    def open(cls, url: str) -> "AnswerStore":
        """Open a database, and create or upgrade its tables.

        The file of a new SQLite database can be read by its owner only, and so can SQLite's files
        beside it, which take over its rights.

        Warns
        -----
        BachbotWarning
            If other users can read the file of the database.

        Raises
        ------
        UsageError
            If it cannot be opened, or is of a later version.
        """
        engine = connect(url)
        create_database_file(engine)
        try:
            upgrade_schema(engine)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine)

    def close(self) -> None:
        """Close all connections to the database."""
        self._engine.dispose()

    def bind(self, trials_sha256: str) -> None:
        """Store which trials the answers belong to, or check it if it is stored already.

        Raises
        ------
        UsageError
            If the database contains answers to other trials.
        OutputError
            If the database fails.
        """
        with self._writing() as connection:
            self._insert_once(connection, test, id=1, trials_sha256=trials_sha256)
            found = connection.execute(select(test.c.trials_sha256)).scalar_one()
        if found != trials_sha256:
            raise UsageError(
                "the database contains answers to another test: give another --database"
            )

    def enroll(
        self, participant_id: str, assignments: Sequence[TrialAssignment], now: datetime
    ) -> bool:
        """Store a new participant.

        Returns
        -------
        bool
            Whether the participant is new; if not, nothing is changed.

        Raises
        ------
        OutputError
            If the database fails.
        """
        row = {
            "id": participant_id,
            "created_at": _to_minute(now),
            "assignments": [assignment.to_json() for assignment in assignments],
        }
        with self._writing() as connection:
            return self._insert_once(connection, participants, **row)

    def is_full(self) -> bool:
        """Whether there are so many participants that nobody may be added.

        Raises
        ------
        OutputError
            If the database fails.
        """
        with self._reading() as connection:
            count = connection.execute(select(func.count()).select_from(participants)).scalar_one()
        return bool(count >= MAX_PARTICIPANTS)

    def describe_participant(self, participant_id: str, age: str, experience: str) -> bool:
        """Store age and experience of a participant.

        Returns
        -------
        bool
            Whether they were stored; not if the participant is unknown or has them already.

        Raises
        ------
        OutputError
            If the database fails.
        """
        where = (participants.c.id == participant_id) & participants.c.age.is_(None)
        statement = update(participants).where(where).values(age=age, experience=experience)
        with self._writing() as connection:
            return connection.execute(statement).rowcount == 1

    def participant(self, participant_id: str) -> Participant | None:
        """Load a participant; None if unknown.

        Raises
        ------
        OutputError
            If the database fails.
        """
        correct_column = (answers.c.bach_side == answers.c.chosen).label("correct")
        query = select(correct_column).where(answers.c.participant == participant_id)
        where = participants.c.id == participant_id
        with self._reading() as connection:
            row = connection.execute(select(participants).where(where)).one_or_none()
            if row is None:
                return None
            rows = connection.execute(query.order_by(answers.c.position))
            correct = tuple(bool(answer.correct) for answer in rows)
        assignments = tuple(TrialAssignment(**assignment) for assignment in row.assignments)
        return Participant(participant_id, row.age, row.experience, assignments, correct)

    def record_shown(self, participant_id: str, trial: str, now: datetime) -> TrialProgress:
        """Store that a trial is shown, and return what was played of it before.

        Raises
        ------
        OutputError
            If the database fails, or the participant is unknown.
        """
        with self._reading() as connection:
            found = load_progress(connection, participant_id, trial)
        if found:
            return found
        new = TrialProgress(now, None, Playback())
        with self._writing() as connection:
            row = progress_row(participant_id, trial, new)
            self._insert_once(connection, trial_progress, **row)
            return load_progress(connection, participant_id, trial) or new

    def record_playback(
        self, participant_id: str, trial: str, playback: Playback, now: datetime
    ) -> TrialProgress | None:
        """Add to what was played of a trial.

        Returns
        -------
        TrialProgress or None
            With all that was played so far; None if the trial was never shown.

        Raises
        ------
        OutputError
            If the database fails.
        """
        with self._writing() as connection:
            before = load_progress(connection, participant_id, trial, lock=True)
            if before is None:
                return None
            played_at = before.played_at or (now if playback.started else None)
            merged = before.playback.merged(playback)
            after = replace(before, played_at=played_at, playback=merged)
            if after != before:
                table = trial_progress
                where = (table.c.participant == participant_id) & (table.c.trial == trial)
                row = progress_row(participant_id, trial, after)
                connection.execute(update(table).where(where).values(row))
            return after

    def record_answer(self, stored: StoredAnswer) -> bool:
        """Store an answer.

        Returns
        -------
        bool
            Whether it was stored; not if the participant has answered the trial before.

        Raises
        ------
        OutputError
            If the database fails, or the participant is unknown.
        """
        participant_id = stored.answer.participant
        with self._writing() as connection:
            if not self._insert_once(connection, answers, **answer_row(stored)):
                return False
            where = participants.c.id == participant_id
            assignments = select(participants.c.assignments).where(where)
            count = select(func.count()).where(answers.c.participant == participant_id)
            expected = len(connection.execute(assignments).scalar_one())
            if connection.execute(count).scalar_one() >= expected:
                finished_at = _to_minute(stored.answer.answered_at)
                statement = update(participants).where(where).values(finished_at=finished_at)
                connection.execute(statement)
        return True

    def counts(self) -> ParticipationCounts:
        """Count participants and answers.

        Raises
        ------
        OutputError
            If the database fails.
        """
        stages = select(
            func.count(), func.count(participants.c.age), func.count(participants.c.finished_at)
        ).select_from(participants)
        active = select(func.count(answers.c.participant.distinct()))
        correct = func.sum(cast(answers.c.bach_side == answers.c.chosen, Integer))
        grouped = select(answers.c.condition, func.count(), correct).group_by(answers.c.condition)
        with self._reading() as connection:
            agreed, described, finished = connection.execute(stages).one()
            answered = connection.execute(active).scalar_one()
            found = {c: ConditionCounts(*counts) for c, *counts in connection.execute(grouped)}
        by_condition = {c: found.get(c, ConditionCounts()) for c in CONDITIONS}
        return ParticipationCounts(agreed, described, answered, finished, by_condition)

    def answers(self) -> Answers:
        """Load all answers in the order of time.

        Raises
        ------
        OutputError
            If the database fails.
        """
        with self._reading() as connection:
            joined = select(answers, participants.c.age, participants.c.experience).join_from(
                answers, participants
            )
            ordered = joined.order_by(
                answers.c.answered_at, answers.c.participant, answers.c.position
            )
            return Answers.from_rows(answer_from_row(row) for row in connection.execute(ordered))

    def _insert_once(self, connection: Connection, table: Table, **values: object) -> bool:
        """Insert a row unless its key exists, and return whether it was inserted."""
        insert = sqlite.insert if is_sqlite(self._engine) else postgresql.insert
        statement = insert(table).values(**values).on_conflict_do_nothing()
        # Drivers disagree on the row count of an INSERT; a row that is returned was inserted.
        return connection.execute(statement.returning(literal(1))).first() is not None

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with database_errors(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with (
            database_errors(),
            self._write_lock,
            self._engine.connect().execution_options(writing=True) as connection,
            connection.begin(),
        ):
            yield connection


def read_answers(url: str) -> Answers:
    """Read all answers in a database without changing it.

    Parameters
    ----------
    url : str
        As for `bachbot.listening.store.database.connect`.

    Raises
    ------
    UsageError
        If the database cannot be opened, or has no answers of this version.
    OutputError
        If the database fails.
    """
    engine = connect(url)
    try:
        check_schema(engine)
        return AnswerStore(engine).answers()
    finally:
        engine.dispose()


def _to_minute(time: datetime) -> datetime:
    return time.replace(second=0, microsecond=0)
