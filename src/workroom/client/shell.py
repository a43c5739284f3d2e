"""The thin shell around a ``Link``: a socket, timers, and a program's token; decides nothing."""

from __future__ import annotations

import asyncio
import inspect
import logging
import random
import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from workroom.client import effects
from workroom.client.link import Link
from workroom.client.wire import MOST_SECONDS, Dialect, write

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

TokenSource: TypeAlias = str | Callable[[], str | Awaitable[str]]
"""An access token, or a function that gives one: see ``connect``."""
Listener: TypeAlias = Callable[[effects.Answer | effects.Tell | effects.Gone], None]

SUBPROTOCOL: Final = "workroom.v1"
MAX_MESSAGE: Final = 16 * 1024 * 1024
"""Bytes: what a text of the largest size may take as JSON."""
GOODBYE: Final = 2.0
"""Seconds that a server has to answer when a connection is closed."""
BAD_TOKEN: Final = 4401
_SECONDS: Final = re.compile(r"[0-9]{1,9}")
_SUBPROTOCOL_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

log: Final = logging.getLogger("workroom.client")
_SOCKET_LOG: Final = logging.getLogger("workroom.client.socket")
# At DEBUG the library writes headers into the log, and the token stands in one of them.
_SOCKET_LOG.setLevel(logging.INFO)


class Shell:
    """Runs a ``Link`` on the present loop: tell it what the program wants, it tells ``heard``."""

    def __init__(self, url: str, token: TokenSource, dialect: Dialect, heard: Listener) -> None:
        self.link = Link(dialect, random.random)
        self.trouble = ""
        """Why there is no connection, in words; empty while there is one."""
        self._url = url
        self._token = token
        self._heard = heard
        self._loop = asyncio.get_running_loop()
        self._timers: dict[tuple[int | None, str], asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._socket: asyncio.Task[None] | None = None
        self._asking: asyncio.Task[None] | None = None
        self._outgoing: asyncio.Queue[str] = asyncio.Queue()

    def do(self, act: Callable[[], Any]) -> Any:
        """Tell the link something, and carry out what it decides."""
        result = act()
        for effect in self.link.take_effects():
            self._carry_out(effect)
        return result

    async def close(self) -> None:
        """Close the connection and wait until it is closed."""
        self.do(self.link.close)
        for timer in self._timers.values():
            timer.cancel()
        if self._asking is not None:
            self._asking.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _carry_out(self, effect: effects.Effect) -> None:
        match effect:
            case effects.Send(message):
                self._outgoing.put_nowait(write(message))
            case effects.Timer(room, name, seconds):
                self._set_timer(room, name, seconds)
            case effects.AskToken():
                # One question at a time: an answer that is on its way does for both.
                if self._asking is None or self._asking.done():
                    self._asking = self._start(self._ask_token())
            case effects.Open(token):
                self._socket = self._start(self._live(token))
            case effects.Drop():
                self._drop()
            case effects.Answer() | effects.Tell() | effects.Gone():
                self._heard(effect)

    def _start(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _set_timer(self, room: int | None, name: str, seconds: float) -> None:
        if old := self._timers.pop((room, name), None):
            old.cancel()

        def ring() -> None:
            self._timers.pop((room, name), None)
            self.do(lambda: self.link.timer(room, name))

        self._timers[room, name] = self._loop.call_later(seconds, ring)

    def _drop(self) -> None:
        if self._socket is not None:
            self._socket.cancel()
            self._socket = None

    async def _ask_token(self) -> None:
        try:
            given = self._token() if callable(self._token) else self._token
            token = await given if inspect.isawaitable(given) else given
            if not isinstance(token, str):
                raise TypeError(f"expected a token, got {type(token).__name__}")
        except Exception as error:  # noqa: BLE001 - whatever a program's function raises
            self.trouble = f"the program gave no token: {type(error).__name__}"
            log.warning("no token: %s", type(error).__name__)
            self.do(self.link.no_token)
            return
        self.do(lambda: self.link.token(token))

    async def _live(self, token: str) -> None:
        """One connection from its start to its end."""
        from websockets.exceptions import WebSocketException

        me = asyncio.current_task()
        code, reason, refused = 1006, "", None
        self._outgoing = asyncio.Queue()
        try:
            code, reason = await self._talk(token)
        except (OSError, EOFError, WebSocketException) as error:
            self.trouble = str(error) or type(error).__name__
            refused = getattr(error, "response", None)
        except Exception as error:
            # A mistake of this client's: it is reported, and ends no program.
            log.exception("the connection was given up")
            self.trouble = type(error).__name__
        if self._socket is not me:
            return
        self._socket = None
        if refused is None:
            self.do(lambda: self.link.closed(code, reason))
            return
        after = "".join(refused.headers.get_all("Retry-After")[:1])
        seconds = min(int(after), MOST_SECONDS) if _SECONDS.fullmatch(after) else None
        self.do(lambda: self.link.refused(refused.status_code, seconds))

    async def _talk(self, token: str) -> tuple[int, str]:
        """Open a connection and use it; the code and the reason with which it ended."""
        from websockets.asyncio.client import connect
        from websockets.exceptions import ConnectionClosed

        class Connect(connect):
            """Follows no redirect: the token would go along, to whatever server was named."""

            def process_redirect(self, exc: Exception) -> Exception:
                return exc

        if not _SUBPROTOCOL_TOKEN.fullmatch(token):
            return BAD_TOKEN, "no token looks like this"
        protocols: Any = [SUBPROTOCOL, f"bearer.{token}"]
        async with Connect(
            self._url,
            subprotocols=protocols,
            max_size=MAX_MESSAGE,
            open_timeout=None,
            ping_interval=None,
            close_timeout=GOODBYE,
            logger=_SOCKET_LOG,
        ) as socket:
            writing = self._start(self._write(socket))
            try:
                self.trouble = ""
                self.do(self.link.opened)
                async for frame in socket:
                    if isinstance(frame, str):
                        self.do(partial(self.link.received, frame))
            except ConnectionClosed:
                pass  # its code says why
            finally:
                writing.cancel()
        return socket.close_code or 1006, socket.close_reason or ""

    async def _write(self, socket: ClientConnection) -> None:
        from websockets.exceptions import ConnectionClosed

        outgoing = self._outgoing
        try:
            while True:
                await socket.send(await outgoing.get())
        except ConnectionClosed:
            pass  # and the reader hears of it
