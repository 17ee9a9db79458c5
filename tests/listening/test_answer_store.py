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
from bachbot.listening.answers import EVERYTHING, NOTHING, Hearing
from bachbot.listening.store.schema import GivenAnswer, Pairing
from bachbot.listening.store.store import Store, read

PLAN = tuple(Pairing(f"t{number}", f"l{number}", f"r{number}") for number in range(3))
BOTH = Hearing(1, 2, EVERYTHING, NOTHING)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    """Address of an empty database."""
    if request.param == "postgresql":
        return new_postgresql()
    return f"sqlite:///{tmp_path}/answers.db"


@pytest.fixture
def store(database):
    """A store on it."""
    opened = Store.open(database)
    yield opened
    opened.close()


def enter(store, name="p1"):
    store.enrol(name, PLAN, NOON)
    store.describe(name, "26-45", "novice")


def give(position=1, name="p1", **changes):
    """An answer to the trial at a position."""
    pairing = PLAN[position - 1]
    changes = {"order": position, "answered_at": minutes(position)} | changes
    return GivenAnswer(answer(name, pairing.trial, **changes), pairing)


def test_a_participant_comes_back_as_it_was(store):
    assert store.participant("p1") is None
    assert store.enrol("p1", PLAN, NOON)
    found = store.participant("p1")
    assert (found.plan, found.age, found.correct, found.position) == (PLAN, None, (), 1)
    assert store.describe("p1", "26-45", "novice")
    assert store.participant("p1") == replace(found, age="26-45", experience="novice")


def test_who_is_there_already_stays_as_they_were(store):
    enter(store)
    assert not store.enrol("p1", PLAN[:1], minutes(1))
    assert not store.describe("p1", "18-25", "expert")
    assert not store.describe("nobody", "18-25", "expert")
    found = store.participant("p1")
    assert (found.plan, found.age, found.experience) == (PLAN, "26-45", "novice")


def test_answers_come_back_as_they_were(store, database):
    enter(store)
    enter(store, "p2")
    wanted = []
    for name, position, chosen in [("p1", 1, "left"), ("p2", 1, "right"), ("p1", 2, "right")]:
        sent = give(position, name, chosen=chosen, seconds=12.5 + position, heard_left=0.98)
        wanted.append(sent.answer)
        assert store.answer(sent)
    wanted.sort(key=lambda a: (a.answered_at, a.participant))
    assert list(store.answers().rows()) == wanted
    assert list(read(database).rows()) == wanted
    assert store.participant("p1").correct == (True, False)


def test_one_answer_a_trial(store):
    enter(store)
    assert store.answer(give(1, chosen="left"))
    assert not store.answer(give(1, chosen="right"))
    assert store.answers().chosen.tolist() == ["left"]


def test_one_answer_a_trial_even_at_once(store):
    enter(store)
    with ThreadPoolExecutor(8) as pool:
        sides = ["left", "right"] * 8
        kept = list(pool.map(lambda side: store.answer(give(1, chosen=side)), sides))
    assert kept.count(True) == 1
    assert store.answers().chosen.tolist() == [sides[kept.index(True)]]


def test_many_at_once(store):
    names = [f"p{number}" for number in range(12)]

    def take(name):
        enter(store, name)
        for position in (1, 2, 3):
            store.show(name, PLAN[position - 1].trial, NOON)
            store.hear(name, PLAN[position - 1].trial, BOTH, NOON)
            assert store.answer(give(position, name))

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(take, names))
    assert len(store.answers()) == 36
    assert store.counts().finished == 12


def test_the_last_answer_finishes(store):
    enter(store)
    for position in (1, 2, 3):
        assert store.counts().finished == 0
        assert not store.participant("p1").finished
        store.answer(give(position))
    assert store.counts().finished == 1
    assert store.participant("p1").finished


def test_an_answer_of_nobody_is_not_kept(store):
    with pytest.raises(OutputError, match="the database did not take it"):
        store.answer(give(1, "nobody"))
    assert len(store.answers()) == 0


