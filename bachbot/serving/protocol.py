"""The server's side of a connection, with deadlines for all that a client may delay."""

import asyncio
from enum import Enum
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from bachbot.serving.addresses import TrustedProxies, client_group
from bachbot.serving.connections import ConnectionLimits, ConnectionTable
from bachbot.serving.headers import bare_response

_CLOSING_SECONDS = 10.0
"""Time in which a client has to read the end of its last response."""

_MIN_BYTES_PER_SECOND = 1000
"""That a client has to read of a response that does not fit into the buffers."""


class Phase(Enum):
    """What a connection is doing."""

    NEW = "nothing has arrived"
    HEAD = "a request line and headers are arriving"
    BODY = "a body is arriving"
    RESPONSE = "the request is here, the response is not complete"
    SENDING = "the response is complete, and the client has not read it yet"
    IDLE = "between two requests"
    CLOSING = "no more requests are read"


_WAITING = frozenset(Phase) - {Phase.RESPONSE, Phase.SENDING}
"""Phases in which the server waits for the client."""


def limited_protocol(
    limits: ConnectionLimits, proxies: TrustedProxies, table: ConnectionTable | None = None
) -> type[asyncio.Protocol]:
    """A protocol for ``uvicorn.Config(http=...)``.

    Parameters
    ----------
    limits : ConnectionLimits
        Limits of each connection.
    proxies : TrustedProxies
        Proxies, each of which may have any number of connections.
    table : ConnectionTable, optional
        All connections. Default: a new table.
    """
    shared = table if table is not None else ConnectionTable(limits)

    class Limited(_LimitedProtocol):
        _limits, _proxies, _table = limits, proxies, shared

    return Limited


class _LimitedProtocol(H11Protocol):
    """uvicorn's protocol, which has no deadline of its own but the one between two requests."""

    _limits: ConnectionLimits
    _proxies: TrustedProxies
    _table: ConnectionTable

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._phase: Phase | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None
        self._phase_began, self._left = 0.0, 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        peer = self.client[0] if self.client else ""
        group = None if not peer or peer in self._proxies else client_group(peer)
        if self._table.admit(self, group):
            self._enter(Phase.NEW)
        else:
            self._end(503)

    def connection_lost(self, exc: Exception | None) -> None:
        self._table.remove(self)
        for timer in (self._deadline, self._stall):
            if timer is not None:
                timer.cancel()
        self._deadline = self._stall = None
        super().connection_lost(exc)
        # uvicorn cancels it only if there was no error.
        self._unset_keepalive_if_required()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        phase = self._current_phase()
        self._enter(Phase.HEAD if phase in (Phase.NEW, Phase.IDLE) else phase)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._enter(self._current_phase())

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._stall is None:
            self._watch_writing()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def _watch_writing(self, before: int | None = None) -> None:
        """Close the connection if the client reads too little of what is buffered for it."""
        seconds, left = self._limits.stall_seconds, self.transport.get_write_buffer_size()
        if before is not None and before - left < seconds * _MIN_BYTES_PER_SECOND:
            self.abort()
        else:
            self._stall = self.loop.call_later(seconds, self._watch_writing, left)

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP; without a word if another response has begun."""
        self._end(400)

    def abort(self) -> None:
        """Close the connection at once."""
        self.transport.abort()

    def _current_phase(self) -> Phase:
        closing = self.transport.is_closing()
        if not closing and self.conn.their_state is h11.SEND_BODY:
            return Phase.BODY
        if not closing and self.cycle is not None and not self.cycle.response_complete:
            return Phase.RESPONSE
        if self.transport.get_write_buffer_size():
            return Phase.SENDING
        if closing:
            return Phase.CLOSING
        return Phase.NEW if self.cycle is None else Phase.IDLE

    def _enter(self, phase: Phase) -> None:
        """Begin a phase and its deadline; that of a phase that goes on stays."""
        if phase is self._phase:
            return
        self._phase = phase
        self._phase_began = self.loop.time()
        self._left = self.transport.get_write_buffer_size()
        self._table.set_waiting(self, phase in _WAITING)
        if self._deadline is not None:
            self._deadline.cancel()
        limits = self._limits
        seconds = {
            Phase.NEW: limits.head_seconds,
            Phase.HEAD: limits.head_seconds,
            Phase.BODY: limits.body_seconds,
            Phase.RESPONSE: limits.response_seconds,
            Phase.SENDING: limits.stall_seconds,
            # uvicorn closes it earlier, if nothing is left to write.
            Phase.IDLE: limits.idle_seconds + _CLOSING_SECONDS,
            Phase.CLOSING: _CLOSING_SECONDS,
        }[phase]
        self._deadline = self.loop.call_later(seconds, self._expire)

    def _expire(self) -> None:
        self._deadline = None
        if self._phase in (Phase.HEAD, Phase.BODY):
            self._end(408)
        elif self._phase is Phase.NEW:
            self.transport.close()
            self._enter(Phase.CLOSING)
        elif self._phase is Phase.SENDING and self._is_read():
            self._left = self.transport.get_write_buffer_size()
            self._deadline = self.loop.call_later(self._limits.stall_seconds, self._expire)
            self._enter(self._current_phase())
        else:
            self.abort()

    def _is_read(self) -> bool:
        """Whether the client goes on reading what is left of a response."""
        read = self._left - self.transport.get_write_buffer_size()
        took = self.loop.time() - self._phase_began
        enough = read >= self._limits.stall_seconds * _MIN_BYTES_PER_SECOND
        return took < self._limits.response_seconds and (enough or read == self._left)

    def _end(self, status: int) -> None:
        """Send a short response, if none has begun, and close the connection."""
        cycle = self.cycle
        begun = cycle is not None and cycle.response_started and not cycle.response_complete
        if cycle is not None:
            # The page, if it is still at work, finds that nobody is there any more.
            cycle.disconnected = True
            cycle.message_event.set()
        if not begun:
            self.transport.write(bare_response(status))
        self.transport.close()
        self._enter(Phase.CLOSING)
