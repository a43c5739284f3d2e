"""``connect``: all essays and projects of one user."""

from __future__ import annotations

import asyncio
import re
import secrets
from types import TracebackType
from typing import Any, Final, Self

from workroom.client import effects
from workroom.client.errors import Closed
from workroom.client.essay import EssayCore
from workroom.client.project import ProjectCore
from workroom.client.rooms import Essay, Project, Room
from workroom.client.runner import Runner, TokenSource
from workroom.client.wire import ESSAYS, PROJECTS, Dialect
from workroom.ids import MAX_ID

PATIENCE: Final = 30.0
"""Seconds that opening a room, or a request, may take unless said otherwise."""


class Workroom:
    """A server, as one user sees it. Use it with ``async with``, which closes everything."""

    def __init__(self, url: str, token: TokenSource, timeout: float | None) -> None:
        self._address = _socket_address(url)
        self._token = token
        self._timeout = timeout
        self._essays: dict[int, Essay] = {}
        self._projects: dict[int, Project] = {}
        self._shared: Runner | None = None
        """The connection of all projects."""
        self._ending: set[asyncio.Task[None]] = set()
        self._closed = False
        self._prefix = secrets.token_urlsafe(12)
        """Of every ``request_id``: nobody else may make up the same."""
        self._count = 0

    def essay(self, number: int) -> Essay:
        """Follow an essay: ``essay = await workroom.essay(1)``. Each has a connection of its own.

        Asking for one that is open gives the same again. Raises Closed when the client is.
        """
        self._check(number)
        essay = self._essays.get(number)
        if essay is None:
            runner = self._runner(ESSAYS, number)
            core = EssayCore(number, self._new_prefix(), runner.link.effects)
            essay = self._essays[number] = Essay(core, runner, self._timeout)
            runner.do(lambda: runner.link.add(core))
        return essay

    def project(self, number: int) -> Project:
        """Follow a project; all share one connection. Otherwise as ``essay``."""
        self._check(number)
        project = self._projects.get(number)
        if project is None:
            runner = self._shared = self._shared or self._runner(PROJECTS, number)
            core = ProjectCore(number, self._new_prefix(), runner.link.effects)
            project = self._projects[number] = Project(core, runner, self._timeout)
            runner.do(lambda: runner.link.add(core))
        return project

    async def close(self) -> None:
        """Close all of them; what was asked and not answered raises Closed."""
        self._closed = True
        rooms: list[Room[Any, Any]] = [*self._essays.values(), *self._projects.values()]
        for room in rooms:
            await room.close()
        while self._ending:
            await asyncio.wait(self._ending)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def _check(self, number: int) -> None:
        if self._closed:
            raise Closed("this client is closed")
        if not 1 <= number <= MAX_ID:
            raise ValueError("ids are whole numbers from 1 to 2**53 - 1")

    def _new_prefix(self) -> str:
        """Each room makes up ids of its own."""
        self._count += 1
        return f"{self._prefix}.{self._count}"

    def _runner(self, dialect: Dialect, number: int) -> Runner:
        def heard(effect: effects.Answer | effects.Tell | effects.Gone) -> None:
            rooms = self._essays if dialect is ESSAYS else self._projects
            room = rooms.get(effect.room)
            if room is not None:
                room.hear(effect)
            if isinstance(effect, effects.Gone):
                rooms.pop(effect.room, None)
                if not any(each.problem is None for each in runner.link.rooms.values()):
                    self._retire(runner)

        runner = Runner(self._address + dialect.path(number), self._token, dialect, heard)
        return runner

    def _retire(self, runner: Runner) -> None:
        """The last room of a connection is closed."""
        if self._shared is runner:
            self._shared = None
        ending = asyncio.get_running_loop().create_task(runner.close())
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)


def connect(url: str, *, token: TokenSource, timeout: float | None = PATIENCE) -> Workroom:
    """A client of the server at ``url``, as ``https://workroom.example.org``.

    ``token`` is an access token, or a function (``async`` if you like) that gives one: it is called
    at first, before a token ends, and when one was refused. With a token alone, everything ends
    when the token does. ``timeout``: seconds that opening a room and each request may take; None:
    as long as it has to.
    Nothing is connected before the first essay or project is asked for.
    """
    return Workroom(url, token, timeout)


def _socket_address(url: str) -> str:
    """Where the WebSockets of a server are."""
    found = re.fullmatch(r"(?:http|ws)(s?)(://[^/?#]+)/?", url)
    if found is None:
        raise ValueError(f"expected an address like https://workroom.example.org, got {url!r}")
    return f"ws{found[1]}{found[2]}"
