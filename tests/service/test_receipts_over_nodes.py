"""Nobody misses the end of a task, however their connections are spread over nodes."""

from __future__ import annotations

import asyncio
from itertools import count

import pytest
from tests.ports.store_kit import ANA, append, outcome
from tests.ports.tasks_contract import PROJECT, end, new

from workroom.adapters.clock import LoopClock
from workroom.adapters.store import MemoryStore
from workroom.core.events import TaskCompleted
from workroom.ids import ConnectionId
from workroom.ports.store import Appended
from workroom.service.receipts import ALONE, Receipts


class Nodes:
    """Nodes on one store, and what Ana was told on each connection of what had ended before."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.clock = LoopClock(asyncio.get_running_loop())
        self.told: dict[ConnectionId, list[int]] = {}
        self.seq = 0
        self._numbers = count(1)

    def node(self, name: str) -> Receipts:
        def tell(_room: object, connection: ConnectionId, event: TaskCompleted) -> None:
            self.told[connection].append(event.seq)

        return Receipts(self.store, self.clock, tell, name)

    async def ends(self) -> int:
        """A task begins and ends; the number of that entry."""
        name = f"t{self.seq}"
        begun = append(PROJECT, self.seq, tasks_started=(new(name),))
        assert await outcome(self.store, begun) == Appended(self.seq + 1)
        settled = end(name, self.seq + 2, at=self.clock.now().wall)
        result = await outcome(self.store, append(PROJECT, self.seq + 1, tasks_settled=(settled,)))
        assert isinstance(result, Appended)
        self.seq += 2
        return self.seq

    async def joins(self, node: Receipts) -> ConnectionId:
        """Ana joins, and hears what she is owed."""
        connection = ConnectionId(next(self._numbers))
        self.told[connection] = []
        node.joined(PROJECT, connection, ANA, self.seq)
        await settled(node)
        return connection

    async def reads(self, node: Receipts, connection: ConnectionId) -> None:
        """The pong behind the last that was told comes back."""
        node.proven(PROJECT, connection, self.seq)
        await settled(node)

    async def goes(self, node: Receipts, connection: ConnectionId) -> None:
        node.left(PROJECT, connection)
        await settled(node)


async def settled(node: Receipts) -> None:
    """Everything that was begun is stored."""
    while node._tasks or node.unwritten:
        await asyncio.sleep(0)


@pytest.fixture
async def nodes() -> Nodes:
    return Nodes()


async def test_who_read_it_on_one_node_does_not_answer_for_a_broken_line_to_another(
    nodes: Nodes,
) -> None:
    a, b = nodes.node("a"), nodes.node("b")
    reading, broken = await nodes.joins(a), await nodes.joins(b)
    missed = await nodes.ends()
    await nodes.reads(a, reading)
    await nodes.goes(b, broken)
    for node in (a, nodes.node("c")):
        again = await nodes.joins(node)
        assert nodes.told[again] == [missed], "wherever it comes back, until it was read"
        await nodes.goes(node, again)


async def test_what_was_not_read_on_a_node_that_died_is_told_by_another(nodes: Nodes) -> None:
    a, b = nodes.node("a"), nodes.node("b")
    reading, _ = await nodes.joins(a), await nodes.joins(b)
    missed = await nodes.ends()
    await nodes.reads(a, reading)
    again = await nodes.joins(a)  # b is no more, and nobody was told
    assert nodes.told[again] == [missed]


async def test_what_was_read_is_told_no_more_wherever_one_goes(nodes: Nodes) -> None:
    a, b = nodes.node("a"), nodes.node("b")
    first = await nodes.joins(a)
    await nodes.ends()
    await nodes.reads(a, first)
    await nodes.goes(a, first)
    while_away = await nodes.ends()
    second = await nodes.joins(b)
    assert nodes.told[second] == [while_away]
    await nodes.reads(b, second)
    await nodes.goes(b, second)
    for node in (a, b, nodes.node("c")):
        again = await nodes.joins(node)
        assert nodes.told[again] == []
        await nodes.goes(node, again)


async def test_a_line_that_breaks_after_another_node_took_over_is_not_forgotten(
    nodes: Nodes,
) -> None:
    a, b = nodes.node("a"), nodes.node("b")
    silent = await nodes.joins(b)
    missed = await nodes.ends()
    first = await nodes.joins(a)  # and has b's mark from now on
    assert nodes.told[first] == [missed]
    await nodes.reads(a, first)
    await nodes.goes(b, silent)
    again = await nodes.joins(a)
    assert nodes.told[again] == [missed]


@pytest.mark.parametrize("name", [ALONE, "a"])
async def test_a_page_comes_back_before_its_line_is_seen_to_break(nodes: Nodes, name: str) -> None:
    node = nodes.node(name)
    silent = await nodes.joins(node)
    missed = await nodes.ends()
    again = await nodes.joins(node)
    assert nodes.told[again] == [missed]
    await nodes.reads(node, again)
    await nodes.goes(node, silent)


async def test_a_further_page_is_told_of_nothing_that_the_first_has_read(nodes: Nodes) -> None:
    node = nodes.node(ALONE)
    first = await nodes.joins(node)
    await nodes.ends()
    await nodes.reads(node, first)
    assert nodes.told[await nodes.joins(node)] == []


async def test_a_lone_server_goes_on_where_it_was_before_its_restart(nodes: Nodes) -> None:
    before = nodes.node(ALONE)
    first = await nodes.joins(before)
    await nodes.ends()
    await nodes.reads(before, first)
    missed = await nodes.ends()
    after = nodes.node(ALONE)
    again = await nodes.joins(after)
    assert nodes.told[again] == [missed]
