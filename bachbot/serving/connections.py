"""Limits of connections: how many there may be, and how long each may keep the server waiting."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Protocol

from bachbot.errors import UsageError

_FILES_PER_CONNECTION = 2
"""The socket, and a file that is sent over it."""

_RESERVED_FILES = 64
"""Files that are open anyway: libraries, standard streams and the database."""

_ACCEPT_ROUNDS = 4
"""Rounds of the event loop between the acceptance of a connection and its end if it is refused."""

_MAX_ACCEPTS, _MIN_CONNECTIONS = 64, 8


@dataclass(frozen=True)
class ConnectionLimits:
    """Limits of the connections of a server.

    Parameters
    ----------
    total : int
        Connections at once.
    per_address : int
        Connections of one address (a network of 64 bits in IPv6). A whole room may share one.
    accepts : int
        Connections that are accepted in one round of the event loop.
    head_bytes : int
        Size of the request line and the headers.
    head_seconds : float
        Time in which they have to arrive.
    body_seconds : float
        Time in which the body of a request has to arrive after them.
    idle_seconds : int
        Time for which a connection is kept between two requests.
    stall_seconds : float
        Time after which it is checked whether a client reads what is buffered for it.
    response_seconds : float
        Time from the end of a request to the end of its response.
    """

    total: int = 2000
    per_address: int = 1000
    accepts: int = _MAX_ACCEPTS
    head_bytes: int = 16 * 1024
    head_seconds: float = 10.0
    body_seconds: float = 20.0
    idle_seconds: int = 5
    stall_seconds: float = 60.0
    response_seconds: float = 300.0

    def within(self, files: int) -> "ConnectionLimits":
        """The same limits, lowered so that connections never use up all files.

        Parameters
        ----------
        files : int
            Number of files that the process may have open.

        Raises
        ------
        UsageError
            If it is too low for any server.
        """
        accepts = max(1, min(self.accepts, files // 16))
        free = files - _RESERVED_FILES - _ACCEPT_ROUNDS * accepts
        total = min(self.total, free // _FILES_PER_CONNECTION)
        if total < min(self.total, _MIN_CONNECTIONS):
            raise UsageError(
                f"only {files} files may be open at once, which is too few for a server: "
                "raise the limit ('ulimit -n')"
            )
        per_address = min(self.per_address, max(1, total // 2))
        return replace(self, total=total, per_address=per_address, accepts=accepts)


def raise_file_limit(wanted: int) -> int:
    """Raise the number of files that this process may open, and return it.

    Parameters
    ----------
    wanted : int
        Number of files; the system may allow fewer.
    """
    try:
        import resource
    except ImportError:  # Windows, where the C library's default applies
        return 512
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    if soft == unlimited or soft >= wanted:
        return wanted if soft == unlimited else soft
    raised = wanted if hard == unlimited else min(hard, wanted)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
    except (OSError, ValueError):
        return soft
    return raised


def files_for(limits: ConnectionLimits) -> int:
    """Number of open files with which limits apply in full."""
    return limits.total * _FILES_PER_CONNECTION + _RESERVED_FILES + _ACCEPT_ROUNDS * limits.accepts


class Connection(Hashable, Protocol):
    """A connection in a `ConnectionTable`."""

    def abort(self) -> None:
        """Close the connection at once."""


class ConnectionTable:
    """All open connections by address, and those that wait for their clients.

    When there are as many as allowed, the connection that has waited for its client longest makes
    room for a new one. So clients that open connections and send nothing only disturb themselves.

    Parameters
    ----------
    limits : ConnectionLimits
        Of which `total` and `per_address` apply.
    """

    def __init__(self, limits: ConnectionLimits) -> None:
        self._limits = limits
        self._groups: dict[Connection, str | None] = {}
        self._counts: dict[str, int] = {}
        self._waiting: OrderedDict[Connection, None] = OrderedDict()
        self._waiting_by_group: dict[str, OrderedDict[Connection, None]] = {}

    def admit(self, connection: Connection, group: str | None) -> bool:
        """Add a connection.

        Parameters
        ----------
        connection : Connection
            A new one.
        group : str or None
            Whose connections are counted together; None if they are not limited.

        Returns
        -------
        bool
            Whether it was added; False if there are too many that are all busy.
        """
        full = group is not None and self._counts.get(group, 0) >= self._limits.per_address
        if full and not self._make_room(self._waiting_by_group.get(group or "")):
            return False
        if len(self._groups) >= self._limits.total and not self._make_room(self._waiting):
            return False
        self._groups[connection] = group
        if group is not None:
            self._counts[group] = self._counts.get(group, 0) + 1
        return True

    def remove(self, connection: Connection) -> None:
        """Remove a connection; nothing happens if it is not there."""
        if connection not in self._groups:
            return
        self.set_waiting(connection, False)
        group = self._groups.pop(connection)
        if group is not None:
            self._counts[group] -= 1
            if not self._counts[group]:
                del self._counts[group]

    def set_waiting(self, connection: Connection, waiting: bool) -> None:
        """Say whether a connection waits for its client, from now on."""
        if connection not in self._groups:
            return
        group = self._groups[connection]
        self._waiting.pop(connection, None)
        if waiting:
            self._waiting[connection] = None
        if group is None:
            return
        of_group = self._waiting_by_group.setdefault(group, OrderedDict())
        of_group.pop(connection, None)
        if waiting:
            of_group[connection] = None
        if not of_group:
            del self._waiting_by_group[group]

    def __len__(self) -> int:
        return len(self._groups)

    def _make_room(self, waiting: OrderedDict[Connection, None] | None) -> bool:
        """Close the connection that has waited longest; False if there is none."""
        if not waiting:
            return False
        longest = next(iter(waiting))
        self.remove(longest)
        longest.abort()
        return True
