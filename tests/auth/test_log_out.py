"""Log-out: at once, on every node, and for good."""

from __future__ import annotations

import asyncio

import pytest

from auth_kit import NOW, forged, hs256
from house_kit import EMMA, HOME, furnished
from workroom.errors import (
    InvalidMessage,
    NotAuthenticated,
    Unavailable,
)
from workroom.ids import SessionId
from workroom.testing.clock import FakeClock

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize("which", ["access", "refresh"])
async def test_logging_out_ends_the_session_at_once(clock: FakeClock, which: str) -> None:
    house = await furnished(clock)
    pair, other = await house.emma(), await house.emma()
    session = await house.session(pair.access)
    await house.accounts.revoke(getattr(pair, which))
    assert house.ended == [session]
    assert not await house.is_in(pair.access)
    assert await house.is_in(other.access)
    with pytest.raises(NotAuthenticated):
        await house.accounts.refresh(pair.refresh)


async def test_logging_out_twice_is_harmless_and_announced_once(clock: FakeClock) -> None:
    house = await furnished(clock)
    pair = await house.emma()
    await house.accounts.revoke(pair.refresh)
    await house.accounts.revoke(pair.access)
    assert len(house.ended) == 1


async def test_a_bad_token_logs_nobody_out(clock: FakeClock) -> None:
    house = await furnished(clock)
    pair = await house.emma()
    for token in ("", "a.b.c", pair.access[:-4] + "AAAA", forged(jti="1")):
        with pytest.raises(NotAuthenticated):
            await house.accounts.revoke(token)
    assert house.ended == [] and len(house.store.open_sessions) == 1


async def test_a_token_of_elsewhere_can_be_logged_out_if_it_names_a_session(
    clock: FakeClock,
) -> None:
    house = await furnished(clock)
    token = hs256(jti="theirs")
    assert await house.is_in(token)
    await house.accounts.revoke(token)
    assert not await house.is_in(token)
    assert house.ended == ["theirs"]
    assert await house.is_in(hs256())
    with pytest.raises(InvalidMessage) as caught:
        await house.accounts.revoke(hs256())
    assert caught.value.field == "token"


async def test_a_revoked_session_stays_revoked_until_its_last_token_is_over(
    clock: FakeClock,
) -> None:
    house = await furnished(clock, access_lifetime=60, refresh_lifetime=600)
    long = hs256(jti="long", exp=NOW + 100_000)
    await house.accounts.revoke(long)
    await house.accounts.revoke((await house.emma()).access)
    clock.advance(99_999)
    house.accounts.forget_expired()
    assert not await house.is_in(long)
    assert len(house.accounts._revocations._revoked) == 1
    clock.advance(10_000)
    house.accounts.forget_expired()
    assert len(house.accounts._revocations._revoked) == 0


async def test_a_session_revoked_during_the_look_up_is_refused(clock: FakeClock) -> None:
    house = await furnished(clock)
    pair = await house.emma()
    entering = asyncio.ensure_future(house.is_in(pair.access))
    await asyncio.sleep(0)
    await house.accounts.revoke(pair.refresh)
    assert not await entering


async def test_logging_a_user_out_everywhere_spares_the_others(clock: FakeClock) -> None:
    house = await furnished(clock)
    hers = [await house.emma() for _ in range(3)]
    his = await house.accounts.login("mike", "mike's word", HOME)
    await house.accounts.revoke_user(EMMA)
    assert len(set(house.ended)) == 3 and house.ended_users == [EMMA]
    assert [await house.is_in(pair.access) for pair in hers] == [False] * 3
    assert await house.is_in(his.access)


async def test_a_listener_that_fails_does_not_keep_the_others_from_hearing(
    clock: FakeClock,
) -> None:
    house = await furnished(clock)
    heard: list[SessionId] = []

    def deaf(session: SessionId) -> None:
        raise RuntimeError(session)

    house.accounts.on_revoked(deaf)
    house.accounts.on_revoked(heard.append)
    await house.accounts.revoke((await house.emma()).access)
    assert heard == house.ended != []


async def test_a_log_out_that_was_not_stored_is_not_announced(clock: FakeClock) -> None:
    house = await furnished(clock)
    pair = await house.emma()
    house.store.fail_with(Unavailable("The store is down"), reads=True)
    with pytest.raises(Unavailable):
        await house.accounts.revoke(pair.access)
    house.store.heal()
    assert house.ended == []
    assert await house.is_in(pair.access)


async def test_a_restart_forgets_no_log_out(clock: FakeClock) -> None:
    house = await furnished(clock)
    pair = await house.emma()
    await house.accounts.revoke(pair.access)
    restarted = house.neighbour()
    await restarted.accounts.load()
    assert not await restarted.is_in(pair.access)


async def test_a_log_out_on_another_node_is_learnt_and_announced_once(clock: FakeClock) -> None:
    here = await furnished(clock)
    there = here.neighbour()
    pair = await there.emma()
    session = await here.session(pair.access)
    await there.accounts.revoke(pair.access)
    await here.accounts.load()
    await here.accounts.load()
    here.accounts.learn_revoked(session)
    assert here.ended == [session]
    assert not await here.is_in(pair.access)


async def test_a_session_known_by_the_bus_alone_is_refused_at_once(clock: FakeClock) -> None:
    here = await furnished(clock)
    pair = await here.emma()
    here.accounts.learn_revoked(await here.session(pair.access))
    assert not await here.is_in(pair.access)


async def test_a_user_logged_out_elsewhere_is_looked_up_anew_and_announced(
    clock: FakeClock,
) -> None:
    here = await furnished(clock)
    pair = await here.emma()
    assert await here.is_in(pair.access)
    here.store.disable(EMMA)
    here.accounts.learn_user_revoked(EMMA)
    assert here.ended_users == [EMMA]
    assert not await here.is_in(pair.access)


async def test_what_the_store_has_dropped_is_dropped_here(clock: FakeClock) -> None:
    house = await furnished(clock)
    await house.store.revoke_session(SessionId("old"), NOW + 10)
    await house.accounts.load()
    clock.advance(11)
    await house.accounts.load()
    assert len(house.accounts._revocations._revoked) == 0


async def test_a_log_out_during_loading_is_not_lost(clock: FakeClock) -> None:
    house = await furnished(clock)
    pair = await house.emma()
    stored = house.store.revoked_sessions

    async def slowly(now: int) -> frozenset[SessionId]:
        answer = await stored(now)
        await house.accounts.revoke(pair.access)
        return answer

    house.store.revoked_sessions = slowly  # type: ignore[method-assign]
    await house.accounts.load()
    assert not await house.is_in(pair.access)
