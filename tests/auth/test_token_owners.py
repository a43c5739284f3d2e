"""Who a token belongs to, and how users of an identity service come in."""

from __future__ import annotations

import asyncio

import pytest

from auth_kit import NOW, hs256
from house_kit import EMMA, HOME, MIKE, furnished
from workroom.core.people import Role
from workroom.errors import (
    Unavailable,
)
from workroom.ids import MAX_ID, UserId
from workroom.testing.clock import FakeClock

pytestmark = pytest.mark.asyncio


async def test_a_good_token_of_nobody_opens_nothing(clock: FakeClock) -> None:
    house = await furnished(clock)
    assert not await house.is_in(hs256(user_id=99, username="who", role="admin"))
    assert set(house.store.accounts) == {EMMA, MIKE}


async def test_a_disabled_user_is_refused_and_their_sockets_close(clock: FakeClock) -> None:
    house = await furnished(clock)
    pair = await house.emma()
    session = await house.session(pair.access)
    house.store.disable(EMMA)
    clock.advance(5)
    assert not await house.is_in(pair.access)
    assert house.ended == [session] and house.ended_users == [EMMA]


async def test_a_recheck_finds_those_disabled_behind_our_back(clock: FakeClock) -> None:
    house = await furnished(clock)
    pair = await house.emma()
    await house.accounts.login("mike", "mike's word", HOME)
    house.store.disable(EMMA)
    await house.accounts.recheck([EMMA, MIKE, UserId(99)])
    assert len(house.ended) == 1 and house.ended_users == [EMMA, UserId(99)]
    assert not await house.is_in(pair.access)


async def test_a_thousand_tabs_cost_one_query(clock: FakeClock) -> None:
    house = await furnished(clock)
    pair = await house.emma()
    await house.is_in(pair.access)
    before = house.store.reads
    for _ in range(1000):
        assert await house.is_in(pair.access)
    assert house.store.reads == before
    clock.advance(5)
    assert await house.is_in(pair.access)
    assert house.store.reads == before + 1


async def test_known_users_come_in_while_the_store_is_away_for_a_moment(clock: FakeClock) -> None:
    house = await furnished(clock)
    pair = await house.emma()
    await house.is_in(pair.access)
    house.store.fail_with(Unavailable("The store is down"), reads=True)
    assert await house.is_in(pair.access)
    clock.advance(5)
    with pytest.raises(Unavailable):
        await house.is_in(pair.access)


async def test_a_change_during_a_look_up_is_not_hidden_by_it(clock: FakeClock) -> None:
    house = await furnished(clock)
    pair = await house.emma()
    entering = asyncio.ensure_future(house.is_in(pair.access))
    await asyncio.sleep(0)
    house.accounts.forget_user(EMMA)
    await entering
    house.store.disable(EMMA)
    assert not await house.is_in(pair.access)


async def test_memory_for_users_is_bounded(clock: FakeClock) -> None:
    house = await furnished(clock, provision=True)
    house.accounts._people._size = 3
    for number in range(10, 20):
        assert await house.is_in(hs256(user_id=number, name=f"User {number}"))
    assert len(house.accounts._people._seen) == len(house.accounts._people._vouched) == 3


async def test_unknown_users_are_taken_on_from_their_claims(clock: FakeClock) -> None:
    house = await furnished(clock, provision=True)
    token = hs256(
        user_id=7, username="ana", name="Ana Lee", role="coach", avatar_url="https://id/7.png"
    )
    user = (await house.accounts.authenticate(token)).user
    assert user == house.store.accounts[UserId(7)].user
    assert (user.username, user.name, user.role) == ("ana", "Ana Lee", Role.COACH)
    assert user.avatar_url == "https://id/7.png"
    assert house.store.accounts[UserId(7)].password_hash is None


async def test_a_token_without_a_profile_gives_a_plain_student(clock: FakeClock) -> None:
    house = await furnished(clock, provision=True)
    user = (await house.accounts.authenticate(hs256(user_id=7))).user
    assert (user.username, user.name, user.role) == ("user7", "user7", Role.STUDENT)


async def test_known_users_follow_their_claims_and_keep_what_is_not_said(clock: FakeClock) -> None:
    house = await furnished(clock, provision=True)
    user = (await house.accounts.authenticate(hs256(user_id=1, name="Emma Green"))).user
    assert (user.username, user.name, user.role) == ("emma", "Emma Green", Role.STUDENT)
    assert await house.emma(), "the password is still good"
    user = (await house.accounts.authenticate(hs256(user_id=1, role="coach"))).user
    assert (user.name, user.role) == ("Emma Green", Role.COACH)


async def test_claims_already_applied_are_not_written_again(clock: FakeClock) -> None:
    house = await furnished(clock, provision=True)
    token = hs256(user_id=1, name="Emma Green")
    for _ in range(10):
        await house.is_in(token)
        clock.advance(5)
    assert house.store.writes == 3  # two accounts made, one change


async def test_an_older_token_does_not_bring_back_an_old_role(clock: FakeClock) -> None:
    house = await furnished(clock, provision=True)
    old, new = hs256(role="admin", iat=NOW - 60), hs256(role="student", iat=NOW)
    assert (await house.accounts.authenticate(old)).user.role is Role.ADMIN
    assert (await house.accounts.authenticate(new)).user.role is Role.STUDENT
    assert (await house.accounts.authenticate(old)).user.role is Role.STUDENT


async def test_without_provision_claims_change_nothing(clock: FakeClock) -> None:
    house = await furnished(clock)
    user = (await house.accounts.authenticate(hs256(name="Eve", role="admin"))).user
    assert (user.name, user.role) == ("Emma Brown", Role.STUDENT)


async def test_our_own_tokens_bring_no_deleted_user_back(clock: FakeClock) -> None:
    house = await furnished(clock, provision=True)
    pair = await house.emma()
    del house.store.accounts[EMMA]
    assert not await house.is_in(pair.access)


async def test_a_disabled_user_is_not_taken_on_again(clock: FakeClock) -> None:
    house = await furnished(clock, provision=True)
    house.store.disable(EMMA)
    assert not await house.is_in(hs256(name="Emma Green"))
    assert house.store.accounts[EMMA].user.name == "Emma Brown"


async def test_a_name_that_is_somebody_elses_is_made_unique(clock: FakeClock) -> None:
    house = await furnished(clock, provision=True)
    user = (await house.accounts.authenticate(hs256(user_id=MAX_ID, username="e" * 150))).user
    assert user.username == "e" * 150
    user = (await house.accounts.authenticate(hs256(user_id=7, username="Emma"))).user
    assert (user.id, user.username) == (7, "Emma-7")
    await house.accounts.create_user("Mike-8", None, user_id=UserId(9))
    assert not await house.is_in(hs256(user_id=8, username="Mike"))
    user = (await house.accounts.authenticate(hs256(user_id=1, username="mike", name="E"))).user
    assert (user.username, user.name) == ("emma", "E")
    user = (await house.accounts.authenticate(hs256(user_id=1, username="MIKE"))).user
    assert (user.username, user.name) == ("emma", "E")


async def test_claims_that_nobody_may_have_count_as_not_said(clock: FakeClock) -> None:
    house = await furnished(clock, provision=True)
    token = hs256(user_id=7, username="a b", name="\x1b[31m", role="god", avatar_url="//evil")
    user = (await house.accounts.authenticate(token)).user
    assert (user.username, user.name, user.role, user.avatar_url) == (
        ("user7", "user7", Role.STUDENT, None)
    )
