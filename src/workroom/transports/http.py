"""uvicorn's HTTP protocol with the limits that it lacks.

uvicorn waits for ever for the rest of a request head, for a body, and for a client that does not
read; and it takes heads of any size. One shared timer ends all of that.
"""

from __future__ import annotations

import asyncio
import enum
from typing import Any, ClassVar, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from workroom.observe import REFUSALS
from workroom.transports.websocket.limits import HttpLimits
from workroom.transports.websocket.problem import problem_response
from workroom.transports.websocket.pulse import Pulse

_CODES: Final = {
    400: ("bad_request", "this is no valid HTTP/1.1 request"),
    408: ("timeout", "the request did not arrive in time"),
    413: ("too_large", "the request body is too large"),
    431: ("too_large", "the request head is too large"),
}


class _Phase(enum.Enum):
    HEAD = enum.auto()
    """A request head is awaited, or half here."""
    BODY = enum.auto()
    ANSWERING = enum.auto()
    """The request is here; the rest is the application's affair."""
    IDLE = enum.auto()
    """Kept alive between requests: uvicorn's own timer."""
    CLOSED = enum.auto()
    """Closed, or handed on as a WebSocket: the socket is not ours to touch."""


class _TooMuch(Exception):
    """Raised through the parser, which then calls ``send_400_response``."""


