"""The garbage collector runs when much has stayed for a while, and rather when it is quiet."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from workroom.service.collector import CALM, EVERY, PASSES, WHILE, Collector, CollectorRules
from workroom.testing.clock import FakeClock

RULES = CollectorRules(young=5_000, most_young=20_000, grown=10_000, most_grown=400_000)


class Ring:
    """An object that only the collector frees."""

    def __init__(self) -> None:
        self.itself = self


class World:
    """A process in which time passes as the test says, and the loop is at work as it says."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.spent = 0.0
        self.collector = Collector(self.clock, lambda: self.spent, RULES)
        self.collector.start()

    def passes(self, times: int = WHILE, *, busy: bool = False) -> None:
        for _ in range(times):
            self.spent += EVERY if busy else 0.0
            self.clock.advance(EVERY)


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.collector.stop()


def lost_ring() -> weakref.ref[Ring]:
    return weakref.ref(Ring())


def things(count: int) -> list[list[int]]:
    return [[] for _ in range(count)]


def test_what_stays_for_a_while_is_looked_through_when_it_is_quiet(world: World) -> None:
    ring, _stays = lost_ring(), things(2 * RULES.young)
    world.passes(WHILE - 1)
    assert ring() is not None
    world.passes(1)
    assert ring() is None


def test_nothing_is_looked_through_when_it_starts() -> None:
    looks: list[str] = []

    def look(phase: str, _: object) -> None:
        looks.append(phase)

    gc.disable()  # so that nobody but the collector could look
    gc.callbacks.append(look)
    try:
        world = World()
    finally:
        gc.callbacks.remove(look)
    world.collector.stop()
    assert looks == []


def test_what_comes_and_goes_is_not_looked_through(world: World) -> None:
    ring = lost_ring()
    for _ in range(5):
        on_its_way = things(2 * RULES.most_young)
        world.passes(WHILE - 1)
        del on_its_way
        world.passes(1)
    assert ring() is not None


def test_little_is_not_looked_through(world: World) -> None:
    ring, _stays = lost_ring(), things(RULES.young // 2)
    world.passes(10 * WHILE)
    assert ring() is not None


def test_it_waits_for_a_quiet_moment(world: World) -> None:
    ring, _stays = lost_ring(), things(2 * RULES.young)
    world.passes(10 * WHILE, busy=True)
    assert ring() is not None
    world.passes(1)
    assert ring() is None


def test_it_does_not_wait_for_ever(world: World) -> None:
    ring, _stays = lost_ring(), things(2 * RULES.most_young)
    world.passes(busy=True)
    assert ring() is None


def test_who_works_is_not_stopped_again_and_again_for_nothing(world: World) -> None:
    stays = []
    for turn in range(PASSES + 2):
        ring = lost_ring()
        stays.append(things(RULES.most_young + RULES.most_young // 4))
        world.passes(busy=True)
        assert (ring() is None) == (turn in {0, PASSES + 1})


def test_where_it_finds_much_it_looks_again(world: World) -> None:
    for _ in range(3):
        rings = [lost_ring() for _ in range(RULES.most_young)]
        _stays = things(2 * RULES.most_young)
        world.passes(busy=True)
        assert not any(ring() for ring in rings)


def _outlives_its_youth(world: World) -> weakref.ref[Ring]:
    """A ring that is lost after it was looked through."""
    ring, _stays = Ring(), things(2 * RULES.young)
    found = weakref.ref(ring)
    world.passes()
    return found


def test_what_was_lost_later_is_found_after_a_quiet_time(world: World) -> None:
    most = max(gc.get_freeze_count() // 2, RULES.grown)
    ring = _outlives_its_youth(world)
    stays = [things(most // 2)]
    world.passes(CALM)
    assert ring() is not None
    stays.append(things(most))
    world.passes(1, busy=True)
    world.passes(CALM - 1)
    assert ring() is not None
    world.passes(1)
    assert ring() is None


def test_what_was_lost_later_is_found_at_any_time_when_there_is_twice_as_much(
    world: World,
) -> None:
    most = max(gc.get_freeze_count(), RULES.most_grown)
    ring = _outlives_its_youth(world)
    stays = [things(3 * most // 4)]
    world.passes(busy=True)
    assert ring() is not None
    stays.append(things(most))
    world.passes(busy=True)
    assert ring() is None


def test_what_was_put_away_and_freed_since_does_not_count(world: World) -> None:
    most = max(gc.get_freeze_count(), RULES.most_grown)
    ring = _outlives_its_youth(world)
    for _ in range(5):
        _come_and_go = things(most // 2)
        world.passes(busy=True)
        del _come_and_go
    assert ring() is not None


def test_at_the_end_the_interpreter_does_as_before() -> None:
    world = World()
    assert not gc.isenabled()
    world.collector.stop()
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
    gc.disable()  # so that nobody but the collector could find the ring
    try:
        ring, _stays = lost_ring(), things(2 * RULES.most_young)
        world.passes()
        assert ring() is not None
    finally:
        gc.enable()
