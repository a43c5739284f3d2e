"""Accounts are made and changed: what may be in them, and what ends with it."""

from __future__ import annotations

from typing import Any

import pytest

from auth_kit import NOW
from house_kit import EMMA, HOME, furnished
from workroom.errors import (
    Conflict,
    InvalidMessage,
    NotAuthenticated,
    NotFound,
)
from workroom.ids import UserId
from workroom.testing.clock import FakeClock

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize("name", ["a", "x" * 150, "Zoë", "a.b+c@d-e_f", "李", "123"])
async def test_user_names_may_be_letters_digits_and_a_few_signs(
    clock: FakeClock, name: str
) -> None:
    house = await furnished(clock)
    assert (await house.accounts.create_user(name, "long enough")).username == name


@pytest.mark.parametrize(
    ("what", "field"),
    [
        *((({"username": name}), "username") for name in ("", "x" * 151, "a b", "a\n", "a/b", "ﷺ")),
        *((({"username": name}), "username") for name in ("é'", "\ud800", "a\0", "<b>")),
        *((({"name": name}), "name") for name in ("", "x" * 201, " ", "a\nb", "\x1b", "\ud800")),
        *((({"name": name}), "name") for name in ("a\u202eb", "a\u2028b", "\x7f", "\x9b")),
        *((({"password": word}), "password") for word in ("", "short12", "x" * 1001, "\ud800" * 9)),
        *(
            ({"avatar_url": url}, "avatar_url")
            for url in ("", "http://x/", "//evil", "/\\evil", "/\t/evil", "https://", "x.png")
        ),
        *(
            ({"avatar_url": url}, "avatar_url")
            for url in ("javascript:alert(1)", "https://a b", "https://u@evil/", "data:,", "/a\n")
        ),
        ({"avatar_url": "/" + "x" * 2000}, "avatar_url"),
    ],
)
async def test_what_does_not_fit_is_refused_by_name(
    clock: FakeClock, what: dict[str, Any], field: str
) -> None:
    house = await furnished(clock)
    good = {"username": "ana", "password": "long enough", "name": "Ana"}
    with pytest.raises(InvalidMessage) as caught:
        await house.accounts.create_user(**good | what)
    assert caught.value.field == field
    assert len(house.store.accounts) == 2


@pytest.mark.parametrize("url", [None, "/media/a.png", "/", "https://a.example/x?y=1#z"])
async def test_pictures_come_from_here_or_over_https(clock: FakeClock, url: str | None) -> None:
    house = await furnished(clock)
    user = await house.accounts.create_user("ana", "long enough", avatar_url=url)
    assert user.avatar_url == url


@pytest.mark.parametrize("name", ["Dr. Sarah Johnson", "Nuñez 👩🏽\u200d🏫", "محمد", "O'Neil <3"])
async def test_people_are_called_what_they_are_called(clock: FakeClock, name: str) -> None:
    house = await furnished(clock)
    assert (await house.accounts.create_user("ana", "long enough", name=name)).name == name


async def test_a_name_or_id_that_is_taken_is_a_conflict(clock: FakeClock) -> None:
    house = await furnished(clock)
    with pytest.raises(Conflict):
        await house.accounts.create_user("EMMA", "long enough")
    with pytest.raises(Conflict):
        await house.accounts.create_user("ana", "long enough", user_id=EMMA)


async def test_a_new_password_ends_all_sessions_and_the_old_password(clock: FakeClock) -> None:
    house = await furnished(clock)
    pair = await house.emma()
    session = await house.session(pair.access)
    await house.accounts.set_password(EMMA, "another word")
    assert house.ended == [session] and house.ended_users == [EMMA]
    assert not await house.is_in(pair.access)
    with pytest.raises(NotAuthenticated):
        await house.emma()
    assert await house.accounts.login("emma", "another word", HOME)


async def test_a_bad_new_password_or_an_unknown_user_changes_nothing(clock: FakeClock) -> None:
    house = await furnished(clock)
    pair = await house.emma()
    with pytest.raises(InvalidMessage):
        await house.accounts.set_password(EMMA, "short")
    with pytest.raises(NotFound):
        await house.accounts.set_password(UserId(99), "long enough")
    assert await house.is_in(pair.access)


async def test_a_token_from_the_command_line_is_good_and_can_be_revoked(clock: FakeClock) -> None:
    house = await furnished(clock)
    user = house.store.accounts[EMMA].user
    token = await house.accounts.issue_token(user)
    long = await house.accounts.issue_token(user, lifetime=86_400)
    assert (await house.accounts.authenticate(token)).expires == NOW + 3600
    assert (await house.accounts.authenticate(long)).expires == NOW + 86_400
    await house.accounts.revoke_user(EMMA)
    assert not await house.is_in(token) and not await house.is_in(long)


@pytest.mark.parametrize("lifetime", [0, -1, 14 * 86_400 + 1])
async def test_no_token_outlives_what_a_log_out_remembers(clock: FakeClock, lifetime: int) -> None:
    house = await furnished(clock)
    with pytest.raises(InvalidMessage):
        await house.accounts.issue_token(house.store.accounts[EMMA].user, lifetime=lifetime)


async def test_no_repr_shows_a_token(clock: FakeClock) -> None:
    house = await furnished(clock)
    pair = await house.emma()
    shown = f"{pair!r} {await house.accounts.authenticate(pair.access)!r}"
    assert pair.access not in shown and pair.refresh not in shown


async def test_memory_for_log_ins_is_given_back(clock: FakeClock) -> None:
    house = await furnished(clock)
    await house.emma()
    clock.advance(61)
    house.accounts.forget_expired()
    throttle = house.accounts._throttle
    assert len(throttle._pairs) == len(throttle._names) == len(throttle._addresses) == 0
