"""Yjs clients that mean no good: nobody else may notice."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import time
from pathlib import Path
from typing import Any

import pycrdt
import pytest
from websockets.exceptions import ConnectionClosed

from tests.net.editors import ByHand, awareness, by_hand, chunk, number, sync
from tests.net.live import Server, python_client, running
from tests.net.test_lifecycle import TIME_TO_CONNECT
from tests.net.test_lifecycle import _token as token_for
from tests.net.test_yjs import content_of, new_essay, stored

BOMB = bytes.fromhex("83bcac747e0098102f419e69243ba09bba33415ffbadc0ea")
FUZZ = int(os.environ.get("WORKROOM_YJS_FUZZ", "600"))
"""Mutated messages; 20000 for the full proof."""
SERVERS_OWN = 2**53 - 2**32


def user_in(editor: ByHand, client: int) -> Any:
    state = editor.states.get(client, (0, None))[1]
    return None if state is None else state["user"]


# ---- awareness -------------------------------------------------------------------------------


async def test_nobody_speaks_for_another(demo: Server) -> None:
    essay = new_essay(demo, jane="edit", mike="view")
    async with (
        by_hand(demo, "jane", essay, 10) as jane,
        by_hand(demo, "mike", essay, 20) as mike,
        by_hand(demo, "emma", essay, 30) as emma,
    ):
        await jane.socket.send(awareness((10, 1, {"user": {"name": "Jane"}})))
        await emma.until(lambda it: 10 in it.states)
        # Removes her, puts words into her mouth, takes her id, and that of one to come.
        await mike.socket.send(awareness((10, 9, None)))
        await mike.socket.send(awareness((10, 9, {"user": {"name": "Jane"}})))
        await mike.socket.send(awareness((20, 1, {"user": {"name": "Jane Smith", "id": 2}})))
        await mike.socket.send(awareness((21, 1, {}), (10, 99, None), (SERVERS_OWN + 5, 1, {})))
        await mike.socket.send(awareness((20, 2, {"here": True})))
        await emma.until(lambda it: "here" in (it.states.get(20, (0, None))[1] or {}))
        assert user_in(emma, 20)["name"] == "Mike Wilson"
        assert user_in(emma, 20)["id"] == 4
        assert emma.states[10][0] == 1
        assert user_in(emma, 10)["name"] == "Jane Smith"
        assert 21 not in emma.states
        assert not {it for it in emma.states if it >= SERVERS_OWN and it != 30}
        assert mike.closed is None


async def test_an_id_that_has_gone_is_not_free_for_others(demo: Server) -> None:
    essay = new_essay(demo, jane="edit", mike="view")
    async with by_hand(demo, "emma", essay, 30) as emma, by_hand(demo, "mike", essay, 20) as mike:
        async with by_hand(demo, "jane", essay, 10) as jane:
            await jane.socket.send(awareness((10, 1, {})))
            await emma.until(lambda it: user_in(it, 10))
        await emma.until(lambda it: it.states[10][1] is None)
        await mike.socket.send(awareness((10, 2, {"user": {}})))
        await mike.socket.send(awareness((20, 1, {})))
        await emma.until(lambda it: user_in(it, 20))
        assert emma.states[10][1] is None
        async with by_hand(demo, "jane", essay, 10) as jane:
            await jane.socket.send(awareness((10, 1, {})))
            # It is told that others count it as gone at that clock, and says so again.
            await jane.until(lambda it: it.states.get(10) == (1, None))
            await jane.socket.send(awareness((10, 2, {})))
            await emma.until(lambda it: it.states[10][0] == 2)


async def test_an_old_clock_changes_nothing(demo: Server) -> None:
    essay = new_essay(demo, jane="edit")
    async with by_hand(demo, "emma", essay, 30) as emma, by_hand(demo, "jane", essay, 10) as jane:
        await jane.socket.send(awareness((10, 5, {"n": 5})))
        await jane.socket.send(awareness((10, 4, {"n": 4})))
        await jane.socket.send(awareness((10, 5, {"n": 55})))
        await jane.socket.send(awareness((10, 6, {"n": 6})))
        await emma.until(lambda it: it.states.get(10, (0, {}))[0] == 6)
        assert emma.states[10][1]["n"] == 6
        await jane.socket.send(awareness((10, 6, None)))
        await emma.until(lambda it: it.states[10][1] is None)


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (awareness((10, 1, {"x": "y" * 3000})), "2048 bytes"),
        (awareness(*((n, 1, {}) for n in range(1001))), "at most 1000 states"),
        (b"\1" + chunk(number(10**9)), "at most 1000 states"),
        (b"\1" + chunk(b'\1\x0a\1\5{"a":'), "JSON"),
        (b"\1" + chunk(b"\1\x0a\1\x02[]"), "object"),
        (b"\1" + chunk(b"\1\x0a\1" + chunk(b'{"a":' * 300 + b"1" + b"}" * 300)), "JSON"),
        (b"\1\x7f", "more than it holds"),
        (b"\3\0", "follow"),
        (b"\7", "kind 7"),
        (b"\0\7\0", "kind 7"),
        (b"", "cut off"),
        (b"\xff" * 20, "too large"),
        (sync(0, b"\xff\xff\xff"), "state vector"),
        (sync(0, bytes(200_000)), "state vector"),
        ("{}", "action"),
        ('{"action": "update_essay"}', "refresh_token"),
    ],
    ids=str,
)
async def test_a_message_out_of_form_is_refused_and_hurts_nobody(
    demo: Server, message: bytes | str, why: str
) -> None:
    essay = new_essay(demo, jane="edit")
    async with by_hand(demo, "jane", essay) as jane:
        await jane.socket.send(message)
        await jane.until(lambda it: it.denied or it.closed)
        assert why in jane.denied[0]


async def test_many_mistakes_end_the_connection(demo: Server) -> None:
    essay = new_essay(demo)
    async with by_hand(demo, "emma", essay) as emma:
        await emma.synced()  # while her token is being checked, another limit holds
        with contextlib.suppress(ConnectionClosed):
            for _ in range(400):
                await emma.socket.send(b"\7")
        await emma.until(lambda it: it.closed)
        assert emma.closed == 1008


# ---- updates ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "update",
    [
        BOMB,
        b"\x01\x01\x0a\x00\x27\x01\x05notes\x01k\x01\x02\x7b\x7d",
        b"\x01\x01\x4d\x00\x08\x01\x07content\x01\x7a\x00",  # a value within the text
        b"\x01\x01\x4d\x00\x04\x01\x07content\xff\xff\xff\x7fabc\x00",
        b"nonsense",
        b"",
    ],
    ids=["bomb", "map", "value", "cut off", "nonsense", "empty"],
)
async def test_an_update_that_is_no_edit_ends_the_connection(demo: Server, update: bytes) -> None:
    essay = new_essay(demo, "mine")
    async with by_hand(demo, "emma", essay) as emma:
        await emma.socket.send(sync(2, update))
        await emma.until(lambda it: it.closed)
        assert emma.closed == 4422
        assert content_of(demo, essay) == "mine"


async def test_an_update_that_comes_too_early_is_asked_for_again(demo: Server) -> None:
    essay = new_essay(demo, "", jane="edit")
    async with by_hand(demo, "jane", essay, 10) as jane:
        await jane.synced()
        asked = [m for m in jane.messages if m[:2] == b"\0\0"]
        jane.text += "lost "
        before = jane.doc.get_state()
        jane.text += "found"
        await jane.socket.send(sync(2, jane.doc.get_update(before)))
        again = await jane.until(
            lambda it: [m for m in it.messages if m[:2] == b"\0\0"][len(asked) :]
        )
        size = again[0][2]
        await jane.socket.send(sync(1, jane.doc.get_update(again[0][3 : 3 + size])))
        await stored(demo, essay, "lost found")


async def test_what_builds_on_something_unknown_does_not_wait_in_memory(demo: Server) -> None:
    essay = new_essay(demo, "", jane="edit")
    other: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc(client_id=5)
    text = other.get("content", type=pycrdt.Text)
    text += "abc"
    mine: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc(client_id=6)
    mine.get("content", type=pycrdt.Text)
    mine.apply_update(other.get_update())
    before = mine.get_state()
    copy = mine.get("content", type=pycrdt.Text)
    copy.insert(1, "x")
    async with by_hand(demo, "jane", essay, 10) as jane:
        await jane.synced()
        await jane.socket.send(sync(2, mine.get_update(before)))
        await jane.until(lambda it: sum(m[:2] == b"\0\0" for m in it.messages) == 2)
        await jane.socket.send(sync(2, other.get_update()))
        await stored(demo, essay, "abc")


async def test_nobody_writes_in_the_servers_own_name(demo: Server) -> None:
    essay = new_essay(demo, "", jane="edit")
    async with by_hand(demo, "jane", essay) as jane:
        demo.rest("PATCH", f"/api/essays/{essay}/", "emma", {"content": "mine"})
        await jane.synced()
        (own,) = pycrdt_clients(jane.doc)
        forged = b"\x01\x01" + number(own) + b"\x04\x84" + number(own) + b"\x03\x01!\x00"
        await jane.socket.send(sync(2, forged))
        await jane.until(lambda it: it.closed)
        assert jane.closed == 4422
        assert content_of(demo, essay) == "mine"


def pycrdt_clients(doc: pycrdt.Doc[pycrdt.Text]) -> list[int]:
    from workroom.core.text.yjs.update_check import read_vector

    return list(read_vector(doc.get_state()))


async def test_letters_between_two_that_never_stood_side_by_side_end_the_connection(
    demo: Server,
) -> None:
    """The essay would be another text when it is read again."""
    essay = new_essay(demo, "", jane="edit")
    async with by_hand(demo, "jane", essay, 10) as jane, by_hand(demo, "emma", essay, 20) as emma:
        await jane.synced()
        await jane.edit(0, "hello world")
        await stored(demo, essay, "hello world")
        crafted = b"\x01\x01\x07\x00\xc4\x0a\x08\x0a\x03\x01X\x00"
        await jane.socket.send(sync(2, crafted))
        await jane.until(lambda it: it.closed)
        assert jane.closed == 4422
        await emma.synced()
        await emma.edit(5, ",")
        await stored(demo, essay, "hello, world")


async def test_a_flood_is_slowed_down_and_not_dropped(demo: Server) -> None:
    essay = new_essay(demo, "", jane="edit")
    async with by_hand(demo, "jane", essay, 10) as jane:
        await jane.synced()
        for _ in range(200):
            await jane.edit(0, "x")
        await stored(demo, essay, "x" * 200)
        assert jane.closed is None
        assert not jane.denied


async def test_a_slow_reader_is_left_out_and_gets_what_it_missed(tmp_path: Path) -> None:
    with running(
        tmp_path, WORKROOM_MESSAGES_PER_SECOND="100000", WORKROOM_MESSAGE_BURST="100000"
    ) as server:
        essay = new_essay(server, "", jane="edit")
        async with (
            by_hand(server, "jane", essay, small=True) as jane,
            by_hand(server, "emma", essay, 88) as emma,
        ):
            await jane.synced()
            await emma.synced()
            jane.socket.transport.pause_reading()
            while not server.metric("workroom_slow_readers"):
                await emma.edit(0, "word " * 10_000)
                await emma.replace("")
            await emma.edit(0, "the last")
            await stored(server, essay, "the last")
            assert str(jane.text) != "the last"
            jane.socket.transport.resume_reading()
            await jane.until(lambda it: str(it.text) == "the last")
            assert server.metric("workroom_slow_readers") == 0


async def test_a_session_ends_with_its_token(demo: Server) -> None:
    essay = new_essay(demo)
    token = token_for(demo, 1, TIME_TO_CONNECT)
    async with by_hand(demo, "emma", essay, token=token) as emma:
        await emma.synced()
        await emma.until(lambda it: it.closed)
        assert emma.closed == 4401
    ends = time.monotonic() + TIME_TO_CONNECT
    async with by_hand(demo, "emma", essay, token=token_for(demo, 1, TIME_TO_CONNECT)) as emma:
        await emma.synced()
        order = {"action": "refresh_token", "token": demo.token("emma")}
        await emma.socket.send(json.dumps(order))
        await asyncio.sleep(ends + 1 - time.monotonic())  # the first token ends
        await emma.edit(0, "x")
        await stored(demo, essay, "xSome words of mine.")


@pytest.mark.parametrize("path", ["/yjs/essays/{}", "/yjs/essays/{}/"])
async def test_the_last_slash_does_not_matter(demo: Server, path: str) -> None:
    async with by_hand(demo, "emma", 1, path=path) as emma:
        await emma.synced()
        assert str(emma.text) == content_of(demo, 1)


async def test_without_a_token_it_ends_with_4401(demo: Server) -> None:
    async with by_hand(demo, None) as nobody:
        await nobody.until(lambda it: it.closed)
        assert nobody.closed == 4401
        assert nobody.messages == [
            b"\2\0" + chunk(b"authentication_failed: Invalid or expired token")
        ]


# ---- fuzz ------------------------------------------------------------------------------------


def seeds(chance: random.Random) -> list[bytes]:
    """Good messages of every kind."""
    doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc(client_id=chance.getrandbits(32))
    text = doc.get("content", type=pycrdt.Text)
    found = [sync(2, BOMB), b"\3"]
    for _ in range(12):
        before = doc.get_state()
        size = len(str(text))
        if size > 4 and chance.random() < 0.4 and str(text).isascii():
            start = chance.randrange(size - 2)
            del text[start : start + 2]
        else:
            text.insert(0, chance.choice(["a", "word ", "é", "😀", "שלום"]))
        found.append(sync(chance.choice((1, 2)), doc.get_update(before)))
    found += [sync(0, doc.get_state()), sync(1, doc.get_update())]
    found.append(awareness((chance.getrandbits(32), 1, {"user": {"name": "x"}, "cursor": None})))
    return found


def mutated(message: bytes, chance: random.Random) -> bytes:
    data = bytearray(message)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(4):
            case 0 if at < len(data):
                data[at] = chance.getrandbits(8)
            case 1:
                data[at:at] = bytes(chance.getrandbits(8) for _ in range(chance.choice((1, 3, 9))))
            case 2:
                del data[at : at + chance.choice((1, 2, 8))]
            case _ if at < len(data):
                data[at] ^= 1 << chance.randrange(8)
    if data and chance.random() < 0.7:
        data[0] = message[0]  # let it come further than the first byte
    return bytes(data)


@pytest.mark.timeout(3600)
async def test_mutated_messages_neither_stall_nor_fatten_nor_break_the_server(
    tmp_path: Path,
) -> None:
    unlimited = {
        "WORKROOM_MESSAGES_PER_SECOND": "100000",
        "WORKROOM_MESSAGE_BURST": "100000",
        "WORKROOM_MAX_CONNECTIONS_PER_USER": "200",
    }
    chance = random.Random(20261121)
    with running(tmp_path, **unlimited) as server:
        essay = new_essay(server, "The text that all of this is about. 😀 שלום", jane="edit")
        kept = new_essay(server, "Untouched. 😀")
        url = server.essay_url(kept, server.token("emma"))
        async with python_client(url, protocols=["workroom.v1"]) as emma:
            await warm(server, essay, chance)
            before = memory_of(server)
            slowest = 0.0
            sent = 0
            while sent < FUZZ:
                sent += await volley(server, essay, chance, min(50, FUZZ - sent))
                slowest = max(slowest, await round_trip(emma, kept, sent))
            grown = memory_of(server) - before
            lag = server.metric("workroom_loop_lag_seconds_count") - server.metric(
                "workroom_loop_lag_seconds_bucket", le="0.05"
            )
        print(
            f"{sent} messages, +{grown / 2**20:.1f} MiB, round trip at most {slowest:.3f} s, "
            f"{lag:.0f} appointments later than 50 ms"
        )
        assert grown < 20 * 2**20
        assert content_of(server, kept) == "Untouched. 😀"
        async with by_hand(server, "jane", essay, 99) as jane:
            await jane.synced()
            assert str(jane.text) == content_of(server, essay)
        assert not [line for line in server.output if '"level": "error"' in line]


def memory_of(server: Server) -> int:
    """Bytes of memory that the server holds."""
    statm = Path(f"/proc/{server.pid}/statm").read_text("ascii")
    return int(statm.split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def warm(server: Server, essay: int, chance: random.Random) -> None:
    for _ in range(4):
        await volley(server, essay, chance, 50)


async def volley(server: Server, essay: int, chance: random.Random, count: int) -> int:
    """Send so many mutated messages, each when the one before was seen to be dealt with."""
    left = count
    while left:
        async with by_hand(server, "jane", essay, 10) as jane:
            await jane.until(shown_to)
            while left and jane.closed is None:
                left -= 1
                await deal(jane, mutated(chance.choice(seeds(chance)), chance))
    return count


async def deal(editor: ByHand, message: bytes) -> None:
    """Send a message, and wait until the one after it is answered, or the connection ended."""
    before = shown_to(editor)
    with contextlib.suppress(ConnectionClosed):
        await editor.socket.send(message)
        await editor.socket.send(b"\3")
    await editor.until(lambda it: shown_to(it) > before or it.closed is not None)


def shown_to(editor: ByHand) -> int:
    return sum(message[0] == 1 for message in editor.messages)


async def round_trip(client: Any, essay: int, number: int) -> float:
    started = time.monotonic()
    await client.send({"action": "typing_start", "essay_id": essay, "request_id": f"r{number}"})
    await client.next("ack")
    return time.monotonic() - started
