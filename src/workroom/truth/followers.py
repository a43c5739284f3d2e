"""Extended clients: they join with ``since``, and ask with a ``request_id``."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from workroom.errors import NOBODY_KNOWS
from workroom.truth.history import History
from workroom.truth.member import ANSWER, Desk, Lost, Member
from workroom.truth.plan import Part
from workroom.truth.sockets import Link

NOTHING: Final = 2**53 - 1
"""No server has seen this number: whoever names it is given the whole state."""
GIVES_UP: Final = 0.2
"""How often a request that is to be tried later is not."""

BEHIND: Final = 0.2
"""Seconds after which a node that is behind is asked again."""

Message = dict[str, Any]


@dataclass(slots=True)
class Request:
    """What is under way."""

    id: str
    does: Mapping[str, Any]
    """As in histories: ``add``, ``cut``, ``comment`` …"""
    again: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """An acknowledgement, or why there is none."""

    body: Mapping[str, Any]
    refused: bool


class Follower(Member):
    """A member of one room on an extended connection."""

    def __init__(self, part: Part, desk: Desk, history: History) -> None:
        super().__init__(part, desk, history)
        self.request: Request | None = None
        self.live = asyncio.Event()
        self.joined = asyncio.Event()
        """The answer to a join is complete; ``live`` unless the node is behind."""
        self.subscribed: Message | None = None
        self._join_id: str | None = None
        self._answer: asyncio.Future[Answer] | None = None

    # ---- what a kind of room adds ---------------------------------------------------------------

    @abstractmethod
    def join(self, request_id: str, since: int) -> Message:
        """The message that joins, or catches up."""

    @property
    @abstractmethod
    def since(self) -> int:
        """All up to this number is known; 0: nothing is."""

    @property
    @abstractmethod
    def newest(self) -> int:
        """The highest number of what is known, or was confirmed."""

    @abstractmethod
    def chosen(self) -> Mapping[str, Any] | None:
        """Something to do now; None: nothing."""

    @abstractmethod
    def message(self, request: Request) -> Message:
        """The message of a request, made for what is known now."""

    @abstractmethod
    def done(self, request: Request, answer: Mapping[str, Any]) -> bool:
        """It was confirmed; whether to catch up before anything else is done."""

    @abstractmethod
    def told(self, kind: str, body: Mapping[str, Any]) -> None:
        """An event came. It counts unless ``ignoring``."""

    @abstractmethod
    def caught_up(self, seq: int) -> None:
        """All up to a number was told."""

    def restarts(self) -> None:
        """The whole state follows: forget what is known."""

    # ---- joining --------------------------------------------------------------------------------

    @property
    def idle(self) -> bool:
        """As for every member."""
        return self.live.is_set() and self.request is None

    @property
    def ignoring(self) -> bool:
        """What comes now is told again behind ``subscribed``."""
        return not self.live.is_set() and self.subscribed is None

    async def arrives(self, link: Link) -> None:
        """As for every member."""
        await self._catch_up(link)

    def _is_behind(self) -> bool:
        """Whether this node has yet to hear of what another one told us, or confirmed."""
        told = self.subscribed or {}
        return bool(told) and told["recovered"] and told["seq"] < self.newest

    async def _catch_up(self, link: Link) -> None:
        self.live.clear()
        self.joined.clear()
        self.subscribed = None
        self._join_id = self.new_id()
        since = self.since or NOTHING
        known = {} if since == NOTHING else {"since": since}
        self.history.note("join", **known)
        await self._send(link, self.join(self._join_id, since))

    def left(self) -> None:
        """As for every member."""
        self.live.clear()
        if self.request is not None:
            self.request.again = True

    # ---- asking ---------------------------------------------------------------------------------

    async def acts(self, link: Link) -> None:
        """One request after the other."""
        while True:
            await self._is_live(link)
            if self.request is None:
                await self.thinks()
                await self._is_live(link)
                does = None if self.desk.settling else self.chosen()
                if does is None:
                    continue
                self.request = Request(self.new_id(), does)
                self.desk.requests += 1
            await self._ask(link, self.request)

    async def _is_live(self, link: Link) -> None:
        """Raises Lost when catching up takes too long."""
        if self.live.is_set():
            return
        try:
            async with asyncio.timeout(ANSWER):
                while not self.live.is_set():
                    await self.joined.wait()
                    self.joined.clear()
                    if not self.live.is_set():
                        await asyncio.sleep(BEHIND)
                        await self._catch_up(link)
        except TimeoutError:
            raise await self._gone() from None

    async def _gone(self) -> Lost:
        self.history.note("fault", what="no answer")
        if self.link is not None:
            self.link.reset()
        return Lost()

    async def _ask(self, link: Link, request: Request) -> None:
        message = self.message(request)
        again = {"again": True} if request.again else {}
        self._answer = asyncio.get_running_loop().create_future()
        self.history.note("sent", op=request.id, **request.does, **again)
        await self._send(link, message)
        try:
            async with asyncio.timeout(ANSWER):
                answer = await self._answer
        except TimeoutError:
            raise await self._gone() from None
        if answer.refused:
            await self._refused(link, request, answer.body)
            return
        self.request = None
        self.desk.answers += 1
        if self.done(request, answer.body):
            await self._catch_up(link)

    async def _refused(self, link: Link, request: Request, body: Mapping[str, Any]) -> None:
        later = body.get("retry") == "later"
        if not later or (not self.desk.settling and self.chance.random() < GIVES_UP):
            self.request = None
        else:
            request.again = True
            await asyncio.sleep(min(2.0, float(body.get("retry_after") or 0.3)))
        await self._catch_up(link)

    async def _send(self, link: Link, message: Message) -> None:
        await link.send(orjson.dumps(message).decode())

    # ---- hearing --------------------------------------------------------------------------------

    async def hears(self, message: str | bytes) -> None:
        """As for every member."""
        body = orjson.loads(message)
        kind, body = body["type"], body.get("payload", body)
        match kind:
            case "ack" if body["request_id"] == self._join_id:
                self._joined()
            case "ack":
                self._answered(Answer(body, refused=False))
            case "error" | "permission_denied":
                self._failed(body)
            case "subscribed":
                self.subscribed = body
                self.history.note("subscribed", seq=body["seq"], recovered=body["recovered"])
                if not body["recovered"]:
                    self.restarts()
            case _:
                self.told(kind, body)

    def _joined(self) -> None:
        if self.subscribed is not None:
            if not self._is_behind():
                self.history.note("live")
                self.caught_up(self.subscribed["seq"])
                self.live.set()
            self.joined.set()

    def _failed(self, body: Mapping[str, Any]) -> None:
        if body.get("request_id") == self._join_id:
            raise Lost
        self._answered(Answer(body, refused=True))

    def _answered(self, answer: Answer) -> None:
        request, waiting = self.request, self._answer
        if request is None or answer.body.get("request_id") != request.id:
            return
        if answer.refused:
            code = answer.body.get("error", answer.body.get("code"))
            more = {"code": code, "retry": answer.body.get("retry")}
            if NOBODY_KNOWS in answer.body.get("message", ""):
                more["unknown"] = True
            self.history.note("refused", op=request.id, **more)
        else:
            made = answer.body.get("feedback_id")
            more = {} if made is None else {"id": made}
            self.history.note("acked", op=request.id, seq=answer.body["seq"], **more)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)
