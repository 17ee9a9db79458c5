"""Made-up answers of a listening test: one by one, and any at all for hypothesis."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from bachbot.listening.answers import AGES, CONDITIONS, EXPERIENCES, SIDES, Answer, Answers

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def answer(participant="p1", trial="t1", **changes):
    """An answer that is correct and counts by the usual rules, but for what is changed."""
    values = {
        "condition": "AT",
        "bach_side": "left",
        "chosen": "left",
        "position": 1,
        "response_time": 30.0,
        "plays_left": 1,
        "plays_right": 1,
        "heard_left": 1.0,
        "heard_right": 1.0,
        "age": "26-45",
        "experience": "novice",
        "answered_at": NOON,
    }
    return Answer(participant, trial, **values | changes)


def minutes(number):
    """So many after noon."""
    return NOON + timedelta(minutes=number)


names = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=8)
formulas = st.sampled_from(["=1+1", "+1", "-1", "@SUM(A1)", "'", "''", "'=1", 'a"b', "a,b", "a b"])


@st.composite
def any_answers(draw, max_size=12, participants=None):
    """Any answers: a trial keeps its type, and a participant age and experience."""
    people = draw(st.lists(participants or names | formulas, min_size=1, max_size=5, unique=True))
    trials = draw(st.lists(names | formulas, min_size=1, max_size=5, unique=True))
    who = {p: (draw(st.sampled_from(AGES)), draw(st.sampled_from(EXPERIENCES))) for p in people}
    what = {t: draw(st.sampled_from(CONDITIONS)) for t in trials}
    rows = []
    for _ in range(draw(st.integers(0, max_size))):
        participant, trial = draw(st.sampled_from(people)), draw(st.sampled_from(trials))
        rows.append(
            Answer(
                participant,
                trial,
                what[trial],
                draw(st.sampled_from(SIDES)),
                draw(st.sampled_from(SIDES)),
                draw(st.integers(1, 10_000)),
                draw(st.floats(0, 86_400)),
                draw(st.integers(0, 10_000)),
                draw(st.integers(0, 10_000)),
                draw(st.floats(0, 1)),
                draw(st.floats(0, 1)),
                *who[participant],
                draw(
                    st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
                ),
            )
        )
    return Answers.from_rows(rows)
