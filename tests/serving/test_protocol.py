"""Clients that delay, lie and go away, over real connections."""

import contextlib
import logging
import socket
import threading

import pytest
from website_made import (
    LARGE,
    WAIT,
    ask,
    connect,
    guarded,
    read_all,
    read_until,
    running,
    status_of,
    wait_until,
)

from bachbot.serving.addresses import TrustedProxies
from bachbot.serving.connections import ConnectionLimits
from bachbot.serving.guard import GuardSettings
from bachbot.serving.headers import HEADERS
from bachbot.serving.protocol import Phase

QUICK = ConnectionLimits(
    head_seconds=0.3, body_seconds=0.3, idle_seconds=1, stall_seconds=0.3, response_seconds=WAIT
)
PAGE = b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"
LAST_PAGE = b"GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n"
LARGE_PAGE = b"GET /large HTTP/1.1\r\nHost: a.example\r\n\r\n"


@pytest.fixture
def no_errors(caplog):
    """Nothing that a client does is an error of the server."""
    with caplog.at_level(logging.ERROR):
        yield
    assert [record.getMessage() for record in caplog.records] == []


pytestmark = pytest.mark.usefixtures("no_errors")


@pytest.fixture(scope="module")
def quick():
    """A site that waits for a moment only."""
    with running(limits=QUICK) as address:
        yield address


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"", 0),
        (b"G", 408),
        (b"GET / HTTP/1.1\r\nHost: a.example\r\nX: ", 408),
        (b"POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 10\r\n\r\nabc", 408),
        (b"POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", 408),
    ],
)
def test_a_request_that_stops(quick, sent, status):
    with connect(quick) as connection:
        connection.sendall(sent)
        answer = read_all(connection)
    assert status_of(answer) == status
    if status:
        for name, value in HEADERS.items():
            assert f"{name}: {value}\r\n".encode() in answer


def test_a_request_that_never_stops(quick):
    """A byte now and then does not prolong the time."""
    with connect(quick) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: a.example\r\nX: ")
        connection.settimeout(0.02)
        sent = 0
        while True:
            try:
                answer = connection.recv(1000)
                break
            except TimeoutError:
                sent += 1
                with contextlib.suppress(OSError):
                    connection.send(b"x")
            except ConnectionError:
                answer = b""
                break
            assert sent < WAIT / 0.02
    assert status_of(answer) in (0, 408)


def test_the_second_request_of_a_connection_has_a_deadline_too(quick):
    with connect(quick) as connection:
        connection.sendall(PAGE)
        read_until(connection, b"127.0.0.1 ")
        connection.sendall(b"GET / HT")
        assert status_of(read_all(connection)) == 408


def test_an_idle_connection_is_closed(quick):
    with connect(quick) as connection:
        connection.sendall(PAGE)
        assert status_of(read_all(connection)) == 200


def test_a_client_that_does_not_read(quick):
    with connect(quick) as connection:
        connection.sendall(LARGE_PAGE)
        read_until(connection, b"HTTP/1.1")
        wait_until(lambda: not quick.server.server_state.connections)
        assert len(read_all(connection)) < LARGE
    assert status_of(ask(quick, LAST_PAGE)) == 200


@pytest.mark.slow
def test_a_large_page_arrives_whole():
    with running() as address:
        assert len(ask(address, LARGE_PAGE)) > LARGE


@pytest.mark.parametrize("waiting", [b"", b"GET / HTTP/1.1\r\nX: ", PAGE])
def test_waiting_connections_do_not_keep_others_out(waiting):
    limits = ConnectionLimits(total=20, per_address=10, head_seconds=600, idle_seconds=600)
    with running(limits=limits) as address, contextlib.ExitStack() as stack:
        for _ in range(60):
            connection = stack.enter_context(connect(address))
            connection.sendall(waiting)
            if waiting is PAGE:
                read_until(connection, b"127.0.0.1 ")
        assert status_of(ask(address, LAST_PAGE)) == 200


def test_busy_connections_of_one_address_leave_room_for_others():
    limits = ConnectionLimits(total=12, per_address=4)
    with running(limits=limits) as address, contextlib.ExitStack() as stack:
        for _ in range(4):
            connection = stack.enter_context(connect(address, ("127.0.0.2", 0)))
            connection.sendall(LARGE_PAGE)
            read_until(connection, b"HTTP/1.1")
        refused = stack.enter_context(connect(address, ("127.0.0.2", 0)))
        answer = read_all(refused)
        assert status_of(answer) == 503
        assert b"Retry-After: 5\r\n" in answer
        assert status_of(ask(address, LAST_PAGE)) == 200


