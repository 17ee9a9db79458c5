"""Logs of which clients can choose the content."""

import asyncio
import errno
import logging

from bachbot.serving.logs import LogLimit, handle_loop_error


class Seconds:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self):
        return self.now


def record(message, *values, name="a"):
    return logging.LogRecord(name, logging.ERROR, "file", 1, message, values, None)


def test_one_kind_is_limited_and_others_pass():
    clock = Seconds()
    limit = LogLimit(3, clock)
    assert [limit.filter(record("of %s", n)) for n in range(5)] == [True] * 3 + [False] * 2
    assert limit.filter(record("another"))
    assert limit.filter(record("of %s", 1, name="b"))
    clock.now = 60
    assert limit.filter(record("of %s", 1))


def test_the_last_record_says_that_more_are_dropped():
    limit = LogLimit(2, Seconds())
    records = [record("of %s", n) for n in range(2)]
    assert all(map(limit.filter, records))
    assert [r.getMessage() for r in records] == ["of 0", "of 1 (no more of these for a minute)"]


def test_a_message_is_one_line():
    made = record("failed (%s)", "x\nERROR: forged\r\x1b[2J\u2028\x85")
    assert LogLimit().filter(made)
    assert made.getMessage() == r"failed (x\x0aERROR: forged\x0d\x1b[2J\u2028\x85)"
    assert len(made.getMessage().splitlines()) == 1


def test_memory_is_limited():
    limit = LogLimit(3, Seconds())
    for number in range(10_000):
        limit.filter(record(f"message {number}"))
    assert len(limit) <= 200


def test_errors_of_connections_are_not_logged_and_others_are(caplog):
    loop = asyncio.new_event_loop()
    try:
        for error in (ConnectionResetError(), BrokenPipeError(), TimeoutError()):
            handle_loop_error(loop, {"message": "gone", "exception": error})
        assert not caplog.records
        handle_loop_error(loop, {"message": "full", "exception": OSError(errno.EMFILE, "full")})
        [full] = caplog.records
        assert "ulimit -n" in full.getMessage()
        assert full.exc_info is None
        handle_loop_error(loop, {"message": "a fault", "exception": ValueError("of ours")})
        assert caplog.records[-1].exc_info
    finally:
        loop.close()
