"""Log-in and renewal: who is let in, for how long, and what a thief gains."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from auth_kit import NOW, hs256
from house_kit import EMMA, HOME, MIKE, House, furnished
from workroom.errors import (
    NotAuthenticated,
    RateLimited,
)
from workroom.ids import SessionId
from workroom.service.accounts.accounts import NO_SUCH_ACCOUNT, TokenPair
from workroom.testing.clock import FakeClock

pytestmark = pytest.mark.asyncio


async def test_the_right_password_lets_in(clock: FakeClock) -> None:
    house = await furnished(clock)
    pair = await house.emma()
    known = await house.accounts.authenticate(pair.access)
    assert (known.user.id, known.user.name) == (EMMA, "Emma Brown")
    assert known.expires == pair.access_expires == NOW + 3600
    assert pair.refresh_expires == NOW + 14 * 86_400


async def test_names_are_compared_without_case_and_in_normal_form(clock: FakeClock) -> None:
    house = await furnished(clock)
    await house.accounts.create_user("zo\u00eb", "pa\u00dfw\u00f6rter")
    assert await house.accounts.login("EMMA", "emma's word", HOME)
    assert await house.accounts.login("zoe\u0308", "pa\u00dfwo\u0308rter", HOME)


async def refusal(house: House, name: str, password: str) -> tuple[str, int]:
    """The words of the refusal, and how many hashes it cost."""
    before = len(house.hasher.checks)
    with pytest.raises(NotAuthenticated) as caught:
        await house.accounts.login(name, password, HOME)
    return str(caught.value), len(house.hasher.checks) - before


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("emma", "wrong"),
        ("emma", ""),
        ("emma", "emma's word" * 1000),
        ("nobody", "emma's word"),
        ("gone", "gone's word"),
        ("vouched", "anything"),
        ("", "x"),
        ("x" * 1_000_000, "x"),
        ("emma\0", "emma's word"),
        ("emma' OR 1=1", "x"),
        ("emma\ud800", "\ud800"),
    ],
)
async def test_every_refused_log_in_sounds_the_same_and_costs_one_hash(
    clock: FakeClock, name: str, password: str
) -> None:
    house = await furnished(clock)
    gone = await house.accounts.create_user("gone", "gone's word")
    await house.accounts.create_user("vouched", None)
    house.store.disable(gone.id)
    assert await refusal(house, name, password) == (NO_SUCH_ACCOUNT, 1)
    assert house.store.open_sessions == []


async def test_what_is_not_there_is_checked_against_nothing(clock: FakeClock) -> None:
    house = await furnished(clock)
    await refusal(house, "nobody", "x")
    await refusal(house, "emma", "x" * 1001)
    assert house.hasher.checks == [("x", None), ("", None)]


async def test_the_eleventh_try_in_a_minute_has_to_wait_and_costs_no_hash(clock: FakeClock) -> None:
    house = await furnished(clock)
    for _ in range(10):
        await refusal(house, "emma", "wrong")
    with pytest.raises(RateLimited) as caught:
        await house.emma()
    assert caught.value.retry_after == 60
    assert len(house.hasher.checks) == 10
    assert await house.accounts.login("emma", "emma's word", "192.0.2.2")
    assert await house.accounts.login("mike", "mike's word", HOME)
    clock.advance(60)
    assert await house.emma()


async def test_tries_at_the_same_time_count_too(clock: FakeClock) -> None:
    house = await furnished(clock)
    tries = [house.accounts.login("emma", "wrong", HOME) for _ in range(100)]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(answer, RateLimited) for answer in answers) == 90


async def test_a_log_in_with_the_old_password_does_not_outrun_its_change(clock: FakeClock) -> None:
    house = await furnished(clock)
    log_in = asyncio.ensure_future(house.emma())
    while not house.hasher.checks:
        await asyncio.sleep(0)
    await house.accounts.set_password(EMMA, "another word")
    with pytest.raises(NotAuthenticated):
        await log_in
    assert house.store.open_sessions == []


async def test_a_refresh_token_gives_new_tokens_of_the_same_session(clock: FakeClock) -> None:
    house = await furnished(clock)
    first = await house.emma()
    clock.advance(3600)
    assert not await house.is_in(first.access)
    second = await house.accounts.refresh(first.refresh)
    assert await house.is_in(second.access)
    assert {first.access, first.refresh}.isdisjoint({second.access, second.refresh})
    assert second.refresh_expires == NOW + 3600 + 14 * 86_400
    third = await house.accounts.refresh(second.refresh)
    assert await house.session(third.access) == await house.session(second.access)


async def test_a_refresh_token_used_twice_ends_the_session_for_both(clock: FakeClock) -> None:
    house = await furnished(clock)
    stolen = await house.emma()
    session = await house.session(stolen.access)
    renewed = await house.accounts.refresh(stolen.refresh)
    with pytest.raises(NotAuthenticated):
        await house.accounts.refresh(stolen.refresh)
    assert house.ended == [session]
    assert not await house.is_in(renewed.access)
    with pytest.raises(NotAuthenticated):
        await house.accounts.refresh(renewed.refresh)
    assert house.ended == [session]


async def test_of_many_renewals_at_once_at_most_one_is_granted(clock: FakeClock) -> None:
    house = await furnished(clock)
    pair = await house.emma()
    renewals = [house.accounts.refresh(pair.refresh) for _ in range(20)]
    answers = await asyncio.gather(*renewals, return_exceptions=True)
    assert sum(isinstance(answer, TokenPair) for answer in answers) <= 1
    assert len(house.ended) == 1


async def test_a_renewal_does_not_outrun_a_log_out(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = await furnished(clock)
    pair = await house.emma()
    session, rotate = await house.session(pair.access), house.store.rotate_session

    async def slowly(name: SessionId, old: str, new: str, expires: int) -> bool:
        rotated = await rotate(name, old, new, expires)
        house.accounts.learn_revoked(session)
        return rotated

    monkeypatch.setattr(house.store, "rotate_session", slowly)
    with pytest.raises(NotAuthenticated):
        await house.accounts.refresh(pair.refresh)


async def test_an_access_token_renews_nothing_and_a_refresh_token_opens_nothing(
    clock: FakeClock,
) -> None:
    house = await furnished(clock)
    pair = await house.emma()
    with pytest.raises(NotAuthenticated):
        await house.accounts.refresh(pair.access)
    assert not await house.is_in(pair.refresh)
    assert await house.accounts.refresh(pair.refresh)


async def test_a_refresh_token_expires(clock: FakeClock) -> None:
    house = await furnished(clock, access_lifetime=60, refresh_lifetime=120)
    pair = await house.emma()
    clock.advance(120)
    with pytest.raises(NotAuthenticated):
        await house.accounts.refresh(pair.refresh)


@pytest.mark.parametrize(
    "claims", [{}, {"jti": "1"}, {"sid": "s"}, {"sid": "s", "jti": "1"}, {"user_id": 99}]
)
async def test_a_refresh_token_of_elsewhere_is_not_ours_to_renew(
    clock: FakeClock, claims: dict[str, Any]
) -> None:
    house = await furnished(clock, provision=True)
    with pytest.raises(NotAuthenticated):
        await house.accounts.refresh(hs256(token_type="refresh", **claims))
    assert set(house.store.accounts) == {EMMA, MIKE}
    assert house.ended == []


async def test_a_disabled_user_renews_nothing(clock: FakeClock) -> None:
    house = await furnished(clock)
    pair = await house.emma()
    session = await house.session(pair.access)
    house.store.disable(EMMA)
    with pytest.raises(NotAuthenticated):
        await house.accounts.refresh(pair.refresh)
    assert house.ended == [session] and house.ended_users == [EMMA]
