"""Tables of the database, their rows, and the random assignment of trials to participants."""

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
from bachbot.listening.answers import LEFT, MAX_ID_LENGTH, RIGHT, SEGMENTS, Answer, Playback
from bachbot.listening.trials import Trial

MIN_PER_PARTICIPANT, MAX_PER_PARTICIPANT = 5, 10
"""Number of trials of a participant."""


@dataclass(frozen=True)
class TrialAssignment:
    """A trial of one participant: which clip is on which side.

    Parameters
    ----------
    trial, left, right : str
        Names of the trial and of the clips.
    """

    trial: str
    left: str
    right: str

    def to_json(self) -> dict[str, str]:
        """Plain data, from which ``TrialAssignment(**data)`` makes the same again."""
        return asdict(self)

    def side_of(self, clip: str) -> str:
        """The side of a clip: ``"left"`` or ``"right"``.

        Raises
        ------
        UsageError
            If the clip is on neither side.
        """
        if clip not in (self.left, self.right):
            raise UsageError(f"clip {clip} is not in trial {self.trial}: give the key of this test")
        return LEFT if clip == self.left else RIGHT


def assign_trials(
    trials: Sequence[Trial], per_participant: int, random: Random
) -> tuple[TrialAssignment, ...]:
    """Choose the trials of a participant at random.

    Conditions are balanced as far as there are trials of them. The order of the trials and the
    sides of the clips are random.

    Parameters
    ----------
    trials : sequence of Trial
        All trials of the test.
    per_participant : int
        Number of trials to choose; all if there are fewer.
    random : Random
        ``random.SystemRandom()`` if nobody should be able to predict the choice.

    Raises
    ------
    UsageError
        If there is no trial, or `per_participant` is below 1.
    """
    if not trials or per_participant < 1:
        raise UsageError(
            f"{per_participant} of {len(trials)} trials cannot be assigned: give at least 1"
        )
    chosen = _balanced_choice(trials, per_participant, random)
    random.shuffle(chosen)
    return tuple(_random_sides(trial, random) for trial in chosen)


def _balanced_choice(trials: Sequence[Trial], number: int, random: Random) -> list[Trial]:
    """One trial of each condition in turn, in random order, until there are enough."""
    by_condition = defaultdict(list)
    for trial in random.sample(trials, len(trials)):
        by_condition[trial.condition].append(trial)
    conditions = random.sample(sorted(by_condition), len(by_condition))
    chosen: list[Trial] = []
    while len(chosen) < min(number, len(trials)):
        chosen += [by_condition[c].pop() for c in conditions if by_condition[c]]
    return chosen[:number]


def _random_sides(trial: Trial, random: Random) -> TrialAssignment:
    left, right = random.sample([clip.id for clip in trial.clips], 2)
    return TrialAssignment(trial.id, left, right)


@dataclass(frozen=True)
class Participant:
    """A person who agreed to take part.

    Parameters
    ----------
    id : str
        Random; nothing else is stored about who it is.
    age, experience : str, optional
        None before the participant has answered these questions.
    assignments : tuple of TrialAssignment
        The trials, in order.
    correct : tuple of bool
        Whether each answer given so far is correct, in the same order.
    """

    id: str
    age: str | None
    experience: str | None
    assignments: tuple[TrialAssignment, ...]
    correct: tuple[bool, ...] = ()

    @property
    def finished(self) -> bool:
        """Whether all trials are answered."""
        return len(self.correct) >= len(self.assignments)

    @property
    def position(self) -> int:
        """Position of the next trial, from 1; one past the last if all are answered."""
        return len(self.correct) + 1


@dataclass(frozen=True)
class TrialProgress:
    """What a participant has done in a trial before answering it.

    Parameters
    ----------
    shown_at : datetime
        When the trial was first shown.
    played_at : datetime, optional
        When a clip was first started, as far as the page has reported it.
    playback : Playback
        What was played.
    """

    shown_at: datetime
    played_at: datetime | None
    playback: Playback


@dataclass(frozen=True)
class StoredAnswer:
    """An answer and what is stored with it.

    Parameters
    ----------
    answer : Answer
        For the analysis.
    assignment : TrialAssignment
        Which clip was on which side.
    measured : bool
        Whether the page measured what was played; if not, the participant said so.
    """

    answer: Answer
    assignment: TrialAssignment
    measured: bool = True


