"""What every store of accounts promises; each adapter's test module runs this class on its own."""

from __future__ import annotations

import asyncio

import pytest

from tests.ports.store_kit import Seconds, Store, new_user
from workroom.core.people import Role, User
from workroom.errors import Conflict
from workroom.ids import MAX_ID, SessionId, UserId

LAPTOP, PHONE = SessionId("laptop"), SessionId("phone")


class AccountContract:
    """Accounts."""

    async def test_a_user_is_found_by_id_and_by_name(self, store: Store) -> None:
        new = new_user("emma", role=Role.COACH, avatar_url="/a.png", password_hash="$argon2id$x")
        emma = await store.create_user(new)

        assert emma == User(emma.id, "emma", "Emma", Role.COACH, "/a.png")
        account = await store.account(emma.id)
        assert account is not None
        assert account == await store.account_named("emma")
        assert (account.user, account.password_hash, account.disabled) == (
            emma,
            "$argon2id$x",
            False,
        )

    async def test_nobody_is_none(self, store: Store) -> None:
        assert await store.account(UserId(1)) is None
        assert await store.account_named("nobody") is None

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("emma", "EMMA"),
            ("Jürgen", "JÜRGEN"),
            ("jürgen", "ju\u0308rgen"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ],
    )
    async def test_names_are_compared_without_case(
        self, store: Store, one: str, other: str
    ) -> None:
        user = await store.create_user(new_user(one))

        found = await store.account_named(other)
        assert found is not None
        assert found.user == user
        assert found.user.username == one
        with pytest.raises(Conflict) as refusal:
            await store.create_user(new_user(other))
        assert refusal.value.field == "username"

    async def test_an_id_of_ones_own_must_be_free(self, store: Store) -> None:
        john = await store.create_user(new_user("john", id=UserId(456)))
        assert john.id == 456

        with pytest.raises(Conflict) as refusal:
            await store.create_user(new_user("jane", id=UserId(456)))

        assert refusal.value.field == "id"
        assert await store.account_named("jane") is None

    async def test_ids_given_by_the_store_step_over_those_that_are_taken(
        self, store: Store
    ) -> None:
        for taken in (1, 2, 4, MAX_ID):
            await store.create_user(new_user(f"u{taken}", id=UserId(taken)))

        given = [(await store.create_user(new_user(name))).id for name in ("ana", "ben")]

        assert given == [3, 5]

    async def test_users_created_at_once_get_different_ids(self, store: Store) -> None:
        users = await asyncio.gather(
            *(store.create_user(new_user(f"user{number}")) for number in range(20))
        )

        assert len({user.id for user in users}) == 20

    async def test_of_two_who_want_one_name_one_gets_it(self, store: Store) -> None:
        outcomes = await asyncio.gather(
            store.create_user(new_user("emma")),
            store.create_user(new_user("Emma")),
            return_exceptions=True,
        )

        assert {type(each) for each in outcomes} == {User, Conflict}

    async def test_users_are_looked_up_together(self, store: Store) -> None:
        ana = await store.create_user(new_user("ana"))
        ben = await store.create_user(new_user("ben"))

        found = await store.users([ben.id, UserId(99), ana.id, ana.id])

        assert dict(found) == {ana.id: ana, ben.id: ben}
        assert dict(await store.users([])) == {}

    async def test_pages_of_users_are_in_order_of_id(self, store: Store) -> None:
        for number in (30, 10, 20):
            await store.create_user(new_user(f"u{number}", id=UserId(number)))

        page = await store.user_page(limit=2, offset=1)

        assert [user.id for user in page.users] == [20, 30]
        assert page.total == 3

    async def test_a_password_is_changed_only_for_somebody(self, store: Store) -> None:
        emma = await store.create_user(new_user("emma"))

        assert await store.set_password(emma.id, "$new") is True
        assert await store.set_password(UserId(99), "$new") is False

        account = await store.account(emma.id)
        assert account is not None
        assert account.password_hash == "$new"

    async def test_a_user_from_elsewhere_is_taken_on_and_kept_up_to_date(
        self, store: Store
    ) -> None:
        emma = User(UserId(77), "emma", "Emma", Role.STUDENT)
        assert await store.provision(emma) == emma
        married = User(UserId(77), "emma_b", "Emma Brown", Role.COACH, "/e.png")
        assert await store.provision(married) == married

        account = await store.account(UserId(77))
        assert account is not None
        assert (account.user, account.password_hash) == (married, None)
        assert await store.account_named("emma") is None
        assert await store.account_named("EMMA_B") == account

    async def test_bringing_a_user_up_to_date_keeps_the_password(self, store: Store) -> None:
        emma = await store.create_user(new_user("emma", password_hash="$old"))

        await store.provision(User(emma.id, "emma", "E.", Role.STUDENT))

        account = await store.account(emma.id)
        assert account is not None
        assert (account.user.name, account.password_hash) == ("E.", "$old")

    async def test_a_user_from_elsewhere_cannot_take_anothers_name(self, store: Store) -> None:
        emma = await store.create_user(new_user("emma"))

        with pytest.raises(Conflict) as refusal:
            await store.provision(User(UserId(77), "Emma", "Other", Role.ADMIN))

        assert refusal.value.field == "username"
        account = await store.account_named("emma")
        assert account is not None
        assert account.user == emma


