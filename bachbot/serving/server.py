"""The process of a website: its listening socket, its limits, and how it stops."""

import asyncio
import logging
import socket
from collections.abc import Callable
from contextlib import suppress

import uvicorn
from starlette.types import ASGIApp

from bachbot.errors import UsageError
from bachbot.serving.addresses import TrustedProxies
from bachbot.serving.connections import ConnectionLimits, files_for, raise_file_limit
from bachbot.serving.logs import configure_logs, handle_loop_error
from bachbot.serving.protocol import limited_protocol

_BACKLOG = 1024
"""Connections that the system keeps until they are accepted."""

_SHUTDOWN_SECONDS = 10
"""For requests that are being answered when the server stops."""


class _Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and then let more connections wait than are accepted in one round."""
        asyncio.get_running_loop().set_exception_handler(handle_loop_error)
        await super().startup(sockets)
        for listener in sockets or ():
            listener.listen(_BACKLOG)


def make_server(
    app: ASGIApp, limits: ConnectionLimits, proxies: TrustedProxies | None = None
) -> uvicorn.Server:
    """A server that has to be run with ``run(sockets=[...])``.

    Parameters
    ----------
    app : ASGI application
        The website.
    limits : ConnectionLimits
        Limits of its connections.
    proxies : TrustedProxies, optional
        Proxies whose connections are not counted. Default: none.
    """
    config = uvicorn.Config(
        app,
        http=limited_protocol(limits, proxies or TrustedProxies()),
        loop="asyncio",
        ws="none",
        lifespan="off",
        # An access log would store network addresses.
        access_log=False,
        log_config=None,
        log_level=logging.ERROR,
        server_header=False,
        # RequestGuard reads X-Forwarded-For, if it is told to.
        proxy_headers=False,
        backlog=limits.accepts,
        h11_max_incomplete_event_size=limits.head_bytes,
        timeout_keep_alive=limits.idle_seconds,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )
    return _Server(config)


def run_server(
    app: ASGIApp,
    listener: socket.socket,
    limits: ConnectionLimits | None = None,
    proxies: TrustedProxies | None = None,
    on_start: Callable[[], None] = lambda: None,
) -> None:
    """Serve a website until SIGINT or SIGTERM, then finish the requests in progress.

    Parameters
    ----------
    app : ASGI application
        The website.
    listener : socket
        From `listen`.
    limits : ConnectionLimits, optional
        Limits of its connections; lowered if the system allows too few open files.
    proxies : TrustedProxies, optional
        Proxies whose connections are not counted. Default: none.
    on_start : callable, optional
        Called when the site can be reached.

    Raises
    ------
    UsageError
        If the system allows so few open files that no site can be served.
    """
    wanted = limits or ConnectionLimits()
    bounded = wanted.within(raise_file_limit(files_for(wanted)))
    configure_logs()
    server = make_server(app, bounded, proxies)
    on_start()
    with suppress(KeyboardInterrupt):
        server.run(sockets=[listener])


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens at an address.

    Parameters
    ----------
    host, port : str, int
        Port 0 is any free one.

    Raises
    ------
    UsageError
        If the address cannot be used or the port is taken.
    """
    try:
        [first, *_] = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        listener = socket.socket(first[0], socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(first[4])
        listener.listen(_BACKLOG)
    except (OSError, OverflowError, UnicodeError) as error:
        raise UsageError(
            f"cannot listen on {host}, port {port} ({getattr(error, 'strerror', error)}): "
            "give another --port or --host"
        ) from error
    return listener


def url_of(host: str, listener: socket.socket) -> str:
    """The URL of a website."""
    port = listener.getsockname()[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
