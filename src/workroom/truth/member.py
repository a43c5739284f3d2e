"""What all clients of the tool have in common: they connect, lose the connection, and come back.

A client has one request under way at a time, and sends it again under its old ``request_id`` until
it is answered, as a good client does.
"""

from __future__ import annotations

import asyncio
import random
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

from workroom.truth.history import History, digest
from workroom.truth.plan import Part
from workroom.truth.sockets import TROUBLE, Ghosts, Link, opened

SILENCE: Final = 8.0
"""Seconds without a word after which the server is asked whether it is there; and for an answer."""
LONGEST_WAIT: Final = 3.0
ANSWER: Final = 20.0
"""In which a request is answered on a connection that lives."""
SLOW: Final = (2.0, 9.0)
FAULTS: Final = ("reset", "reset", "vanish", "deaf", "goodbye")
"""What clients do to their connections, besides reading slowly."""


class Lost(Exception):
    """The connection is not to be used any more."""


@dataclass(slots=True)
class Desk:
    """What the clients of one process share."""

    nodes: Sequence[str]
    """``ws://host:port`` of each node."""
    began: float
    ghosts: Ghosts = field(default_factory=Ghosts)
    told: set[tuple[str, int]] = field(default_factory=set)
    """Texts that were written down, by room and number."""
    settling: bool = False
    """Nothing new is begun, and nothing broken."""
    over: asyncio.Event = field(default_factory=asyncio.Event)
    events: int = 0
    requests: int = 0
    answers: int = 0
    drops: int = 0


class Member(ABC):
    """One client."""

    protocols: Sequence[str] = ("workroom.v1",)

    def __init__(self, part: Part, desk: Desk, history: History) -> None:
        self.part, self.desk, self.history = part, desk, history
        self.chance = random.Random(part.seed)
        self.link: Link | None = None
        self.heard = 0.0
        self._attempt = self._numbers = 0

    # ---- what a kind of client adds -------------------------------------------------------------

    @property
    @abstractmethod
    def idle(self) -> bool:
        """Caught up, and nothing is under way."""

    @property
    @abstractmethod
    def shown(self) -> str | None:
        """The hash of the text that it shows; None where there is no text."""

    @property
    @abstractmethod
    def path(self) -> str:
        """Of the address."""

    @abstractmethod
    async def arrives(self, link: Link) -> None:
        """The connection is open."""

    @abstractmethod
    async def acts(self, link: Link) -> None:
        """Do things, for as long as the connection is open."""

    @abstractmethod
    async def hears(self, message: str | bytes) -> None:
        """A message came."""

    @abstractmethod
    def left(self) -> None:
        """The connection is gone."""

    # ---- the life of all ------------------------------------------------------------------------

    def new_id(self) -> str:
        """A ``request_id`` or a mark that is nobody else's."""
        self._numbers += 1
        return f"{self.part.name}.{self._numbers}"

    async def lives(self) -> None:
        """Until the run is over."""
        await asyncio.sleep(self.chance.uniform(0, 1))
        while not self.desk.over.is_set():
            with suppress(*TROUBLE, Lost):
                async with self._connected() as link:
                    await self._uses(link)
            self._attempt += 1
            wait = self.chance.uniform(0, min(LONGEST_WAIT, 0.1 * 2.0 ** min(self._attempt, 8)))
            await asyncio.sleep(wait)

    def ends(self) -> None:
        """Write down what it ends with."""
        more = {} if self.shown is None else {"hash": self.shown}
        self.history.note("end", **more)
        self.history.close()

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Link]:
        node = self.chance.choice(self.desk.nodes)
        protocols = [*self.protocols, f"bearer.{self.part.person.token}"]
        url = f"{node}{self.path}"
        if not self.protocols:
            protocols, url = [], f"{url}?token={self.part.person.token}"
        async with opened(url, protocols, self.desk.ghosts, small=self.part.slow) as link:
            self.link, self.heard = link, _now()
            self.history.note("open", node=node)
            try:
                yield link
            finally:
                self.link = None
                self.desk.drops += 1
                self.left()
                self.history.note("closed", code=link.socket.close_code)

    async def _uses(self, link: Link) -> None:
        await self.arrives(link)
        tasks: list[asyncio.Future[None]] = [
            asyncio.ensure_future(work)
            for work in (
                self._reads(link),
                self.acts(link),
                self._watches(link),
                self._breaks(link),
            )
        ]
        over: asyncio.Future[Any] = asyncio.ensure_future(self.desk.over.wait())
        try:
            await asyncio.wait([*tasks, over], return_when=asyncio.FIRST_COMPLETED)
            ended = [task for task in tasks if task.done()]
        finally:
            for each in (*tasks, over):
                each.cancel()
            await asyncio.gather(*tasks, over, return_exceptions=True)
        for task in ended:
            task.result()

    async def _reads(self, link: Link) -> None:
        async for message in link.hears():
            self.heard, self._attempt = _now(), 0
            self.desk.events += 1
            await self.hears(message)
        raise Lost

    async def _watches(self, link: Link) -> None:
        while True:
            quiet = _now() - self.heard
            if quiet < SILENCE:
                await asyncio.sleep(SILENCE - quiet)
            elif await link.alive(SILENCE):
                self.heard = _now()
            else:
                self.history.note("fault", what="no answer")
                link.reset()
                raise Lost

    async def _breaks(self, link: Link) -> None:
        """Make trouble, now and then."""
        while self.part.trouble:
            await asyncio.sleep(self.chance.expovariate(1 / self.part.trouble))
            if self.desk.settling:
                break
            if self.part.slow and self.chance.random() < 0.5:
                self.history.note("fault", what="slow")
                await link.read_nothing(self.chance.uniform(*SLOW))
                continue
            what = self.chance.choice(FAULTS)
            self.history.note("fault", what=what)
            await self._break(link, what)
            raise Lost
        await asyncio.Event().wait()

    async def _break(self, link: Link, what: str) -> None:
        match what:
            case "vanish":
                link.vanish()
            case "deaf":
                # The server does what it is asked; the answers are lost.
                link.deafen()
                await asyncio.sleep(self.chance.uniform(0, 1.5))
                link.reset()
            case "goodbye":
                pass
            case _:
                link.reset()

    async def thinks(self) -> None:
        """Until the next thing to do."""
        await asyncio.sleep(self.chance.expovariate(1 / self.part.think))

    def read(self, content: str, seq: int | None) -> None:
        """Write down that the text was told."""
        self.history.note("text", **self._seen(content, seq))

    def _seen(self, content: str, seq: int | None) -> dict[str, object]:
        record: dict[str, object] = {"hash": digest(content)}
        if seq is None:
            return record
        record["seq"] = seq
        key = self.part.room.name, seq
        if key not in self.desk.told:
            self.desk.told.add(key)
            record["text"] = content
        return record


def _now() -> float:
    return asyncio.get_running_loop().time()