def test_a_trusted_proxy_has_any_number_of_connections():
    proxies = TrustedProxies(["127.0.0.2"])
    limits = ConnectionLimits(total=12, per_address=2)
    app = guarded(GuardSettings(proxies=proxies))
    with running(app, limits, proxies) as address, contextlib.ExitStack() as stack:
        for number in range(5):
            connection = stack.enter_context(connect(address, ("127.0.0.2", 0)))
            who = f"198.51.100.{number}".encode()
            connection.sendall(
                PAGE.replace(b"\r\n\r\n", b"\r\nX-Forwarded-For: " + who + b"\r\n\r\n")
            )
            read_until(connection, who)


GARBAGE = [
    b"\x00" * 100,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # the beginning of TLS
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n",
    b"GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 2\r\n\r\nab",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 4000 + b"\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n",
]


@pytest.mark.parametrize("sent", GARBAGE, ids=range(len(GARBAGE)))
def test_what_is_not_http(quick, sent):
    assert status_of(ask(quick, sent)) in (0, 400, 404, 405, 431, 501)
    assert status_of(ask(quick, LAST_PAGE)) == 200


@pytest.mark.slow
@pytest.mark.parametrize("garbage", [b"\x00\x00\r\n\r\n", b"zz\r\n", PAGE[:20]])
def test_garbage_after_a_request(quick, garbage):
    """Also in the body of a request that is refused before its body has come."""
    chunked = b"%b / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    for method in (b"GET", b"PUT", b"POST"):
        assert status_of(ask(quick, chunked % method + garbage)) in (0, 400, 405, 408)
    assert ask(quick, PAGE * 3 + garbage).count(b"HTTP/1.1 200 OK") == 3
    # While the page is being sent.
    assert status_of(ask(quick, LARGE_PAGE + garbage)) in (0, 200)


def test_bodies_that_have_another_length_than_they_say(quick):
    form = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b"
    # What is over is taken for the next request, which is none.
    assert ask(quick, form % (3, b"abc and more")).endswith(b"127.0.0.1 abc")
    assert status_of(ask(quick, form % (9, b"abc"))) in (0, 408)
    assert status_of(ask(quick, form % (10**9, b"abc"))) == 413


def test_an_upgrade_is_passed_over(quick):
    upgrade = b"Connection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n"
    assert status_of(ask(quick, PAGE[:-2] + upgrade)) in (200, 400)
    with connect(quick) as connection:
        connection.sendall(b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n")
        assert status_of(read_all(connection)) in (400, 404, 405)


def test_a_client_that_reads_slowly_gets_the_whole_page():
    """Though it takes longer than a connection is kept between two requests."""
    # No deadline passes by itself: on a busy machine it would, before the client has read.
    limits = ConnectionLimits(idle_seconds=0, stall_seconds=100)
    with running(limits=limits) as address, connect(address) as connection:
        connection.sendall(LARGE_PAGE)
        got = [read_until(connection, b"xx")]
        [served] = address.server.server_state.connections
        wait_until(lambda: served._phase is Phase.SENDING)

        def has_read_a_part():
            got.append(connection.recv(2**16))
            return served.transport.get_write_buffer_size() < served._left - 2**20

        for _ in range(2):
            before = served._left
            wait_until(has_read_a_part)
            pass_deadline(served)
            assert 0 < served._left < before
        got.append(read_all(connection))
    assert sum(map(len, got)) > LARGE


def pass_deadline(served):
    """Have the server do what it does when the deadline of a connection has come."""
    done = threading.Event()

    def expire():
        served._deadline.cancel()
        served._expire()
        done.set()

    served.loop.call_soon_threadsafe(expire)
    assert done.wait(WAIT)


def test_clients_that_go_away(quick):
    """With their request half sent, and while a page is being sent to them."""
    form = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\na"
    for sent in (b"", PAGE[:9], LARGE_PAGE, form):
        for _ in range(5):
            with connect(quick) as connection:
                connection.sendall(sent)
                # A reset in place of an orderly end.
                linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    assert status_of(ask(quick, LAST_PAGE)) == 200


def test_a_body_in_small_pieces_arrives(quick):
    with connect(quick) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n")
        connection.sendall(b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        for byte in b"abcde":
            connection.sendall(bytes([byte]))
        assert read_all(connection).endswith(b"127.0.0.1 abcde")
