"""Time in tests moves only by hand, and keeps its appointments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workroom.ports.clock import Clock
from workroom.testing.clock import FakeClock


def test_it_is_what_the_port_asks_for(clock: FakeClock) -> None:
    port: Clock = clock
    assert port.now() == (1000.0, 1_767_225_600_000)


def test_both_clocks_move_together(clock: FakeClock) -> None:
    clock.advance(1.5)
    assert clock.now() == (1001.5, 1_767_225_601_500)
    clock.move_wall(-10)
    assert clock.now() == (1001.5, 1_767_225_591_500)


def test_a_call_is_made_at_its_moment_and_not_before(clock: FakeClock) -> None:
    seen: list[float] = []
    clock.call_at(1002.0, lambda: seen.append(clock.tick))
    clock.advance(1.9)
    assert seen == []
    clock.advance(5)
    assert seen == [1002.0]
    assert clock.tick == 1006.9


def test_a_cancelled_call_is_not_made(clock: FakeClock) -> None:
    timer = clock.call_at(1001.0, pytest.fail)
    assert clock.next_due == 1001.0
    timer.cancel()
    assert clock.next_due is None
    clock.advance(5)
    timer.cancel()


def test_a_call_may_arrange_another_that_is_due_too(clock: FakeClock) -> None:
    seen: list[float] = []

    def again() -> None:
        seen.append(clock.tick)
        clock.call_at(clock.tick + 1, again)

    clock.call_at(1001.0, again)
    clock.advance(3)
    assert seen == [1001.0, 1002.0, 1003.0]


def test_soon_is_before_any_timer_and_in_order(clock: FakeClock) -> None:
    seen: list[str] = []
    clock.call_at(1000.0, lambda: seen.append("timer"))
    clock.call_soon(lambda: seen.append("first"))
    clock.call_soon(lambda: clock.call_soon(lambda: seen.append("third")))
    clock.call_soon(lambda: seen.append("second"))
    assert seen == []
    clock.advance()
    assert seen == ["first", "second", "third", "timer"]


def test_time_does_not_go_back(clock: FakeClock) -> None:
    with pytest.raises(ValueError, match="back"):
        clock.advance(-1)


@given(st.lists(st.floats(0, 100), max_size=20), st.lists(st.floats(0, 30), max_size=10))
def test_law_calls_are_made_in_the_order_of_their_time(
    dues: list[float], steps: list[float]
) -> None:
    clock = FakeClock(tick=0.0)
    made: list[tuple[float, int]] = []
    for order, due in enumerate(dues):
        clock.call_at(due, lambda due=due, order=order: made.append((due, order)))  # type: ignore[misc]
    for step in [0.0, *steps]:
        clock.advance(step)
    expected = sorted((due, order) for order, due in enumerate(dues) if due <= clock.tick)
    assert made == expected
