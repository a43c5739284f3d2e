"""uvicorn's server, ended by signals the way that people notice least.

The first SIGTERM or SIGINT gives notice (``/readyz`` fails, all else goes on), then shuts the door:
no new connections, no changes, goodbye to everybody, spread over a while. Whatever the clients do,
it is over after ``Ending.deadline``. A second signal leaves out the waiting.

Both deadlines are counted in beats (``Pulse``), not by the clock: when the loop has stood still,
goodbyes and the end would fall due together, and whoever is dropped in the turn of the loop in
which something was written to them never gets it.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

import uvicorn

from workroom.errors import Misconfigured
from workroom.observe import logger
from workroom.transports.websocket.pulse import Pulse

HANGING_UP: Final = 5.0
"""Seconds that clients may take to hang up, after the last of them was told to."""
PARTING: Final = 0.2
"""Seconds for the last goodbyes to leave, after the second signal."""

log = logger("server")


class Resident(Protocol):
    """What lives behind the sockets."""

    def give_notice(self) -> None:
        """The end is near: send nobody here any more."""

    def shut(self) -> None:
        """Begin nothing new; say goodbye to everybody, in good time."""

    def hurry(self) -> None:
        """Say goodbye to whoever is left at once."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How long the end may take, in seconds."""

    notice: float = 0.0
    """Between the signal and the door being shut."""
    spread: float = 3.0
    """Over which the goodbyes are said."""
    hanging_up: float = HANGING_UP

    @property
    def deadline(self) -> float:
        """Until the last socket is dropped, from the moment when the door is shut."""
        return self.spread + self.hanging_up


class DrainingServer(uvicorn.Server):
    """See the module's text. To be made on the loop that it is to run on."""

    def __init__(
        self,
        config: uvicorn.Config,
        resident: Resident,
        ending: Ending,
        shutting: Callable[[], None],
    ) -> None:
        """``shutting`` is called once, when the door is shut."""
        super().__init__(config)
        self._resident = resident
        self._ending = ending
        self._shutting = shutting
        self._loop = asyncio.get_running_loop()
        self._pulse, self._last_pulse = Pulse(), Pulse(PARTING / 2)
        self._noticed = False

    async def up(self, serving: asyncio.Future[None]) -> None:
        """Wait until it answers, or until ``serving`` has failed."""
        while not self.started and not serving.done():  # noqa: ASYNC110 - uvicorn only sets a flag
            await asyncio.sleep(0)

    def handle_exit(self, sig: int, frame: object) -> None:
        """A signal came, perhaps in the middle of anything: let the loop finish what it is at."""
        del frame
        self._loop.call_soon_threadsafe(self._signalled, sig)

    def _signalled(self, sig: int) -> None:
        if not self._noticed:
            self._noticed = True
            log.info("stopping", notice=self._ending.notice)
            self._resident.give_notice()
            self._loop.call_later(self._ending.notice, self._shut, sig)
            return
        log.info("hurrying")
        self._shut(sig)
        self._resident.hurry()
        if not self._last_pulse.waiting:  # who asks again and again puts nothing off
            self._last_pulse.deadline_in(self, PARTING)

    def _shut(self, sig: int) -> None:
        if not self.should_exit:
            super().handle_exit(sig, None)
            self._resident.shut()
            self._shutting()
            self._pulse.deadline_in(self, self._ending.deadline)

    def expired(self) -> None:
        """Drop what is still there: nobody is waited for any longer."""
        self.force_exit = True
        connections: set[Any] = self.server_state.connections
        for connection in tuple(connections):
            connection.abort()


def listen(host: str, port: int, project_port: int, *, shared: bool) -> list[socket.socket]:
    """Sockets that listen on both ports, or on one that is both; 0 is any free one.

    ``shared``: other processes of this machine listen there too, and each gets some.

    Raises Misconfigured, naming the setting, when a port is taken.
    """
    sockets = [_listen(host, port, "WORKROOM_PORT", shared=shared)]
    if project_port != port or port == 0:
        sockets.append(_listen(host, project_port, "WORKROOM_PROJECT_PORT", shared=shared))
    return sockets


def _listen(host: str, port: int, setting: str, *, shared: bool) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        sock.bind((host, port))
        sock.listen(4096)
    except OSError as error:
        sock.close()
        message = f"cannot listen on {host}:{port}: {error.strerror}"
        raise Misconfigured(message, field=setting) from error
    sock.setblocking(False)  # noqa: FBT003 - it takes no keyword
    return sock
