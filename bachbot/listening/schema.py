"""The tables that hold a listening test's answers. No address and no name is among the columns."""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    TypeDecorator,
)

from bachbot.listening.answer import LONGEST_ID
from bachbot.listening.hearing import PARTS

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
