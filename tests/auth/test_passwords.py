"""Passwords are hashed slowly, beside the event loop, and not without limit."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from workroom.adapters.auth.passwords import CHEAP, STRONG, Argon2Hasher, Cost
from workroom.errors import RateLimited, Unavailable

pytestmark = pytest.mark.asyncio

ODD = "$argon2id$v=19$m=64,t=1,p=1$\u00e9\u00e9\u00e9$\u00e9\u00e9\u00e9"


@pytest.fixture
def hasher() -> Iterator[Argon2Hasher]:
    hasher = Argon2Hasher(CHEAP)
    yield hasher
    hasher.close()


class Counting:
    """Stands before the real function; counts the calls, and holds them back when told to."""

    def __init__(self, real: Any) -> None:
        self.real = real
        self.arguments: list[tuple[Any, ...]] = []
        self.free = threading.Event()
        self.free.set()

    def __call__(self, *arguments: Any) -> Any:
        self.arguments.append(arguments)
        assert self.free.wait(10)
        return self.real(*arguments)


async def test_the_right_password_is_right_and_no_other(hasher: Argon2Hasher) -> None:
    stored = await hasher.hash("correct horse")
    assert stored.startswith("$argon2id$") and "correct" not in stored
    assert await hasher.verify("correct horse", stored)
    for wrong in ("Correct horse", "correct horse ", "", "\ud800", "x" * 1000):
        assert not await hasher.verify(wrong, stored)


async def test_equal_passwords_have_unequal_hashes(hasher: Argon2Hasher) -> None:
    assert await hasher.hash("correct horse") != await hasher.hash("correct horse")


async def test_a_hash_of_other_strength_is_still_good(hasher: Argon2Hasher) -> None:
    stronger = Argon2Hasher(STRONG)
    assert await stronger.verify("correct horse", await hasher.hash("correct horse"))
    stronger.close()


@pytest.mark.parametrize(
    "stored", [None, "", "plain", "$argon2id$v=19$m=64", "$2b$12$" + "x" * 53, ODD]
)
async def test_without_a_usable_hash_the_same_work_is_done_in_vain(
    hasher: Argon2Hasher, stored: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Counting(hasher._argon2.verify)
    monkeypatch.setattr(hasher._argon2, "verify", work)
    assert not await hasher.verify("anything", stored)
    assert len(work.arguments) == 1


async def test_nobody_knows_the_password_of_nobody(hasher: Argon2Hasher) -> None:
    for guess in ("", "None", "nobody", hasher._nobody.result()):
        assert not await hasher.verify(guess, None)


async def test_the_loop_goes_on_while_hashes_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    hasher = Argon2Hasher(CHEAP)
    work = Counting(hasher._argon2.hash)
    monkeypatch.setattr(hasher._argon2, "hash", work)
    work.free.clear()
    hashing = asyncio.ensure_future(hasher.hash("correct horse"))
    await asyncio.sleep(0)
    assert not hashing.done()
    work.free.set()
    assert await hashing
    hasher.close()


async def test_more_than_the_queue_holds_is_turned_away_and_the_queue_recovers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hasher = Argon2Hasher(CHEAP, threads=2, waiting=32)
    work = Counting(hasher._argon2.hash)
    monkeypatch.setattr(hasher._argon2, "hash", work)
    work.free.clear()
    waiting = [asyncio.ensure_future(hasher.hash("correct horse")) for _ in range(64)]
    await asyncio.sleep(0)
    turned_away = [job for job in waiting if job.done()]
    assert len(turned_away) == 64 - 34
    for job in turned_away:
        error = job.exception()
        assert isinstance(error, RateLimited) and error.retry_after
    work.free.set()
    assert len(set(await asyncio.gather(*(job for job in waiting if job not in turned_away)))) == 34
    assert await hasher.hash("correct horse")
    hasher.close()


async def test_giving_up_while_waiting_frees_the_place(monkeypatch: pytest.MonkeyPatch) -> None:
    hasher = Argon2Hasher(CHEAP, threads=1, waiting=1)
    work = Counting(hasher._argon2.hash)
    monkeypatch.setattr(hasher._argon2, "hash", work)
    work.free.clear()
    first = asyncio.ensure_future(hasher.hash("correct horse"))
    second = asyncio.ensure_future(hasher.hash("correct horse"))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.sleep(0)
    third = asyncio.ensure_future(hasher.hash("correct horse"))
    await asyncio.sleep(0)
    assert not third.done()
    work.free.set()
    assert await first and await third
    assert len(work.arguments) == 2
    hasher.close()


async def test_giving_up_a_running_hash_does_not_free_its_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hasher = Argon2Hasher(CHEAP, threads=1, waiting=0)
    work = Counting(hasher._argon2.hash)
    monkeypatch.setattr(hasher._argon2, "hash", work)
    work.free.clear()
    first = asyncio.ensure_future(hasher.hash("correct horse"))
    while not work.arguments:
        await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    with pytest.raises(RateLimited):
        await hasher.hash("correct horse")
    work.free.set()
    hasher.close()


async def test_after_closing_no_hash_is_made(hasher: Argon2Hasher) -> None:
    hasher.close()
    for _ in range(100):
        with pytest.raises(Unavailable):
            await hasher.hash("correct horse")


async def test_a_start_without_room_for_a_hash_keeps_nobody_out_later(hasher: Argon2Hasher) -> None:
    known = await hasher.hash("right")
    starved = Argon2Hasher(Cost(memory=1, passes=1))  # as little is refused, like too much
    assert starved._nobody.exception() is not None
    assert await starved.verify("right", known)
    starved._argon2 = hasher._argon2
    assert not await starved.verify("right", None)
    starved.close()