class SessionContract:
    """Log-ins."""

    async def test_a_refresh_token_is_exchanged_once_for_the_next(
        self, store: Store, seconds: Seconds
    ) -> None:
        expires = seconds.now + 100
        await store.open_session(LAPTOP, UserId(1), "first", expires)

        assert await store.rotate_session(LAPTOP, "first", "second", expires) is True
        assert await store.rotate_session(LAPTOP, "second", "third", expires) is True

    async def test_a_token_used_twice_ends_the_log_in(self, store: Store, seconds: Seconds) -> None:
        expires = seconds.now + 100
        await store.open_session(LAPTOP, UserId(1), "first", expires)
        await store.rotate_session(LAPTOP, "first", "second", expires)

        assert await store.rotate_session(LAPTOP, "first", "stolen", expires) is False

        assert await store.rotate_session(LAPTOP, "second", "third", expires) is False
        assert await store.sessions_of(UserId(1)) == []
        assert await store.revoked_sessions(seconds.now) == {LAPTOP}

    async def test_of_two_who_use_a_token_at_once_one_gets_through(
        self, store: Store, seconds: Seconds
    ) -> None:
        expires = seconds.now + 100
        await store.open_session(LAPTOP, UserId(1), "first", expires)

        both = await asyncio.gather(
            *(store.rotate_session(LAPTOP, "first", f"next{n}", expires) for n in range(2))
        )

        assert sorted(both) == [False, True]
        assert await store.revoked_sessions(seconds.now) == {LAPTOP}

    async def test_a_log_in_that_nobody_knows_is_not_extended(
        self, store: Store, seconds: Seconds
    ) -> None:
        assert await store.rotate_session(LAPTOP, "a", "b", seconds.now + 100) is False

    async def test_a_log_in_that_is_over_is_not_extended(
        self, store: Store, seconds: Seconds
    ) -> None:
        await store.open_session(LAPTOP, UserId(1), "first", seconds.now + 100)
        seconds.now += 100

        assert await store.rotate_session(LAPTOP, "first", "b", seconds.now + 100) is False
        assert await store.sessions_of(UserId(1)) == []

    async def test_extending_moves_the_end(self, store: Store, seconds: Seconds) -> None:
        await store.open_session(LAPTOP, UserId(1), "first", seconds.now + 100)
        await store.rotate_session(LAPTOP, "first", "second", seconds.now + 500)
        seconds.now += 300

        assert await store.sessions_of(UserId(1)) == [LAPTOP]

    async def test_a_user_has_the_log_ins_that_are_still_good(
        self, store: Store, seconds: Seconds
    ) -> None:
        expires = seconds.now + 100
        for session, user in ((LAPTOP, 1), (PHONE, 1), (SessionId("tv"), 2)):
            await store.open_session(session, UserId(user), "first", expires)
        assert await store.sessions_of(UserId(1)) == [LAPTOP, PHONE]

        await store.revoke_session(PHONE, expires)

        assert await store.sessions_of(UserId(1)) == [LAPTOP]
        assert await store.rotate_session(PHONE, "first", "second", expires) is False

    async def test_revoked_log_ins_are_named_until_their_tokens_end(
        self, store: Store, seconds: Seconds
    ) -> None:
        await store.open_session(LAPTOP, UserId(1), "first", seconds.now + 100)
        await store.revoke_session(LAPTOP, seconds.now + 50)
        await store.revoke_session(SessionId("elsewhere"), seconds.now + 200)

        at = seconds.now
        assert await store.revoked_sessions(at) == {LAPTOP, "elsewhere"}
        assert await store.revoked_sessions(at + 99) == {LAPTOP, "elsewhere"}
        assert await store.revoked_sessions(at + 100) == {"elsewhere"}
        assert await store.revoked_sessions(at + 200) == frozenset()

    async def test_a_revoked_log_in_cannot_be_opened_again(
        self, store: Store, seconds: Seconds
    ) -> None:
        await store.revoke_session(LAPTOP, seconds.now + 100)

        with pytest.raises(Conflict):
            await store.open_session(LAPTOP, UserId(1), "first", seconds.now + 100)

        assert await store.revoked_sessions(seconds.now) == {LAPTOP}

    async def test_revoking_twice_is_harmless(self, store: Store, seconds: Seconds) -> None:
        for _ in range(2):
            await store.revoke_session(LAPTOP, seconds.now + 100)

        assert await store.revoked_sessions(seconds.now) == {LAPTOP}

    async def test_log_ins_long_over_make_room_for_new_ones(
        self, store: Store, seconds: Seconds
    ) -> None:
        await store.open_session(LAPTOP, UserId(1), "first", seconds.now + 100)
        seconds.now += 100_000

        await store.open_session(PHONE, UserId(1), "first", seconds.now + 100)

        assert await store.sessions_of(UserId(1)) == [PHONE]


class AccountStoreContract(AccountContract, SessionContract):
    """All of the above; a subclass gives ``store``, open, on the clock ``seconds``."""
