"""Whom people may look for: a class in a minute, and not everybody there is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workroom.errors import RateLimited
from workroom.service.throttle import NewcomerThrottle


def allowed(throttle: NewcomerThrottle, asker: int, newcomer: str, tick: float) -> bool:
    try:
        throttle.take(asker, newcomer, tick)
    except RateLimited:
        return False
    return True


def test_thirty_people_a_minute_then_the_time_to_wait() -> None:
    throttle = NewcomerThrottle()
    assert [allowed(throttle, 1, f"@u{n}", n / 10) for n in range(60)] == [True] * 30 + [False] * 30
    with pytest.raises(RateLimited, match="at most 30 people") as caught:
        throttle.take(1, "@u99", 20.0)
    assert caught.value.retry_after == 40.0
    assert allowed(throttle, 1, "@u99", 60.0)
    assert not allowed(throttle, 1, "@u98", 60.0)


def test_the_same_person_counts_once_and_nobody_counts_for_somebody_else() -> None:
    throttle = NewcomerThrottle(2)
    assert [allowed(throttle, 1, name, 0) for name in ("a", "b", "a", "b", "c", "a")] == [
        *(True, True, True, True, False, True)
    ]
    assert allowed(throttle, 2, "c", 0)


def test_memory_is_bounded() -> None:
    throttle = NewcomerThrottle(1, max_keys=10)
    for asker in range(100):
        assert allowed(throttle, asker, "a", 0)
    assert len(throttle) == 10
    assert not allowed(throttle, 99, "b", 0)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 40)), max_size=60))
def test_in_no_window_are_there_more(steps: list[tuple[int, int]]) -> None:
    throttle, told, tick = NewcomerThrottle(3, window=10.0), list[tuple[int, int]](), 0
    for newcomer, later in steps:
        tick += later % 5
        if allowed(throttle, 1, str(newcomer), tick):
            told.append((tick, newcomer))
    for begin, _ in told:
        # Somebody asked for shortly before the window may be asked for again at no cost in it.
        new = {who for at, who in told if begin <= at < begin + 10}
        known = {who for at, who in told if begin - 10 < at < begin}
        assert len(new - known) <= 3
