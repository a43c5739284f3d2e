"""Yjs editors while the store fails, and while the process is killed.

A Yjs update has no acknowledgement. What another editor was sent is confirmed: that is never lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
from pathlib import Path
from typing import Any

import pytest

from tests.faults.test_store_trouble import full_disk, locked
from tests.net.editors import Editors, by_hand
from tests.net.live import PATIENCE, Client, Server, python_client, running
from tests.net.test_yjs import content_of, new_essay, stored

ROUNDS = int(os.environ.get("WORKROOM_CRASH_ROUNDS", "3"))
UNLIMITED = {
    "WORKROOM_MESSAGES_PER_SECOND": "100000",
    "WORKROOM_MESSAGE_BURST": "100000",
    "WORKROOM_MAX_CONNECTIONS_PER_USER": "1000",
}


@pytest.mark.parametrize("trouble", [full_disk, locked])
async def test_what_the_store_refused_is_not_shown_and_not_lost(
    tmp_path: Path, trouble: Any
) -> None:
    with running(tmp_path) as server:
        essay = new_essay(server, "mine", jane="edit")
        async with Editors.running() as node:
            jane = await node.open("jane", server, "jane", essay)
            emma = await node.open("emma", server, "emma", essay)
            with trouble(server):
                jane.do("insert", at=0, text="still ")
                jane.do("insert", at=10, text="!")
                async with asyncio.timeout(PATIENCE):
                    while not server.metric("workroom_refusals_total", dialect="yjs"):
                        await asyncio.sleep(0.05)
                assert emma.text == "mine"
            await emma.has("still mine!")
            await stored(server, essay, "still mine!")
            assert not [it for it in jane.reports if it["what"] == "lost"]
        server.kill()
        server.start()
        assert content_of(server, essay) == "still mine!"


class Record:
    """What one writer did, and what of it a witness was shown; kept outside of the server."""

    def __init__(self, essay: int) -> None:
        self.essay = essay
        self.typed: list[str] = []
        self.shown = ""
        self.acknowledged: list[str] = []
        self.begun = False
        """A witness was shown something."""

    async def types(self, server: Server, number: int) -> None:
        """Type words in a Yjs editor, until the server is gone."""
        async with by_hand(server, "emma", self.essay, 1000 + number) as editor:
            await editor.synced()
            while editor.closed is None:
                word = f"y{len(self.typed)}e{self.essay} "
                self.typed.append(word)
                await editor.edit(0, word)
                await asyncio.sleep(0)

    async def witnesses(self, server: Server, number: int) -> None:
        """Look on in another editor."""
        async with by_hand(server, "emma", self.essay, 2000 + number) as editor:
            await editor.synced()
            await editor.until(lambda it: str(it.text) or it.closed)
            self.begun = True
            await editor.until(lambda it: it.closed)
            self.shown = str(editor.text)

    async def saves(self, client: Client) -> None:
        """Save whole texts beside them, written from what the server sent last."""
        own: list[str] = []
        for number in range(1_000_000):
            own.append(f"j{number}e{self.essay}")
            texts = [it["content"] for it in client.everything if it["type"] == "essay_update"]
            here = texts[-1].split() if texts else []
            words = [*here, *(word for word in own if word not in here)]
            await client.send(
                {
                    "action": "update_essay",
                    "essay_id": self.essay,
                    "content": " ".join(words),
                    "request_id": f"{self.essay}-{number}",
                }
            )
            await client.next("ack")
            self.acknowledged = list(own)


async def write_until_killed(server: Server, records: list[Record], seconds: float) -> None:
    async def json(record: Record) -> None:
        url = server.essay_url(record.essay, server.token("emma"))
        async with python_client(url, protocols=["workroom.v1"]) as client:
            with contextlib.suppress(AssertionError):
                await record.saves(client)

    tasks = []
    for number, record in enumerate(records):
        tasks.append(asyncio.ensure_future(record.witnesses(server, number)))
        tasks.append(asyncio.ensure_future(record.types(server, number)))
        if number % 2:
            tasks.append(asyncio.ensure_future(json(record)))
    async with asyncio.timeout(PATIENCE):
        while not all(record.begun for record in records):
            await asyncio.sleep(0.01)
        while not all(record.acknowledged for record in records[1::2]):
            await asyncio.sleep(0.01)
    await asyncio.sleep(seconds)  # a random moment of real work is the point here
    server.kill()
    await asyncio.gather(*tasks, return_exceptions=True)


def test_nothing_that_another_editor_was_shown_is_lost_by_kill_9(tmp_path: Path) -> None:
    server = Server(tmp_path, env=UNLIMITED)
    chance = random.Random(20261121)
    seen = saved = 0
    for _ in range(ROUNDS):
        server.start()
        records = [Record(new_essay(server, "")) for _ in range(4)]
        asyncio.run(write_until_killed(server, records, chance.uniform(0, 1)))
        server.start()
        for record in records:
            kept = set(content_of(server, record.essay).split())
            shown = [word for word in record.shown.split() if word[0] == "y"]
            assert [word for word in shown if word not in kept] == []
            assert [word for word in record.acknowledged if word not in kept] == []
            seen += len(shown)
            saved += len(record.acknowledged)
        server.kill()
        assert "is whole" in server.cli("db", "check")
    assert seen >= 4 * ROUNDS and saved >= 2 * ROUNDS  # four editors, two who save beside them
    print(f"{ROUNDS} rounds, {seen} seen by another editor, {saved} acknowledged, 0 lost")
