"""Serve the site until it is told to end."""

import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from bachbot.errors import UsageError
from bachbot.listening.site.app import create_app
from bachbot.listening.site.material import load
from bachbot.listening.site.security import read_or_make
from bachbot.listening.site.site import SiteSettings
from bachbot.listening.store.store import Store

_BACKLOG = 2048
_MOST_AT_ONCE = 2000
"""Connections; a further one is told to come again."""

_LAST_SECONDS = 10
"""For requests that are under way when the site ends."""


@dataclass(frozen=True)
class Places:
    """Where everything is.

    Parameters
    ----------
    folder, key : Path
        What ``bachbot listen export`` wrote.
    database : str
        Address of the store.
    secret : Path
        File of the secret, made where there is none.
    """

    folder: Path
    key: Path
    database: str
    secret: Path


def serve(
    places: Places,
    settings: SiteSettings,
    host: str = "127.0.0.1",
    port: int = 8000,
    say: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve until SIGINT or SIGTERM, then end what is under way.

    Parameters
    ----------
    places : Places
        Where everything is.
    settings : Settings
        How the site is run.
    host, port : str, int
        Where it listens; port 0 is any that is free.
    say : callable, optional
        Told the address when the site can be reached.

    Raises
    ------
    UsageError
        If trials, key, secret or database cannot be used, or the port is taken.
    """
    material = load(places.folder, places.key)
    secret = read_or_make(places.secret)
    store = Store.open(places.database)
    try:
        app = create_app(material, store, secret, settings)
        with _listening(host, port) as listening:
            config = uvicorn.Config(
                app,
                # An access log would keep addresses.
                access_log=False,
                log_level="warning",
                server_header=False,
                backlog=_BACKLOG,
                limit_concurrency=_MOST_AT_ONCE,
                timeout_graceful_shutdown=_LAST_SECONDS,
            )
            say(settings.public_url or _address(host, listening.getsockname()[1]))
            with suppress(KeyboardInterrupt):
                uvicorn.Server(config).run(sockets=[listening])
    finally:
        store.close()


def _listening(host: str, port: int) -> socket.socket:
    try:
        [first, *_] = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        made = socket.socket(first[0], socket.SOCK_STREAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(first[4])
        made.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        raise UsageError(
            f"cannot listen at {host}, port {port} ({getattr(error, 'strerror', error)}): "
            "give another --port or --host"
        ) from error
    return made


def _address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