class UTCDateTime(TypeDecorator[datetime]):
    """A time in UTC, stored without its time zone, which SQLite cannot store."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert a value for the database."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert a value from the database."""
        return None if value is None else value.replace(tzinfo=UTC)


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    }
)

test = Table(
    "test",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="ck_test_one"), primary_key=True),
    Column("trials_sha256", String(64), nullable=False),
)
"""One row: the list of trials that the answers belong to."""

participants = Table(
    "participants",
    metadata,
    Column("id", String(MAX_ID_LENGTH), primary_key=True),
    Column("created_at", UTCDateTime, nullable=False),
    Column("age", String(16)),
    Column("experience", String(16)),
    Column("assignments", JSON, nullable=False),
    Column("finished_at", UTCDateTime),
)
"""One row per participant; times are rounded down to minutes."""

trial_progress = Table(
    "trial_progress",
    metadata,
    Column("participant", ForeignKey(participants.c.id), primary_key=True),
    Column("trial", String(MAX_ID_LENGTH), primary_key=True),
    Column("shown_at", UTCDateTime, nullable=False),
    Column("played_at", UTCDateTime),
    Column("plays_left", Integer, nullable=False),
    Column("plays_right", Integer, nullable=False),
    Column("heard_left", String(SEGMENTS), nullable=False),
    Column("heard_right", String(SEGMENTS), nullable=False),
)
"""One row per participant and trial that was shown, answered or not."""

answers = Table(
    "answers",
    metadata,
    Column("participant", ForeignKey(participants.c.id), primary_key=True),
    Column("trial", String(MAX_ID_LENGTH), primary_key=True),
    Column("condition", String(16), nullable=False),
    Column("bach_side", String(5), nullable=False),
    Column(
        "chosen",
        String(5),
        CheckConstraint("chosen IN ('left', 'right')", name="ck_answers_side"),
        nullable=False,
    ),
    Column("position", Integer, nullable=False),
    Column("response_time", Float, nullable=False),
    Column("plays_left", Integer, nullable=False),
    Column("plays_right", Integer, nullable=False),
    Column("heard_left", Float, nullable=False),
    Column("heard_right", Float, nullable=False),
    Column("left_clip", String(MAX_ID_LENGTH), nullable=False),
    Column("right_clip", String(MAX_ID_LENGTH), nullable=False),
    Column("measured", Boolean, nullable=False),
    Column("answered_at", UTCDateTime, nullable=False),
)
"""One row per answer; a participant has one answer to a trial."""


def load_progress(
    connection: Connection, participant_id: str, trial: str, lock: bool = False
) -> TrialProgress | None:
    """Load the progress of a participant in a trial; None if it was never shown.

    Parameters
    ----------
    connection : Connection
        To the database.
    participant_id, trial : str
        Key of the row.
    lock : bool
        Whether to keep others from writing the row until the transaction ends.
    """
    where = (trial_progress.c.participant == participant_id) & (trial_progress.c.trial == trial)
    query = select(trial_progress).where(where)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        return None
    playback = Playback(row.plays_left, row.plays_right, row.heard_left, row.heard_right)
    return TrialProgress(row.shown_at, row.played_at, playback)


def progress_row(participant_id: str, trial: str, progress: TrialProgress) -> dict[str, object]:
    """The row of a participant's progress in a trial."""
    return {
        "participant": participant_id,
        "trial": trial,
        "shown_at": progress.shown_at,
        "played_at": progress.played_at,
        **asdict(progress.playback),
    }


_ANSWER_COLUMNS = (
    "participant",
    "trial",
    "condition",
    "bach_side",
    "chosen",
    "position",
    "response_time",
    "plays_left",
    "plays_right",
    "heard_left",
    "heard_right",
    "answered_at",
)
"""Columns of the table of answers that are fields of `Answer`."""


def answer_row(stored: StoredAnswer) -> dict[str, object]:
    """The row of an answer."""
    row = {column: getattr(stored.answer, column) for column in _ANSWER_COLUMNS}
    return row | {
        "left_clip": stored.assignment.left,
        "right_clip": stored.assignment.right,
        "measured": stored.measured,
    }


def answer_from_row(row: Row[tuple[object, ...]]) -> Answer:
    """An answer from its row, joined with that of its participant."""
    values = {column: getattr(row, column) for column in _ANSWER_COLUMNS}
    return Answer(age=row.age, experience=row.experience, **values)
