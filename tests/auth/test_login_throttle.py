"""Ten tries a minute; nobody is shut out by somebody else; memory is bounded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workroom.errors import RateLimited
from workroom.service.accounts.throttle import LoginThrottle, Throttle


def allowed(throttle: LoginThrottle, name: str, address: str, tick: float) -> bool:
    try:
        throttle.take(name, address, tick)
    except RateLimited:
        return False
    return True


def test_ten_tries_a_minute_then_the_time_to_wait() -> None:
    throttle = LoginThrottle()
    tries = [allowed(throttle, "emma", "192.0.2.1", tick=n / 100) for n in range(1000)]
    assert tries == [True] * 10 + [False] * 990
    with pytest.raises(RateLimited) as caught:
        throttle.take("emma", "192.0.2.1", tick=20.0)
    assert caught.value.retry_after == 40.0
    assert allowed(throttle, "emma", "192.0.2.1", tick=60.0)


def test_another_spelling_of_a_name_is_no_way_around() -> None:
    throttle = LoginThrottle(2)
    names = ("emma", "EMMA", "Emma", "\uff45mma", "\U0001d41emma")
    assert [allowed(throttle, name, "192.0.2.1", 0) for name in names] == [True] * 2 + [False] * 3


def test_who_types_anothers_name_does_not_shut_them_out() -> None:
    throttle = LoginThrottle()
    for _ in range(1000):
        allowed(throttle, "emma", "192.0.2.66", 0)
    assert allowed(throttle, "emma", "192.0.2.1", 0)
    assert allowed(throttle, "mike", "192.0.2.66", 0)


def test_guessing_one_name_from_many_addresses_is_bounded() -> None:
    throttle = LoginThrottle()
    tries = [allowed(throttle, "emma", f"192.0.{n // 200}.{n % 200}", 0) for n in range(1000)]
    assert sum(tries) == 100


def test_guessing_many_names_from_one_address_is_bounded() -> None:
    throttle = LoginThrottle()
    assert sum(allowed(throttle, f"user{n}", "192.0.2.1", 0) for n in range(1000)) == 100


def test_a_school_behind_one_address_can_log_in() -> None:
    throttle = LoginThrottle()
    for n in range(1000):
        assert allowed(throttle, f"user{n}", "192.0.2.1", 0)
        throttle.succeeded(f"user{n}", "192.0.2.1")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("unix", "testclient", False),
    ],
)
def test_an_ipv6_network_counts_as_one_address(one: str, other: str, *, same: bool) -> None:
    throttle = LoginThrottle(1)
    throttle.take("emma", one, 0)
    assert allowed(throttle, "emma", other, 0) is not same


def test_memory_is_bounded_and_given_back() -> None:
    throttle = Throttle(10, 60.0, max_keys=100)
    for n in range(1000):
        throttle.take(str(n), n / 1000)
    assert len(throttle) == 100
    throttle.forget_expired(30.0)
    assert len(throttle) == 100
    throttle.forget_expired(61.0)
    assert len(throttle) == 0


def test_names_of_a_megabyte_are_not_kept_whole() -> None:
    throttle = LoginThrottle(1)
    throttle.take("x" * 1_000_000, "y" * 1_000_000, 0)
    assert sum(len(key) for key in throttle._pairs._uses) < 1000


@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 30)), max_size=60))
def test_law_no_window_ever_sees_more_than_the_limit(tries: list[tuple[str, float]]) -> None:
    throttle = Throttle(3, 10.0)
    tick, taken = 0.0, []
    for key, pause in tries:
        tick += pause
        if throttle.wait(key, tick) == 0:
            throttle.take(key, tick)
            taken.append((key, tick))
        else:
            with pytest.raises(RateLimited):
                throttle.take(key, tick)
    for key, begin in taken:
        inside = [at for other, at in taken if other == key and begin <= at and at - begin < 9.999]
        assert len(inside) <= 3
