"""The store, on SQLite and on a real PostgreSQL."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from listening_answers import NOON, answer, minutes
from postgres_made import new_postgresql

from bachbot.errors import OutputError, UsageError
from bachbot.listening.answers import ALL_SEGMENTS, NO_SEGMENTS, Playback
from bachbot.listening.store.answer_store import AnswerStore, read_answers
from bachbot.listening.store.schema import StoredAnswer, TrialAssignment

ASSIGNMENTS = tuple(
    TrialAssignment(f"t{number}", f"l{number}", f"r{number}") for number in range(3)
)
BOTH = Playback(1, 2, ALL_SEGMENTS, NO_SEGMENTS)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def database(request, tmp_path):
    """Address of an empty database."""
    if request.param == "postgresql":
        return new_postgresql()
    return f"sqlite:///{tmp_path}/answers.db"


@pytest.fixture
def store(database):
    """A store on it."""
    opened = AnswerStore.open(database)
    yield opened
    opened.close()


def enter(store, name="p1"):
    store.enroll(name, ASSIGNMENTS, NOON)
    store.describe_participant(name, "26-45", "novice")


def give(position=1, name="p1", **changes):
    """An answer to the trial at a position."""
    assignment = ASSIGNMENTS[position - 1]
    changes = {"position": position, "answered_at": minutes(position)} | changes
    return StoredAnswer(answer(name, assignment.trial, **changes), assignment)


def test_a_participant_is_loaded_as_stored(store):
    assert store.participant("p1") is None
    assert store.enroll("p1", ASSIGNMENTS, NOON)
    found = store.participant("p1")
    assert (found.assignments, found.age, found.correct, found.position) == (
        ASSIGNMENTS,
        None,
        (),
        1,
    )
    assert store.describe_participant("p1", "26-45", "novice")
    assert store.participant("p1") == replace(found, age="26-45", experience="novice")


def test_an_existing_participant_is_not_changed(store):
    enter(store)
    assert not store.enroll("p1", ASSIGNMENTS[:1], minutes(1))
    assert not store.describe_participant("p1", "18-25", "expert")
    assert not store.describe_participant("nobody", "18-25", "expert")
    found = store.participant("p1")
    assert (found.assignments, found.age, found.experience) == (ASSIGNMENTS, "26-45", "novice")


def test_answers_are_loaded_as_stored(store, database):
    enter(store)
    enter(store, "p2")
    wanted = []
    for name, position, chosen in [("p1", 1, "left"), ("p2", 1, "right"), ("p1", 2, "right")]:
        sent = give(position, name, chosen=chosen, response_time=12.5 + position, heard_left=0.98)
        wanted.append(sent.answer)
        assert store.record_answer(sent)
    wanted.sort(key=lambda a: (a.answered_at, a.participant))
    assert list(store.answers().rows()) == wanted
    assert list(read_answers(database).rows()) == wanted
    assert store.participant("p1").correct == (True, False)


def test_one_answer_per_trial(store):
    enter(store)
    assert store.record_answer(give(1, chosen="left"))
    assert not store.record_answer(give(1, chosen="right"))
    assert store.answers().chosen.tolist() == ["left"]


def test_one_answer_per_trial_with_concurrent_writers(store):
    enter(store)
    with ThreadPoolExecutor(8) as pool:
        sides = ["left", "right"] * 8
        kept = list(pool.map(lambda side: store.record_answer(give(1, chosen=side)), sides))
    assert kept.count(True) == 1
    assert store.answers().chosen.tolist() == [sides[kept.index(True)]]


@pytest.mark.slow
def test_many_concurrent_participants(store):
    names = [f"p{number}" for number in range(12)]

    def take(name):
        enter(store, name)
        for position in (1, 2, 3):
            store.record_shown(name, ASSIGNMENTS[position - 1].trial, NOON)
            store.record_playback(name, ASSIGNMENTS[position - 1].trial, BOTH, NOON)
            assert store.record_answer(give(position, name))

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(take, names))
    assert len(store.answers()) == 36
    assert store.counts().finished == 12


def test_the_last_answer_finishes_the_session(store):
    enter(store)
    for position in (1, 2, 3):
        assert store.counts().finished == 0
        assert not store.participant("p1").finished
        store.record_answer(give(position))
    assert store.counts().finished == 1
    assert store.participant("p1").finished


def test_an_answer_of_an_unknown_participant_is_rejected(store):
    with pytest.raises(OutputError, match="the database failed"):
        store.record_answer(give(1, "nobody"))
    assert len(store.answers()) == 0


def test_playback_only_grows(store):
    enter(store)
    assert store.record_playback("p1", "t0", BOTH, NOON) is None
    assert store.record_shown("p1", "t0", NOON).playback == Playback()
    assert store.record_shown("p1", "t0", minutes(5)).shown_at == NOON
    quiet = store.record_playback("p1", "t0", Playback(), minutes(1))
    assert quiet.played_at is None
    first = store.record_playback(
        "p1", "t0", Playback(1, 0, "1" * 10 + "0" * 40, NO_SEGMENTS), minutes(2)
    )
    assert (first.played_at, first.playback.left, first.playback.right) == (minutes(2), 0.2, 0)
    then = store.record_playback(
        "p1", "t0", Playback(0, 3, "0" * 45 + "1" * 5, ALL_SEGMENTS), minutes(3)
    )
    assert then.played_at == minutes(2)
    assert then.playback.plays_left == 1
    assert then.playback.plays_right == 3
    assert then.playback.left == pytest.approx(0.3)
    assert store.record_shown("p1", "t0", minutes(9)) == then


def test_counts_are_those_of_the_answers(store):
    enter(store)
    enter(store, "p2")
    store.enroll("p3", ASSIGNMENTS, NOON)
    store.record_answer(give(1, condition="S", chosen="left"))
    store.record_answer(give(1, "p2", condition="S", chosen="right"))
    store.record_answer(give(2, condition="ATB", chosen="left"))
    counts = store.counts()
    assert (counts.agreed, counts.described, counts.answered, counts.answers) == (3, 2, 2, 3)
    assert (counts.by_condition["S"].answers, counts.by_condition["S"].correct) == (2, 1)
    assert (counts.by_condition["ATB"].answers, counts.by_condition["ATB"].correct) == (1, 1)
    assert counts.by_condition["composition"].answers == 0


def test_a_database_belongs_to_one_test(store):
    store.bind("a" * 64)
    store.bind("a" * 64)
    with pytest.raises(UsageError, match="answers to another test"):
        store.bind("b" * 64)


def test_times_of_participants_are_rounded_to_minutes(store):
    from sqlalchemy import select

    from bachbot.listening.store.schema import participants

    moment = NOON.replace(second=42, microsecond=7)
    store.enroll("p1", ASSIGNMENTS[:1], moment)
    store.describe_participant("p1", "26-45", "novice")
    store.record_answer(give(1, answered_at=moment))
    with store._reading() as of:
        row = of.execute(select(participants)).one()
    assert (row.created_at, row.finished_at) == (NOON, NOON)
    assert store.answers().answered_at[0].item() == moment.replace(tzinfo=None)


def test_a_store_can_be_opened_again(store, database):
    enter(store)
    store.record_answer(give(1))
    store.close()
    again = AnswerStore.open(database)
    assert again.participant("p1").position == 2
    again.close()


@pytest.mark.slow
def test_answers_survive_a_killed_process(database):
    """A process that is killed right after the store has returned."""
    code = (
        "import json, os, signal, sys\n"
        "sys.path[:0] = json.loads(sys.argv[2])\n"
        "from test_answer_store import enter, give\n"
        "from bachbot.listening.store.answer_store import AnswerStore\n"
        "store = AnswerStore.open(sys.argv[1])\n"
        "enter(store)\n"
        "assert store.record_answer(give(1))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    command = [sys.executable, "-c", code, database, json.dumps([p for p in sys.path if p])]
    paths = {"PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run(command, env=os.environ | paths, capture_output=True, text=True)
    assert done.returncode == -9, done.stderr
    assert read_answers(database).chosen.tolist() == ["left"]


heard = st.text("01", min_size=50, max_size=50)
playbacks = st.builds(Playback, st.integers(0, 9), st.integers(0, 9), heard, heard)


@given(playbacks, playbacks, playbacks)
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=50)
def test_merging_is_associative_commutative_and_idempotent(one, two, three):
    assert one.merged(two) == two.merged(one)
    assert one.merged(two).merged(three) == one.merged(two.merged(three))
    assert one.merged(one) == one
    assert one.merged(two).left >= max(one.left, two.left)


@pytest.mark.parametrize(
    "values", [(-1, 0), (0, 10_001), (0, 0, "1"), (0, 0, ALL_SEGMENTS, "x" * 50), (0, 0, "1" * 51)]
)
def test_invalid_playback(values):
    with pytest.raises(UsageError):
        Playback(*values)
