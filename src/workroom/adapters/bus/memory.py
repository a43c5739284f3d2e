"""A bus within one process: that of a node which is alone, and one to put several nodes on.

Tests can have the wire lose, double and shuffle messages, and cut it (``Wire``).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

from workroom.errors import Unavailable
from workroom.ports.bus import Ear

DOWN: Final = "the bus is cut"

Message = tuple[str, bytes]
Carrier = Callable[[Sequence[Message]], Sequence[Message]]
"""What arrives of the messages of one turn."""


def faithfully(messages: Sequence[Message]) -> Sequence[Message]:
    """Everything, in order, once."""
    return messages


class Wire:
    """What the buses of several nodes hang on. Messages arrive in the next turn of the loop."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock`` is for leases, in seconds."""
        self.carry: Carrier = faithfully
        """Tests put one here that loses, doubles or shuffles; each node's share on its own."""
        self._buses: list[MemoryBus] = []
        self._clock = clock
        self._leases: dict[str, float] = {}
        self._kept: dict[tuple[str, str], tuple[bytes, float]] = {}

    def attach(self, bus: MemoryBus) -> None:
        """A bus joins."""
        self._buses.append(bus)

    def detach(self, bus: MemoryBus) -> None:
        """A bus leaves."""
        self._buses.remove(bus)

    def send(self, messages: Sequence[Message]) -> None:
        """Bring these to every bus that is not cut off."""
        for bus in tuple(self._buses):
            if bus.up:
                bus.arrive(self.carry(messages))

    def keep(self, topic: str, node: str, message: bytes, seconds: float) -> None:
        """A node has this to say for so long."""
        self._kept[topic, node] = (message, self._clock() + seconds)

    def kept(self, topics: Sequence[str], nodes: Sequence[str]) -> dict[str, list[bytes]]:
        """What nodes have to say."""
        now, found = self._clock(), {}
        for topic in topics:
            every = [self._kept.get((topic, node), (b"", now)) for node in nodes]
            found[topic] = [message for message, until in every if until > now]
        return {topic: messages for topic, messages in found.items() if messages}

    def renew(self, node: str, seconds: float) -> None:
        """A node lives for so long."""
        self._leases[node] = self._clock() + seconds

    def give_up(self, node: str) -> None:
        """A node ended."""
        self._leases.pop(node, None)

    def living(self, nodes: Collection[str]) -> frozenset[str]:
        """Those that live."""
        now = self._clock()
        return frozenset(node for node in nodes if self._leases.get(node, now) > now)


class MemoryBus:
    """One node's end of a wire; without one, the bus of a node that is alone."""

    def __init__(self, wire: Wire | None = None) -> None:
        self._wire = wire
        self._ear: Ear | None = None
        self._topics: set[str] = set()
        self._waiting: list[Message] = []
        self._cut = False

    @property
    def alone(self) -> bool:
        """There is no wire."""
        return self._wire is None

    @property
    def up(self) -> bool:
        """It was opened, and not cut."""
        return self._ear is not None and not self._cut

    async def open(self, ear: Ear) -> None:
        """Begin to listen."""
        self._ear = ear
        if self._wire is not None:
            self._wire.attach(self)
            ear.reconnected()

    async def subscribe(self, topic: str) -> None:
        """Hear this topic."""
        self._topics.add(topic)

    def unsubscribe(self, topic: str) -> None:
        """Do not hear it any longer."""
        self._topics.discard(topic)

    def publish(self, topic: str, message: bytes) -> None:
        """Say something; lost while the bus is cut."""
        if self._wire is None or not self.up:
            return
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._send)
        self._waiting.append((topic, message))

    def _send(self) -> None:
        waiting, self._waiting = self._waiting, []
        if self._wire is not None and self.up:
            self._wire.send(waiting)

    def arrive(self, messages: Sequence[Message]) -> None:
        """The wire brought these."""
        for topic, message in messages:
            if self._ear is not None and topic in self._topics:
                self._ear.heard(topic, message)

    def keep(self, topic: str, node: str, message: bytes, seconds: float) -> None:
        """Have something found; not while the bus is cut."""
        if self._wire is not None and self.up:
            self._wire.keep(topic, node, message, seconds)

    async def kept(
        self, topics: Sequence[str], nodes: Sequence[str]
    ) -> Mapping[str, Sequence[bytes]]:
        """What these nodes have to say of these topics."""
        return self._reach().kept(topics, nodes)

    async def renew(self, node: str, seconds: float) -> None:
        """This node lives."""
        self._reach().renew(node, seconds)

    async def give_up(self, node: str) -> None:
        """This node ends."""
        self._reach().give_up(node)

    async def living(self, nodes: Collection[str]) -> frozenset[str]:
        """Those of these nodes that live."""
        return self._reach().living(nodes)

    def _reach(self) -> Wire:
        if self._wire is None or not self.up:
            raise Unavailable(DOWN)
        return self._wire

    async def close(self) -> None:
        """Say what was to be said, and let go."""
        self._send()
        if self._wire is not None and self._ear is not None:
            self._wire.detach(self)
        self._ear = None

    # For tests

    def cut(self) -> None:
        """From now on nothing comes or goes; what was said and not sent is lost."""
        self._cut = True
        self._waiting.clear()

    def mend(self) -> None:
        """Work again."""
        self._cut = False
        if self._ear is not None:
            self._ear.reconnected()
