"""The client for programs without ``async``: the same rooms, each call waiting for its end.

    with connect("https://workroom.example.org", token=token) as workroom:
        essay = workroom.essay(1)
        essay.save(essay.text + " Written by a program.")
        for event in essay:
            print(event)

The connections live on a thread of their own and are kept up while the program does other things.
Objects of this module may be used from any thread.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import Future, wait
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from workroom.client import events, rooms, session
from workroom.client.errors import Closed
from workroom.client.project import Task
from workroom.client.shell import TokenSource
from workroom.client.text import Version

R = TypeVar("R")
E = TypeVar("E")


class _Loop:
    """An event loop on a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._lock = threading.Lock()
        self._ended = False
        self._running: set[Future[Any]] = set()
        """What somebody waits for."""
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="workroom-client", daemon=True
        )
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, R]) -> R:
        """Have it done there, and wait; what interrupts the wait cancels it.

        Raises Closed when the thread has ended.
        """
        with self._lock:
            if self._ended:
                work.close()
                raise Closed("this client is closed")
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
            self._running.add(future)
        try:
            return future.result()
        finally:
            future.cancel()
            with self._lock:
                self._running.discard(future)

    def stop(self) -> None:
        """End the thread, once everybody who waits has an answer: all rooms have to be closed."""
        with self._lock:
            self._ended = True
            running = self._running.copy()
        wait(running)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Room(Generic[E]):
    """What essays and projects have in common; see ``workroom.client.Essay``."""

    def __init__(self, loop: _Loop, room: rooms.Room[Any, E]) -> None:
        self._loop = loop
        self._room = room

    @property
    def id(self) -> int:
        """Its number."""
        return self._room.id

    @property
    def status(self) -> events.Status:
        """``live``, ``connecting``, ``offline`` until the next attempt, or ``closed``."""
        return self._room.status

    @property
    def rights(self) -> str | None:
        """What this user may do here."""
        return self._room.rights

    def request(self, action: str, /, **body: Any) -> Mapping[str, Any]:
        """Have anything done that the reference lists under "From the client"."""
        return self._loop.run(self._room.request(action, **body))

    def next_event(self, timeout: float | None = None) -> E:
        """The next event. Raises TimeoutError when ``timeout`` seconds pass without one.

        Raises StopIteration when the room was closed here, or why it is not to be had any more.
        """
        try:
            return self._loop.run(self._next(timeout))
        except StopAsyncIteration:
            raise StopIteration from None

    def __iter__(self) -> Iterator[E]:
        return self

    def __next__(self) -> E:
        return self.next_event()

    def close(self) -> None:
        """Stop following."""
        self._loop.run(self._room.close())

    async def _look(self, what: Callable[[], R]) -> R:
        """Look on the loop's own thread: elsewhere things may change meanwhile."""
        return what()

    async def _next(self, seconds: float | None) -> E:
        async with asyncio.timeout(seconds):
            return await anext(self._room)


class Essay(Room[events.EssayEvent]):
    """One essay; see ``workroom.client.Essay``."""

    _room: rooms.Essay

    @property
    def text(self) -> str:
        """The text as the server has it, or what was saved here and has no answer yet."""
        return self.version.text

    @property
    def version(self) -> Version:
        """The text, and what ``save`` needs to know of it."""
        return self._loop.run(self._look(lambda: self._room.version))

    @property
    def feedback(self) -> Mapping[int, events.Feedback]:
        """All feedback, by its id."""
        return self._loop.run(self._look(lambda: self._room.feedback))

    @property
    def people(self) -> Mapping[int, events.Person]:
        """Who is here, by user id."""
        return self._room.people

    @property
    def typing(self) -> Mapping[int, events.Person]:
        """Who types now, by user id."""
        return self._loop.run(self._look(lambda: self._room.typing))

    def save(self, text: str, *, base: Version | events.EssayUpdate | None = None) -> int:
        """Save the text; returns the ``seq`` under which it is durable."""
        return self._loop.run(self._room.save(text, base=base))

    def comment(self, comment: str, **place: Any) -> int:
        """Add feedback, with ``type``, ``on``, ``start`` and ``end``; returns its id."""
        return self._loop.run(self._room.comment(comment, **place))

    def reply(self, feedback_id: int, comment: str) -> int:
        """Answer a piece of feedback; returns the reply's id."""
        return self._loop.run(self._room.reply(feedback_id, comment))

    def resolve(self, feedback_id: int) -> None:
        """The feedback is done with."""
        self._loop.run(self._room.resolve(feedback_id))

    def reopen(self, feedback_id: int) -> None:
        """It is not, after all."""
        self._loop.run(self._room.reopen(feedback_id))

    def marked(self, feedback: events.Feedback) -> str | None:
        """The words that a piece of feedback is about; None when about the whole essay."""
        return self._room.marked(feedback)


class Project(Room[events.ProjectEvent]):
    """One project; see ``workroom.client.Project``."""

    _room: rooms.Project

    @property
    def fields(self) -> Mapping[str, Any]:
        """Title, description, status and metadata, as the server has them."""
        return self._room.fields

    @property
    def people(self) -> Mapping[int, events.MemberJoined]:
        """Who is here, by user id."""
        return self._room.people

    @property
    def tasks(self) -> Mapping[str, Task]:
        """Tasks that wait or run, by their id."""
        return self._room.tasks

    def update(self, **fields: Any) -> int:
        """Set fields, merge into ``metadata``; returns the ``seq``."""
        return self._loop.run(self._room.update(**fields))

    def cancel_task(self, task_id: str) -> None:
        """End a task, whether it waits or runs."""
        self._loop.run(self._room.cancel_task(task_id))


class Workroom:
    """A server, as one user sees it. Use it with ``with``, which closes everything."""

    def __init__(self, url: str, token: TokenSource, timeout: float | None) -> None:
        self._workroom = session.connect(url, token=token, timeout=timeout)
        self._loop = _Loop()
        self._closed = False

    def essay(self, number: int) -> Essay:
        """Follow an essay. It is known when this returns."""
        return Essay(self._loop, self._loop.run(self._essay(number)))

    def project(self, number: int) -> Project:
        """Follow a project. It is known when this returns."""
        return Project(self._loop, self._loop.run(self._project(number)))

    async def _essay(self, number: int) -> rooms.Essay:
        return await self._workroom.essay(number)

    async def _project(self, number: int) -> rooms.Project:
        return await self._workroom.project(number)

    def close(self) -> None:
        """Close all of them, and the thread."""
        if not self._closed:
            self._closed = True
            self._loop.run(self._workroom.close())
            self._loop.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def connect(url: str, *, token: TokenSource, timeout: float | None = session.PATIENCE) -> Workroom:
    """A client of the server at ``url``; see ``workroom.client.connect``.

    A function that gives tokens is called on the client's own thread.
    """
    return Workroom(url, token, timeout)
