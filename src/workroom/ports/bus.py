"""What Workroom needs of a bus: short messages from node to node, and a sign that a node lives.

Messages may be lost, doubled, late and in any order. What is stored is never known from the bus
alone: a node that may have missed something reads the log. So all that the bus has to promise is to
say when it may have lost something that was meant for this node.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol


class Ear(Protocol):
    """Who listens on a node. Called on the event loop's thread."""

    def heard(self, topic: str, message: bytes) -> None:
        """A message came in, perhaps of this node itself."""

    def reconnected(self) -> None:
        """The bus can be heard and spoken to from here on; anything before may have been missed."""


class Bus(Protocol):
    """The bus, as one node has it."""

    @property
    def alone(self) -> bool:
        """There can be no other node: nobody need be told anything."""

    @property
    def up(self) -> bool:
        """Messages come and go, as far as is known."""

    async def open(self, ear: Ear) -> None:
        """Begin to listen. Returns at once when the bus is down, and goes on trying."""

    async def subscribe(self, topic: str) -> None:
        """Messages of this topic are heard from here on; while the bus is down, once it is up."""

    def unsubscribe(self, topic: str) -> None:
        """Messages of this topic are of no interest any longer."""

    def publish(self, topic: str, message: bytes) -> None:
        """Say something to every node that listens to the topic. Never blocks and never raises."""

    def keep(self, topic: str, node: str, message: bytes, seconds: float) -> None:
        """What this node has to say of the topic can be found for so long; 0: no longer.

        Never blocks and never raises; while the bus is down it does nothing.
        """

    async def kept(
        self, topics: Sequence[str], nodes: Sequence[str]
    ) -> Mapping[str, Sequence[bytes]]:
        """What these nodes keep there; topics of which there is nothing are left out.

        Raises Unavailable.
        """

    async def renew(self, node: str, seconds: float) -> None:
        """This node lives, for so long at least. Raises Unavailable."""

    async def give_up(self, node: str) -> None:
        """This node ends. Raises Unavailable."""

    async def living(self, nodes: Collection[str]) -> frozenset[str]:
        """Those of these nodes that live. Raises Unavailable."""

    async def close(self) -> None:
        """Say what was to be said, and let go."""
