"""Rows of the store's tables, and what they stand for."""

from sqlalchemy import Connection, Row, select

from bachbot.listening.answer import Answer
from bachbot.listening.hearing import Hearing
from bachbot.listening.participant import Given, Shown
from bachbot.listening.schema import listened


def shown_of(of: Connection, name: str, trial: str, locked: bool = False) -> Shown | None:
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
    return Shown(row.shown_at, row.played_at, hearing)


def listened_row(name: str, trial: str, shown: Shown) -> dict[str, object]:
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


def answer_row(given: Given) -> dict[str, object]:
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
