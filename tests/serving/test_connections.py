"""How many connections there may be, and which of them makes room for another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bachbot.errors import UsageError
from bachbot.serving.connections import (
    ConnectionLimits,
    ConnectionTable,
    files_for,
    raise_file_limit,
)


class Made:
    """A connection that remembers whether it was closed."""

    closed = False

    def abort(self):
        self.closed = True


def admitted(table, number, group="a", waiting=True):
    """Add connections of one address, as many as there is room for."""
    made = [Made() for _ in range(number)]
    kept = [one for one in made if table.admit(one, group)]
    for one in kept:
        table.set_waiting(one, waiting)
    return kept


def test_the_longest_waiting_connection_of_an_address_makes_room():
    table = ConnectionTable(ConnectionLimits(total=10, per_address=2))
    first, second = admitted(table, 2)
    table.set_waiting(first, False)
    table.set_waiting(first, True)
    assert table.admit(third := Made(), "a")
    assert [one.closed for one in (first, second, third)] == [False, True, False]
    assert len(table) == 2


def test_busy_connections_make_no_room():
    table = ConnectionTable(ConnectionLimits(total=10, per_address=2))
    busy = admitted(table, 2, waiting=False)
    assert not table.admit(Made(), "a")
    assert not any(one.closed for one in busy)
    assert table.admit(Made(), "b")
    table.remove(busy[0])
    assert table.admit(Made(), "a")


def test_the_longest_waiting_of_all_makes_room():
    table = ConnectionTable(ConnectionLimits(total=4, per_address=2))
    [one, _], [other, _] = admitted(table, 2, "a"), admitted(table, 2, "b")
    assert table.admit(Made(), "c")
    assert table.admit(Made(), "d")
    assert (one.closed, other.closed, len(table)) == (True, False, 4)


def test_connections_without_an_address_are_limited_in_all_only():
    table = ConnectionTable(ConnectionLimits(total=5, per_address=1))
    assert len(admitted(table, 9, None, waiting=False)) == 5


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from(["new", "wait", "work", "end"])),
        max_size=60,
    )
)
def test_the_table_never_exceeds_its_limits_and_keeps_nothing(events):
    table = ConnectionTable(ConnectionLimits(total=5, per_address=3))
    every = []
    for group, event in events:
        mine = [one for one in every if one.group == group and not one.closed]
        if event == "new":
            made = Made()
            made.group = group
            if table.admit(made, group):
                every.append(made)
        elif mine and event == "end":
            mine[0].closed = True
            table.remove(mine[0])
        elif mine:
            table.set_waiting(mine[-1], event == "wait")
        alive = [one for one in every if not one.closed]
        assert len(alive) == len(table) <= 5
        assert all(sum(one.group == g for one in alive) <= 3 for g in "abc")
    for one in every:
        table.remove(one)
    assert len(table) == 0
    # Nothing is left of clients that are gone.
    assert not table._counts
    assert not table._waiting
    assert not table._waiting_by_group


@given(st.integers(min_value=150, max_value=10**6))
def test_limits_leave_enough_files(files):
    limits = ConnectionLimits().within(files)
    assert files_for(limits) <= files
    assert 1 <= limits.per_address <= limits.total <= ConnectionLimits().total
    # An address alone cannot take all of them.
    assert limits.per_address <= limits.total // 2


def test_enough_files_change_nothing_and_too_few_are_said():
    limits = ConnectionLimits()
    assert limits.within(files_for(limits)) == limits
    with pytest.raises(UsageError, match="only 64 files may be open"):
        limits.within(64)


def test_the_file_limit_is_never_lowered():
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        assert raise_file_limit(1) >= 1
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == before
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
