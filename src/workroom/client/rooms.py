"""What programs use: an essay or a project, followed live."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Mapping
from types import MappingProxyType, TracebackType
from typing import Any, Generic, Self, TypeVar

from workroom.client import effects, events, offsets
from workroom.client.errors import CLOSED_HERE, Problem, TimedOut
from workroom.client.essay import EssayCore, Range
from workroom.client.events import EssayEvent, Feedback, ProjectEvent
from workroom.client.inbox import Inbox
from workroom.client.project import ProjectCore, Task
from workroom.client.room import RoomCore
from workroom.client.shell import Shell
from workroom.client.text import Version
from workroom.client.wire import Json

C = TypeVar("C", bound=RoomCore)
E = TypeVar("E")


class Room(Generic[C, E]):
    """What essays and projects have in common. Made by ``Workroom``; use it on its loop.

    ``await`` one to wait until it is known. That raises PermissionDenied when this user may not
    view it or there is none, NoToken, ConnectionRefused, TimedOut.

    Iterating gives what happens from then on, in order; without ``await`` before, also how it came
    to be known. It ends when the room is closed here, and raises the error when the room is not to
    be had any more: deleted, no right to view it, no good token. One task iterates; a program that
    needs events in several places passes them on.
    """

    def __init__(self, core: C, shell: Shell, timeout: float | None) -> None:
        self._core = core
        self._shell = shell
        self._timeout = timeout
        self._inbox = Inbox()
        self._news = asyncio.Event()
        self._waiting: dict[str, asyncio.Future[Json]] = {}
        self._arrived: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._opening = 0
        """How many wait until the room is known."""
        self._followed = False
        """Whether a program has begun to iterate: then every event is kept for it. Between two of
        them it waits for none, and wants the room all the same."""

    @property
    def id(self) -> int:
        """Its number."""
        return self._core.room

    @property
    def status(self) -> events.Status:
        """``live``, ``connecting``, ``offline`` until the next attempt, or ``closed``."""
        return self._core.status

    @property
    def rights(self) -> str | None:
        """What this user may do here: ``view``, ``comment``, ``edit`` or ``owner``."""
        return self._core.rights

    @property
    def seq(self) -> int:
        """The number of the last durable event that is known."""
        return self._core.seq

    async def request(self, action: str, /, **body: Any) -> Json:
        """Have anything done that the reference lists under "From the client"; gives the ``ack``.

        It waits while there is no connection, and is made again after a break, without being done
        twice. Raises WorkroomError when it is refused, TimedOut when it takes too long, TypeError
        or ValueError for what JSON cannot say.
        Whoever is cancelled, or times out, has withdrawn the request unless it was sent already.
        """
        return await self._ask(lambda: self._core.ask(action, body))

    async def close(self) -> None:
        """Stop following. What was asked and not answered raises Closed."""
        self._shell.do(lambda: self._shell.link.remove(self.id))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> E:
        self._followed = True
        while not len(self._inbox) and self._core.problem is None:
            self._news.clear()
            await self._news.wait()
        if len(self._inbox):
            event: E = self._inbox.take()
            self._handed(event)
            return event
        why = self._core.problem
        if why is None or why == CLOSED_HERE:
            raise StopAsyncIteration
        raise why.error()

    def _handed(self, event: Any) -> None:
        """The program has this event now."""

    def hear(self, effect: effects.Answer | effects.Tell | effects.Gone) -> None:
        """Something for this room came from its core."""
        match effect:
            case effects.Tell(event=event):
                self._inbox.put(event)
                if isinstance(event, events.StatusChanged):
                    self._arrive(event.status)
            case effects.Gone(problem=why) if not self._arrived.done():
                self._arrived.set_exception(why.error())
                self._arrived.exception()  # whoever opened it may have gone
            case effects.Answer(request_id=given, answer=answer):
                self._answered(given, answer)
        self._news.set()

    def _arrive(self, status: events.Status) -> None:
        if status != "live" or self._arrived.done():
            return
        self._arrived.set_result(None)
        if self._opening and not self._followed:
            self._inbox = Inbox()

    def __await__(self) -> Generator[Any, None, Self]:
        return self._opened().__await__()

    async def _opened(self) -> Self:
        """Wait until the room is known. Raises TimedOut, or why it is not to be had.

        Who gives up closes it, unless somebody else wants it.
        """
        self._opening += 1
        try:
            async with asyncio.timeout(self._timeout):
                await asyncio.shield(self._arrived)
        except TimeoutError:
            trouble = self._shell.trouble or "no answer"
            raise TimedOut(f"not connected after {self._timeout:g} s: {trouble}") from None
        finally:
            self._opening -= 1
            wanted = self._opening or self._followed or self._waiting
            if not self._arrived.done() and not wanted:
                await self.close()
        return self

    async def _ask(self, ask: Callable[[], str]) -> Json:
        if self._core.problem is not None:
            raise self._core.problem.error()
        future: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        request_id = ""

        def asked() -> None:
            nonlocal request_id
            request_id = self._shell.link.ask(ask)
            self._waiting[request_id] = future

        self._shell.do(asked)
        try:
            async with asyncio.timeout(self._timeout):
                return await future
        except TimeoutError:
            raise TimedOut(f"no answer after {self._timeout:g} s") from None
        finally:
            self._waiting.pop(request_id, None)
            self._shell.do(lambda: self._shell.link.withdraw(self._core, request_id))

    def _answered(self, request_id: str, answer: Json | Problem) -> None:
        future = self._waiting.get(request_id)
        if future is None or future.done():
            return
        if isinstance(answer, Problem):
            future.set_exception(answer.error())
        else:
            future.set_result(answer)


class Essay(Room[EssayCore, EssayEvent]):
    """One essay."""

    @property
    def text(self) -> str:
        """The text as the server has it, or what was saved here and has no answer yet."""
        return self.version.text

    @property
    def version(self) -> Version:
        """The text, and what ``save`` needs to know of it. A new object whenever it changes."""
        return self._core.look()

    @property
    def last_update(self) -> events.EssayUpdate | None:
        """What the server told of its text last: the number of words, who edited last, and when."""
        return self._core.update

    @property
    def feedback(self) -> Mapping[int, Feedback]:
        """All feedback, by its id."""
        return MappingProxyType(dict(self._core.feedback))

    @property
    def people(self) -> Mapping[int, events.Person]:
        """Who is here, by user id."""
        return MappingProxyType(dict(self._core.people))

    @property
    def typing(self) -> Mapping[int, events.Person]:
        """Who types now, by user id."""
        return MappingProxyType(dict(self._core.typing))

    async def save(
        self,
        text: str,
        *,
        base: Version | events.EssayUpdate | None = None,
    ) -> int:
        """Save ``text``; returns the ``seq`` under which it is durable.

        The server merges what was changed since ``base``: nothing of others is overwritten. Without
        ``base`` it is the text that this program had last: from ``text``, ``version``, an
        ``EssayUpdate``, or by saving. Name it where several tasks share an essay.
        """
        version = self._core.look_at(base) if isinstance(base, events.EssayUpdate) else base
        ack = await self._ask(lambda: self._core.save(text, version))
        return int(ack["seq"])

    async def comment(
        self,
        comment: str,
        *,
        type: str = "general",  # noqa: A002 - the wire's word
        on: str | None = None,
        start: int | None = None,
        end: int | None = None,
    ) -> int:
        """Add feedback on the words ``on``, on ``text[start:end]``, or on the whole essay.

        ``start`` and ``end`` are of the text that this program had last. Returns the feedback's id.
        Raises ValueError when the words ``on`` are not in the text exactly once, and for a place
        that is none.
        """
        if (start is None) != (end is None) or (on is not None and start is not None):
            raise ValueError("give both start and end, or the words, or none of them")
        body = {"feedback": {"type": type, "comment": comment}}
        text = self._core.had().text
        if on is not None:
            text = self._core.shown().text
            start = self._only(text, on)
            end = start + len(on)
        note = None
        if start is not None and end is not None:
            if not 0 <= start <= end <= len(text):
                raise ValueError(f"{start}:{end} is no range of a text of {len(text)} characters")
            note = Range(text, start, end)
        ack = await self._ask(lambda: self._core.ask("add_feedback", body, note))
        return int(ack["feedback_id"])

    async def reply(self, feedback_id: int, comment: str) -> int:
        """Answer a piece of feedback; returns the reply's id."""
        body = {"feedback_id": feedback_id, "comment": comment}
        ack = await self.request("reply_feedback", **body)
        return int(ack["reply_id"])

    async def resolve(self, feedback_id: int) -> None:
        """The feedback is done with."""
        await self.request("resolve_feedback", feedback_id=feedback_id)

    async def reopen(self, feedback_id: int) -> None:
        """It is not, after all."""
        await self.request("reopen_feedback", feedback_id=feedback_id)

    def marked(self, feedback: Feedback) -> str | None:
        """The words that a piece of feedback is about; None when about the whole essay."""
        start, end = feedback.highlight_start, feedback.highlight_end
        if start is None or end is None:
            return None
        text = self._core.version.text
        longest = offsets.utf16_length(text)
        first, last = (offsets.from_utf16(text, min(each, longest)) for each in (start, end))
        return text[first:last]

    def _handed(self, event: EssayEvent) -> None:
        if isinstance(event, events.EssayUpdate):
            self._core.look_at(event)

    @staticmethod
    def _only(text: str, words: str) -> int:
        if not words or text.count(words) != 1:
            raise ValueError(f"the words stand {text.count(words)} times in the text, not once")
        return text.index(words)


class Project(Room[ProjectCore, ProjectEvent]):
    """One project."""

    @property
    def fields(self) -> Mapping[str, Any]:
        """Title, description, status and metadata, as the server has them."""
        return MappingProxyType(dict(self._core.fields))

    @property
    def people(self) -> Mapping[int, events.MemberJoined]:
        """Who is here, by user id."""
        return MappingProxyType(dict(self._core.people))

    @property
    def tasks(self) -> Mapping[str, Task]:
        """Tasks that wait or run, by their id."""
        return MappingProxyType(dict(self._core.tasks))

    async def update(self, **fields: Any) -> int:
        """Set ``title``, ``description``, ``status``; merge into ``metadata``; returns the ``seq``.

        ``metadata`` is merged as JSON Merge Patch does: objects merge, None removes.
        """
        ack = await self.request("update_project", data=fields)
        return int(ack["seq"])

    async def cancel_task(self, task_id: str) -> None:
        """End a task, whether it waits or runs."""
        await self.request("cancel_task", task_id=task_id)
