"""``kill -9`` in the middle of the work: whatever was confirmed is there afterwards.

Three rounds by default; ``WORKROOM_CRASH_ROUNDS=100`` for the full proof.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tests.net.live import PATIENCE, Client, Server, python_client
from tests.postgres_kit import Postgres

ROUNDS = int(os.environ.get("WORKROOM_CRASH_ROUNDS", "3"))
WRITERS = 8
UNLIMITED = {
    "WORKROOM_MESSAGES_PER_SECOND": "100000",
    "WORKROOM_MESSAGE_BURST": "100000",
    "WORKROOM_MAX_CONNECTIONS_PER_USER": "1000",
}


@dataclass
class Writer:
    """One client's own record of what the server confirmed; kept outside of the server."""

    essay: int
    words: list[str] = field(default_factory=list)
    confirmed_words: int = 0
    confirmed_feedback: list[int] = field(default_factory=list)

    async def writes(self, client: Client) -> None:
        """Write, comment now and then, and go on as soon as each step is confirmed."""
        for number in range(1_000_000):
            self.words.append(f"e{self.essay}w{number}")
            await client.send(
                {
                    "action": "update_essay",
                    "essay_id": self.essay,
                    "content": " ".join(self.words),
                    "request_id": f"{self.essay}-{number}",
                }
            )
            await client.next("ack")
            self.confirmed_words = len(self.words)
            if number % 5 == 0:
                await client.send(_feedback(self.essay, f"{self.essay}-{number}-f"))
                self.confirmed_feedback.append((await client.next("ack"))["feedback_id"])


def _feedback(essay: int, request_id: str) -> dict[str, Any]:
    feedback = {"type": "style", "comment": "?", "highlight_start": 0, "highlight_end": 1}
    return {
        "action": "add_feedback",
        "essay_id": essay,
        "feedback": feedback,
        "request_id": request_id,
    }


async def _write_until_killed(server: Server, writers: list[Writer], seconds: float) -> None:
    url = server.essay_url(1, server.token("emma"))

    async def work(writer: Writer) -> None:
        async with python_client(
            url.replace("/1/", f"/{writer.essay}/"), protocols=["workroom.v1"]
        ) as c:
            with contextlib.suppress(AssertionError, ConnectionClosed):
                await writer.writes(c)

    tasks = [asyncio.ensure_future(work(writer)) for writer in writers]
    async with asyncio.timeout(PATIENCE):
        while not all(writer.confirmed_words for writer in writers):
            await asyncio.sleep(0.01)
    await asyncio.sleep(seconds)  # a random moment of real work is the point here
    server.kill()
    await asyncio.gather(*tasks, return_exceptions=True)


def _seconds_to_start(server: Server) -> float:
    started = time.monotonic()
    server.start()
    return time.monotonic() - started


def _lost(server: Server, writer: Writer) -> list[str]:
    content = server.rest("GET", f"/api/essays/{writer.essay}/", "emma")[1]["content"].split()
    lost = [word for word in writer.words[: writer.confirmed_words] if word not in set(content)]
    kept: set[int] = set()
    path: str | None = f"/api/essays/{writer.essay}/feedback/?limit=100"
    while path:
        page = server.rest("GET", path, "emma")[1]
        kept |= {item["id"] for item in page["results"]}
        path = page["next"]
    return lost + [f"feedback {i}" for i in writer.confirmed_feedback if i not in kept]


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> dict[str, str]:
    """Settings of a database of its own."""
    if request.param == "sqlite":
        return {}
    postgres: Postgres = request.getfixturevalue("postgres_server")
    return {"WORKROOM_DATABASE": postgres.url(asyncio.run(postgres.new_database()))}


def test_nothing_that_was_confirmed_is_lost_by_kill_9(
    tmp_path: Path, database: dict[str, str]
) -> None:
    server = Server(tmp_path, env=UNLIMITED | database)
    chance = random.Random(20261121)
    confirmed = 0
    first, restarts = _seconds_to_start(server), []
    server.kill()
    for _ in range(ROUNDS):
        restarts.append(_seconds_to_start(server))
        made = [
            server.rest("POST", "/api/essays/", "emma", {"title": f"Essay {n}"})[1]
            for n in range(WRITERS)
        ]
        writers = [Writer(essay["id"]) for essay in made]
        asyncio.run(_write_until_killed(server, writers, chance.uniform(0, 1)))
        restarts.append(_seconds_to_start(server))
        for writer in writers:
            assert _lost(server, writer) == []
            confirmed += writer.confirmed_words + len(writer.confirmed_feedback)
        server.kill()
        assert "is whole" in server.cli("db", "check")
    assert confirmed >= ROUNDS * WRITERS
    print(f"{ROUNDS} rounds, {confirmed} confirmed, 0 lost, slowest start {max(restarts):.2f} s")
    print(f"the very first start, which makes the demo: {first:.2f} s")
