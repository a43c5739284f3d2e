"""Log-in, renewal and log-out: who is let in, for how long, and how it ends."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from auth_kit import NOW, SECRET, PlainHasher, SmallAccountStore, forged, hs256
from workroom.adapters.auth.jwt import JwtIssuer, JwtVerifier
from workroom.core.people import Role
from workroom.errors import (
    Conflict,
    InvalidMessage,
    NotAuthenticated,
    NotFound,
    RateLimited,
    Unavailable,
)
from workroom.ids import MAX_ID, SessionId, UserId
from workroom.ports.accounts import AccountStore
from workroom.service.accounts import NO_SUCH_ACCOUNT, Accounts, TokenPair
from workroom.testing.clock import FakeClock

pytestmark = pytest.mark.asyncio

HOME = "192.0.2.1"
EMMA, MIKE = UserId(1), UserId(4)


@dataclass
class House:
    """Accounts of Emma and Mike on a small store, and what was announced."""

    clock: FakeClock
    store: SmallAccountStore
    hasher: PlainHasher
    options: dict[str, Any] = field(default_factory=dict)
    ended: list[SessionId] = field(default_factory=list)
    ended_users: list[UserId] = field(default_factory=list)

    def __post_init__(self) -> None:
        store: AccountStore = self.store
        self.accounts = Accounts(
            store,
            JwtVerifier(self.clock, secret=SECRET),
            JwtIssuer(SECRET, self.clock),
            self.hasher,
            self.clock,
            **self.options,
        )
        self.accounts.on_revoked(self.ended.append)
        self.accounts.on_user_revoked(self.ended_users.append)

    async def emma(self) -> TokenPair:
        return await self.accounts.login("emma", "emma's word", HOME)

    async def is_in(self, access: str) -> bool:
        try:
            await self.accounts.authenticate(access)
        except NotAuthenticated:
            return False
        return True

    async def session(self, access: str) -> SessionId:
        session = (await self.accounts.authenticate(access)).session
        assert session is not None
        return session

    def neighbour(self, **options: Any) -> House:
        """Another node on the same store."""
        return House(self.clock, self.store, self.hasher, self.options | options)


async def furnished(clock: FakeClock, **options: Any) -> House:
    house = House(clock, SmallAccountStore(), PlainHasher(), options)
    await house.accounts.create_user("emma", "emma's word", name="Emma Brown", user_id=EMMA)
    await house.accounts.create_user("mike", "mike's word", name="Mike Wilson", user_id=MIKE)
    return house


# --- log-in


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
    assert house.store.sessions == {}


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
    assert all(session in house.store.revoked for session in house.store.sessions)


# --- renewal


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


# --- log-out


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
    assert house.ended == [] and house.store.revoked == {}


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
    house.store.down = True
    with pytest.raises(Unavailable):
        await house.accounts.revoke(pair.access)
    house.store.down = False
    assert house.ended == []
    assert await house.is_in(pair.access)


# --- several nodes, and restarts


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


async def test_what_the_store_has_dropped_is_dropped_here(clock: FakeClock) -> None:
    house = await furnished(clock)
    house.store.revoked[SessionId("old")] = NOW + 10
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


# --- who a token belongs to


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
    house.store.down = True
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


# --- users of an identity service


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


async def test_claims_that_nobody_may_have_count_as_not_said(clock: FakeClock) -> None:
    house = await furnished(clock, provision=True)
    token = hs256(user_id=7, username="a b", name="\x1b[31m", role="god", avatar_url="//evil")
    user = (await house.accounts.authenticate(token)).user
    assert (user.username, user.name, user.role, user.avatar_url) == (
        ("user7", "user7", Role.STUDENT, None)
    )


# --- making and changing accounts


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
