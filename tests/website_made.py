"""A website on a real port, served by a thread of this process, and what is sent to it as it is."""

import socket
import threading
import time
from contextlib import contextmanager, suppress

from starlette.responses import PlainTextResponse

from bachbot.serving.addresses import TrustedProxies
from bachbot.serving.bodies import BodyReader
from bachbot.serving.connections import ConnectionLimits
from bachbot.serving.guard import GuardSettings, RequestGuard
from bachbot.serving.server import listen, make_server

WAIT = 30
"""Seconds after which a test fails that polls or reads."""


LARGE = 2**24
"""Bytes of a page that no buffer of the system holds."""


class Address(tuple):
    """Where a website is served, and by which server."""

    server = None


async def pages(scope, receive, send):
    """A page that says who sent a request and what; ``/large`` has 16 MB."""
    body = (await receive()).get("body", b"") if scope["method"] == "POST" else b""
    text = f"{scope['client'][0]} {body.decode('latin-1')}"
    response = PlainTextResponse("x" * LARGE if scope["path"] == "/large" else text)
    await response(scope, receive, send)


def guarded(settings=None, app=pages):
    """The page, behind the checks of every website."""
    return RequestGuard(BodyReader(app, _refuse), _refuse, settings or GuardSettings())


def _refuse(status, message):
    return PlainTextResponse(message, status)


@contextmanager
def running(app=None, limits=None, proxies=None):
    """Serve an application.

    Yields
    ------
    Address
        Host and port.
    """
    server = make_server(
        app or guarded(), limits or ConnectionLimits(), proxies or TrustedProxies()
    )
    listener = listen("127.0.0.1", 0)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    address = Address(listener.getsockname())
    address.server = server
    thread.start()
    try:
        wait_until(lambda: server.started)
        yield address
    finally:
        server.should_exit = True
        thread.join(WAIT)
        assert not thread.is_alive()


def wait_until(condition):
    """Poll for a condition."""
    end = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)


def connect(address, source=None):
    """A bare connection."""
    return socket.create_connection(address, WAIT, source)


def read_all(connection):
    """What arrives until the server closes the connection."""
    found = []
    with suppress(ConnectionError):
        while part := connection.recv(2**20):
            found.append(part)
    return b"".join(found)


def ask(address, content):
    """Send bytes as they are; return what comes back until the server closes the connection."""
    with connect(address) as connection:
        with suppress(OSError):
            connection.sendall(content)
        return read_all(connection)


def read_until(connection, wanted):
    """What arrives, up to some bytes."""
    found = b""
    while wanted not in found:
        part = connection.recv(4096)
        assert part, found
        found += part
    return found


def status_of(answer):
    """The status of a response; 0 if there is none."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0
