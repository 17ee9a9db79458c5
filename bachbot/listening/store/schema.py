"""The tables of the store, their rows, and what these stand for."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from random import Random

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    TypeDecorator,
    select,
)

from bachbot.errors import UsageError
from bachbot.listening.answers import LONGEST_ID, PARTS, Answer, Hearing
from bachbot.listening.trials import Trial

FEWEST, MOST = 5, 10
"""Trials of a participant."""


@dataclass(frozen=True)
class Pairing:
    """A trial as one participant meets it.

    Parameters
    ----------
    trial, left, right : str
        Names of the trial and of the clip on each side.
    """

    trial: str
    left: str
    right: str

    def to_json(self) -> dict[str, str]:
        """Plain data, which ``Pairing(**data)`` reads."""
        return asdict(self)

    def side_of(self, clip: str) -> str:
        """On which side a clip is: ``"left"`` or ``"right"``.

        Raises
        ------
        UsageError
            If it is on neither.
        """
        if clip not in (self.left, self.right):
            raise UsageError(f"clip {clip} is not in trial {self.trial}: give the key of this test")
        return "left" if clip == self.left else "right"


def draw_pairings(trials: Sequence[Trial], each: int, random: Random) -> tuple[Pairing, ...]:
    """Draw a participant's trials.

    The types come as evenly as there are trials of them, in random order; each pair's sides are
    thrown by themselves.

    Parameters
    ----------
    trials : sequence of Trial
        All trials of the test.
    each : int
        Trials of a participant; all where there are fewer.
    random : Random
        Source of chance; ``random.SystemRandom()`` where nobody is to foresee it.

    Raises
    ------
    UsageError
        If there is no trial, or `each` is below 1.
    """
    if not trials or each < 1:
        raise UsageError(f"{each} of {len(trials)} trials cannot be drawn: give at least 1")
    chosen = _spread(trials, each, random)
    random.shuffle(chosen)
    return tuple(_seated(trial, random) for trial in chosen)


def _spread(trials: Sequence[Trial], each: int, random: Random) -> list[Trial]:
    """One of every type in turn, types and trials shuffled, until there are enough."""
    by_kind = defaultdict(list)
    for trial in random.sample(trials, len(trials)):
        by_kind[trial.kind].append(trial)
    kinds = random.sample(sorted(by_kind), len(by_kind))
    chosen: list[Trial] = []
    while len(chosen) < min(each, len(trials)):
        chosen += [by_kind[kind].pop() for kind in kinds if by_kind[kind]]
    return chosen[:each]


def _seated(trial: Trial, random: Random) -> Pairing:
    left, right = random.sample([clip.id for clip in trial.clips], 2)
    return Pairing(trial.id, left, right)


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
class ShownTrial:
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
class GivenAnswer:
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


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    }
)


class Moment(TypeDecorator[datetime]):
    """A moment in UTC, kept without its zone: SQLite has no column that keeps one."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Into the database."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Out of the database."""
        return None if value is None else value.replace(tzinfo=UTC)


test = Table(
    "test",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="ck_test_one"), primary_key=True),
    Column("trials_sha256", String(64), nullable=False),
)
"""One row: to which trials the answers are."""

participants = Table(
    "participants",
    metadata,
    Column("id", String(LONGEST_ID), primary_key=True),
    Column("created_at", Moment, nullable=False),
    Column("age", String(16)),
    Column("experience", String(16)),
    Column("plan", JSON, nullable=False),
    Column("finished_at", Moment),
)
"""Who agreed to take part; moments to the minute."""

listened = Table(
    "listened",
    metadata,
    Column("participant", ForeignKey(participants.c.id), primary_key=True),
    Column("trial", String(LONGEST_ID), primary_key=True),
    Column("shown_at", Moment, nullable=False),
    Column("played_at", Moment),
    Column("plays_left", Integer, nullable=False),
    Column("plays_right", Integer, nullable=False),
    Column("heard_left", String(PARTS), nullable=False),
    Column("heard_right", String(PARTS), nullable=False),
)
"""What was heard of each trial that was shown, answered or not."""

answers = Table(
    "answers",
    metadata,
    Column("participant", ForeignKey(participants.c.id), primary_key=True),
    Column("trial", String(LONGEST_ID), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("bach_side", String(5), nullable=False),
    Column(
        "chosen",
        String(5),
        CheckConstraint("chosen IN ('left', 'right')", name="ck_answers_side"),
        nullable=False,
    ),
    Column("position", Integer, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("plays_left", Integer, nullable=False),
    Column("plays_right", Integer, nullable=False),
    Column("heard_left", Float, nullable=False),
    Column("heard_right", Float, nullable=False),
    Column("left_clip", String(LONGEST_ID), nullable=False),
    Column("right_clip", String(LONGEST_ID), nullable=False),
    Column("measured", Boolean, nullable=False),
    Column("answered_at", Moment, nullable=False),
)
"""One row an answer; a participant has one to a trial."""


def shown_of(of: Connection, name: str, trial: str, locked: bool = False) -> ShownTrial | None:
    """How far a participant is with a trial; none where it was never shown.

    Parameters
    ----------
    of : Connection
        To the store's database.
    name, trial : str
        Whose, and which.
    locked : bool
        Keep others from writing it until the transaction ends.
    """
    mine = (listened.c.participant == name) & (listened.c.trial == trial)
    wanted = select(listened).where(mine)
    row = of.execute(wanted.with_for_update() if locked else wanted).one_or_none()
    if row is None:
        return None
    hearing = Hearing(row.plays_left, row.plays_right, row.heard_left, row.heard_right)
    return ShownTrial(row.shown_at, row.played_at, hearing)


def listened_row(name: str, trial: str, shown: ShownTrial) -> dict[str, object]:
    """A row of the table of what was heard."""
    return {
        "participant": name,
        "trial": trial,
        "shown_at": shown.shown_at,
        "played_at": shown.played_at,
        "plays_left": shown.hearing.plays_left,
        "plays_right": shown.hearing.plays_right,
        "heard_left": shown.hearing.heard_left,
        "heard_right": shown.hearing.heard_right,
    }


_SAME = (
    "participant",
    "trial",
    "kind",
    "bach_side",
    "chosen",
    "seconds",
    "plays_left",
    "plays_right",
    "heard_left",
    "heard_right",
    "answered_at",
)
"""What a row and an `Answer` call alike; ``order`` is a word of SQL's own."""


def answer_row(given: GivenAnswer) -> dict[str, object]:
    """A row of the table of answers."""
    row = {column: getattr(given.answer, column) for column in _SAME}
    return row | {
        "position": given.answer.order,
        "left_clip": given.pairing.left,
        "right_clip": given.pairing.right,
        "measured": given.measured,
    }


def answer_of(row: Row[tuple[object, ...]]) -> Answer:
    """An answer from its row, joined with its participant's."""
    values = {column: getattr(row, column) for column in _SAME}
    return Answer(order=row.position, age=row.age, experience=row.experience, **values)