class GuardedHttpProtocol(HttpToolsProtocol):
    """Made by ``http_protocol``, which sets ``limits`` and ``pulse``."""

    limits: ClassVar[HttpLimits]
    pulse: ClassVar[Pulse]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # It would print query strings, and with them tokens.
        self.access_log = False
        self._phase = _Phase.HEAD
        self._timed: _Phase | None = None
        self._since = 0  # the beat in which the body began
        self._seen = 0  # raw bytes of the present head or body
        self._named = 0  # bytes and number of the headers parsed
        self._headers = 0
        self._hosts = 0
        self._status = 400
        self._unsent = 0  # what a client that stalls had not taken when it was last looked at
        self._leaving = False

    # What the loop and uvicorn call

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._time()

    def data_received(self, data: bytes) -> None:
        """Parse, then see how much and how long it may still be."""
        if self._phase is _Phase.CLOSED:
            return
        if self._phase is _Phase.IDLE:
            self._phase = _Phase.HEAD
        self._seen += len(data)
        super().data_received(data)
        if self._phase is _Phase.HEAD and self._seen > self.limits.head_bytes:
            self._refuse(431)
        elif self._phase is _Phase.BODY and self._seen > self.limits.body_bytes:
            self._refuse(413)
        elif self._phase is not self._timed:
            self._time()

    def eof_received(self) -> None:
        """The client hung up: the loop closes the transport."""
        self._closing()

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone."""
        self.pulse.no_deadline(self)
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client does not take its response."""
        super().pause_writing()
        self._watch_unsent()

    def resume_writing(self) -> None:
        """It has taken most of it."""
        super().resume_writing()
        self._time()

    def shutdown(self) -> None:
        """The server stops."""
        super().shutdown()
        self._leaving = True
        if self.transport.is_closing():
            self._closing()
        elif self._phase is _Phase.BODY:
            self.pulse.deadline_in(self, self.limits.goodbye_seconds)

    def abort(self) -> None:
        """Drop the connection, whatever it is at."""
        self.transport.abort()

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection without a new request."""
        super().timeout_keep_alive_handler()
        self._closing()

    # What the parser calls

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._phase = _Phase.HEAD
        self._named = self._headers = self._hosts = 0

    def on_url(self, url: bytes) -> None:
        """Another piece of the target."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer."""
        self._headers += 1
        if self._headers > self.limits.headers:
            self._too_much()
        self._count(len(name) + len(value))
        if name.lower() == b"host":
            self._hosts += 1
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """A head is whole."""
        if self._hosts > 1 or (self._hosts == 0 and self.parser.get_http_version() == "1.1"):
            # Which one counts is what request smuggling plays on (RFC 9112, section 3.2).
            raise _TooMuch
        # About what is left when the head is taken off: it may have come in one piece with a body.
        self._seen = max(0, self._seen - self._named)
        self._phase = _Phase.BODY
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """A request is whole."""
        super().on_message_complete()
        self._seen = 0
        self._timed = None
        answered = self.cycle is not None and self.cycle.response_complete
        # The keep-alive timer is gone when a body ends after its answer: a head is awaited.
        self._phase = _Phase.HEAD if answered else _Phase.ANSWERING

    def on_response_complete(self) -> None:
        """A response is written."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._closing()
        elif self._phase is _Phase.ANSWERING and self.timeout_keep_alive_task is not None:
            self._phase = _Phase.IDLE

    def handle_websocket_upgrade(self) -> None:
        """Hand the socket on."""
        self._phase = self._timed = _Phase.CLOSED
        self.pulse.no_deadline(self)
        super().handle_websocket_upgrade()
        # The parser and this object hold each other: without it memory waits for the collector.
        self.parser = None  # type: ignore[assignment]

    def send_400_response(self, msg: str) -> None:
        """Answer what the parser refused; ``msg`` is uvicorn's, for people."""
        del msg
        self._refuse(self._status)

    # What the pulse calls

    def expired(self) -> None:
        """Something has taken too long."""
        busy = self.cycle is not None and not self.cycle.response_complete
        if self.flow.write_paused or self._phase is _Phase.CLOSED:
            self._judge_unsent()
        elif self._phase is _Phase.BODY:
            self._judge_body()
        elif self._phase is _Phase.HEAD and busy:
            # The next request is late, but the last one is still being answered.
            self.pulse.deadline_in(self, self.limits.head_seconds)
        elif self._phase is _Phase.HEAD:
            self._refuse(408)
        # Else it was cancelled in the very beat in which it fell due.

    def _should_upgrade_to_ws(self) -> bool:
        # RFC 6455 wants HTTP/1.1, and the head that uvicorn rebuilds always says so.
        return super()._should_upgrade_to_ws() and self.parser.get_http_version() == "1.1"

    def _count(self, size: int) -> None:
        self._named += size
        if self._named > self.limits.head_bytes:
            self._too_much()

    def _too_much(self) -> None:
        self._status = 431
        raise _TooMuch

    def _time(self) -> None:
        self._timed = self._phase
        if self._phase is _Phase.HEAD:
            self.pulse.deadline_in(self, self.limits.head_seconds)
        elif self._phase is _Phase.BODY:
            self._since = self.pulse.beat
            self.pulse.deadline_in(self, self.limits.body_seconds)
        elif self._phase is not _Phase.CLOSED:
            self.pulse.no_deadline(self)

    def _closing(self) -> None:
        self._phase = _Phase.CLOSED
        self._watch_unsent()

    def _watch_unsent(self) -> None:
        limits, self._unsent = self.limits, self.transport.get_write_buffer_size()
        self.pulse.deadline_in(self, limits.stall_seconds if self._unsent else limits.close_timeout)

    def _judge_unsent(self) -> None:
        """A client on a slow line has time as long as it takes something now and then."""
        if self.transport.get_write_buffer_size() < self._unsent:
            self._watch_unsent()
        else:
            self.transport.abort()

    def _judge_body(self) -> None:
        earned = self._seen / self.limits.body_bytes_per_second
        left = self.limits.body_seconds + earned - self.pulse.seconds_since(self._since)
        if left > 0 and not self._leaving:
            self.pulse.deadline_in(self, left)
        else:
            self._refuse(408)

    def _refuse(self, status: int) -> None:
        self._closing()
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            # The application hears that its client has gone, as when it really has.
            cycle.disconnected = True
            cycle.message_event.set()
            if cycle.response_started:
                self.transport.abort()
                return
        code, message = _CODES[status]
        REFUSALS.labels("http", code).inc()
        self.transport.write(problem_response(status, code, message))
        # Read on until the client hangs up: closed with unread bytes, the socket would be reset,
        # and a reset may overtake the response.
        if self.transport.can_write_eof():
            self.transport.write_eof()
            self.flow.resume_reading()
        else:
            self.transport.close()


def http_protocol(limits: HttpLimits, pulse: Pulse) -> type[asyncio.Protocol]:
    """What ``uvicorn.Config(http=...)`` is given; one for each server."""

    class Protocol(GuardedHttpProtocol):
        pass

    Protocol.limits = limits
    Protocol.pulse = pulse
    return Protocol