def test_what_was_heard_only_grows(store):
    enter(store)
    assert store.hear("p1", "t0", BOTH, NOON) is None
    assert store.show("p1", "t0", NOON).hearing == Hearing()
    assert store.show("p1", "t0", minutes(5)).shown_at == NOON
    quiet = store.hear("p1", "t0", Hearing(), minutes(1))
    assert quiet.played_at is None
    first = store.hear("p1", "t0", Hearing(1, 0, "1" * 10 + "0" * 40, NOTHING), minutes(2))
    assert (first.played_at, first.hearing.left, first.hearing.right) == (minutes(2), 0.2, 0)
    then = store.hear("p1", "t0", Hearing(0, 3, "0" * 45 + "1" * 5, EVERYTHING), minutes(3))
    assert then.played_at == minutes(2)
    assert then.hearing.plays_left == 1
    assert then.hearing.plays_right == 3
    assert then.hearing.left == pytest.approx(0.3)
    assert store.show("p1", "t0", minutes(9)) == then


def test_counts_are_those_of_the_answers(store):
    enter(store)
    enter(store, "p2")
    store.enrol("p3", PLAN, NOON)
    store.answer(give(1, kind="S", chosen="left"))
    store.answer(give(1, "p2", kind="S", chosen="right"))
    store.answer(give(2, kind="ATB", chosen="left"))
    counts = store.counts()
    assert (counts.agreed, counts.told, counts.answered, counts.answers) == (3, 2, 2, 3)
    assert (counts.by_kind["S"].answers, counts.by_kind["S"].correct) == (2, 1)
    assert (counts.by_kind["ATB"].answers, counts.by_kind["ATB"].correct) == (1, 1)
    assert counts.by_kind["composition"].answers == 0


def test_a_database_is_of_one_test(store):
    store.bind("a" * 64)
    store.bind("a" * 64)
    with pytest.raises(UsageError, match="answers to other trials"):
        store.bind("b" * 64)


def test_moments_are_kept_to_the_minute_but_for_answers(store):
    from sqlalchemy import select

    from bachbot.listening.store.schema import participants

    moment = NOON.replace(second=42, microsecond=7)
    store.enrol("p1", PLAN[:1], moment)
    store.describe("p1", "26-45", "novice")
    store.answer(give(1, answered_at=moment))
    with store._reading() as of:
        row = of.execute(select(participants)).one()
    assert (row.created_at, row.finished_at) == (NOON, NOON)
    assert store.answers().answered_at[0].item() == moment.replace(tzinfo=None)


def test_opened_again_it_holds_what_it_held(store, database):
    enter(store)
    store.answer(give(1))
    store.close()
    again = Store.open(database)
    assert again.participant("p1").position == 2
    again.close()


def test_what_is_written_survives_a_process_that_dies(database):
    """A process that is killed right after the store has returned."""
    code = (
        "import json, os, signal, sys\n"
        "sys.path[:0] = json.loads(sys.argv[2])\n"
        "from test_answer_store import enter, give\n"
        "from bachbot.listening.store.store import Store\n"
        "store = Store.open(sys.argv[1])\n"
        "enter(store)\n"
        "assert store.answer(give(1))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    command = [sys.executable, "-c", code, database, json.dumps([p for p in sys.path if p])]
    paths = {"PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run(command, env=os.environ | paths, capture_output=True, text=True)
    assert done.returncode == -9, done.stderr
    assert read(database).chosen.tolist() == ["left"]


heard = st.text("01", min_size=50, max_size=50)
hearings = st.builds(Hearing, st.integers(0, 9), st.integers(0, 9), heard, heard)


@given(hearings, hearings, hearings)
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=50)
def test_merging_is_the_same_in_any_order_and_again(one, two, three):
    assert one.merged(two) == two.merged(one)
    assert one.merged(two).merged(three) == one.merged(two.merged(three))
    assert one.merged(one) == one
    assert one.merged(two).left >= max(one.left, two.left)


@pytest.mark.parametrize(
    "values", [(-1, 0), (0, 10_001), (0, 0, "1"), (0, 0, EVERYTHING, "x" * 50), (0, 0, "1" * 51)]
)
def test_what_cannot_be_heard(values):
    with pytest.raises(UsageError):
        Hearing(*values)
