"""A right that is taken away on one node ends on the other: at once by the bus, soon without it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from hub_kit import ESSAY, Member
from nodes_kit import Cluster, cluster, until
from workroom.core.commands import SetRight
from workroom.errors import PermissionDenied
from workroom.testing.clock import FakeClock


class HandClock(FakeClock):
    """Time is moved by hand; the next turn of the loop comes by itself."""

    def call_soon(self, callback: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_soon(callback)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def two(clock: HandClock) -> AsyncIterator[Cluster]:
    made = await cluster(clock=clock)
    yield made
    await made.stop()


async def _both_are_there(two: Cluster) -> tuple[Member, Member]:
    emma = await two.nodes[0].joins(two.people[0])
    jane = await two.nodes[1].joins(two.people[1])
    assert jane.rooms == {ESSAY}
    return emma, jane


async def test_with_the_bus_no_time_passes(two: Cluster) -> None:
    emma, jane = await _both_are_there(two)

    await emma.asks(SetRight(jane.user, None), "away")
    await until(lambda: not jane.rooms)


async def test_without_the_bus_it_takes_a_second(two: Cluster, clock: HandClock) -> None:
    emma, jane = await _both_are_there(two)
    two.nodes[1].bus.cut()

    await emma.asks(SetRight(jane.user, None), "away")
    assert jane.rooms == {ESSAY}
    clock.advance(1.0)
    await until(lambda: not jane.rooms)


async def test_where_the_bus_lost_the_message_it_takes_five_seconds(
    two: Cluster, clock: HandClock
) -> None:
    emma, jane = await _both_are_there(two)
    two.wire.carry = lambda _: ()

    await emma.asks(SetRight(jane.user, None), "away")
    for _ in range(5):
        clock.advance(1.0)
    await until(lambda: not jane.rooms)


async def test_what_was_sent_before_the_node_had_heard_of_it_is_refused(two: Cluster) -> None:
    """The store is asked first: what the other node appended comes before what is decided here."""
    emma, jane = await _both_are_there(two)
    two.nodes[1].bus.cut()
    await emma.asks(SetRight(jane.user, None), "away")

    two.nodes[1].saves(jane, "one last word", "late")
    await until(lambda: bool(jane.refusals))

    assert [type(each) for each in jane.refusals] == [PermissionDenied]
    assert two.nodes[0].room.confirmed.text == ""
