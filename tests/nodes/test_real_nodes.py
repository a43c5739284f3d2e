"""Processes that serve the same rooms, with a real database and a real bus between them."""

from __future__ import annotations

import json
import os
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from cli_kit import Running
from tests.nodes.real import ESSAY, PATIENCE, Site, site
from tests.postgres_kit import Postgres

AT_ONCE = 10.0
"""Seconds that the news of a right that is gone takes at most. Without it, it takes up to 60."""


@pytest.fixture
async def place(postgres_server: Postgres) -> AsyncIterator[Site]:
    database = postgres_server.url(await postgres_server.new_database())
    with tempfile.TemporaryDirectory(prefix="wr-") as folder, site(Path(folder), database) as made:
        await made.bus.start()
        await made.furnish("emma", "jane", "mike")
        yield made


async def test_two_nodes_are_one_server(place: Site) -> None:
    a, b = place.node(), place.node()
    emma = place.guest(a, "emma")
    jane = place.guest(b, "jane")
    emma.hears(_joined("jane"))

    # What one saves the other is told; both may save at once.
    first = emma.saves("one", "r1")
    assert first["type"] == "ack"
    jane.text("one")
    assert jane.saves("one two", "r2")["type"] == "ack"
    emma.text("one two")

    # REST reads on one node what was written on the other, at once.
    path = f"/api/essays/{ESSAY}/"
    for number in range(10):
        a.patch(path, place.tokens["emma"], {"title": f"T{number}"})
        assert b.get(path, place.tokens["emma"])["title"] == f"T{number}"

    # A request that was answered by one node is not done again by the other.
    again = place.guest(b, "emma")
    assert again.saves("one and more", "r1")["seq"] == first["seq"]

    # A log-out reaches the sockets of the other node.
    began = time.monotonic()
    gone = httpx.post(
        f"http://127.0.0.1:{a.port}/api/token/revoke/",
        json={"token": place.tokens["jane"]},
        timeout=PATIENCE,
    )
    assert gone.status_code in {200, 204}, gone.text
    with pytest.raises(ConnectionClosed) as closed:
        jane.until(lambda _: False)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401
    assert time.monotonic() - began < AT_ONCE
    emma.until(lambda m: m["type"] == "user_left")


async def test_a_collaborator_who_is_removed_is_cut_off_on_the_other_node(place: Site) -> None:
    a, b = place.node(), place.node()
    jane = place.guest(b, "jane")
    me = place.ids["jane"]

    began = time.monotonic()
    httpx.delete(
        f"http://127.0.0.1:{a.port}/api/essays/{ESSAY}/collaborators/{me}/",
        headers={"Authorization": f"Bearer {place.tokens['emma']}"},
        timeout=PATIENCE,
    )
    with pytest.raises(ConnectionClosed) as closed:
        jane.until(lambda _: False)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4403
    assert time.monotonic() - began < AT_ONCE


async def test_without_a_bus_who_is_removed_or_logged_out_is_cut_off_within_a_minute(
    place: Site,
) -> None:
    a, b = place.node(), place.node()
    place.bus.kill()
    removed, logged_out = place.guest(b, "jane"), place.guest(b, "mike")

    began = time.monotonic()
    path = f"/api/essays/{ESSAY}/collaborators/{place.ids['jane']}/"
    bearer = {"Authorization": f"Bearer {place.tokens['emma']}"}
    gone = httpx.delete(f"http://127.0.0.1:{a.port}{path}", headers=bearer, timeout=PATIENCE)
    assert gone.is_success, gone.text
    gone = httpx.post(
        f"http://127.0.0.1:{a.port}/api/token/revoke/",
        json={"token": place.tokens["mike"]},
        timeout=PATIENCE,
    )
    assert gone.is_success, gone.text

    for guest, code in ((removed, 4403), (logged_out, 4401)):
        with pytest.raises(ConnectionClosed) as closed:
            guest.until(lambda _: False, seconds=60)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == code
    assert time.monotonic() - began < 60


async def test_without_a_bus_everything_is_late_and_nothing_is_lost(place: Site) -> None:
    a, b = place.node(), place.node()
    emma = place.guest(a, "emma")
    jane = place.guest(b, "jane")

    place.bus.kill()
    assert emma.saves("one", "r1")["type"] == "ack"
    jane.text("one")
    assert jane.saves("one two", "r2")["type"] == "ack"
    emma.text("one two")
    assert b.get("/readyz", place.tokens["emma"])["checks"]["bus"] == "down"

    await place.bus.start()
    deadline = time.monotonic() + PATIENCE
    while b.get("/readyz", place.tokens["emma"])["checks"]["bus"] == "down":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert emma.saves("one two three", "r3")["type"] == "ack"
    jane.text("one two three")


async def test_a_node_that_is_killed_takes_its_people_with_it(place: Site) -> None:
    a, b = place.node(), place.node()
    jane = place.guest(b, "jane")
    emma = place.guest(a, "emma")
    jane.hears(_joined("emma"))
    assert emma.saves("the last words", "r1")["type"] == "ack"

    a.process.kill()

    jane.until(lambda m: m["type"] == "user_left")
    assert b.get(f"/api/essays/{ESSAY}/", place.tokens["jane"])["content"] == "the last words"


async def test_who_is_on_a_node_that_ends_is_sent_to_another_at_once_if_there_is_one(
    place: Site,
) -> None:
    a, b = place.node(), place.node()
    jane = place.guest(b, "jane")
    emma = place.guest(a, "emma")
    jane.hears(_joined("emma"))
    jane.saves("from the other node", "r0")
    emma.text("from the other node")  # now the node that ends has heard of the other for sure

    a.process.terminate()
    assert emma.until(lambda m: m["type"] == "connection_error")["retry_after"] <= 0.5
    emma = place.guest(b, "emma")  # at once, however long the process takes to its end
    assert emma.saves("with another node", "r1")["type"] == "ack"
    assert a.process.wait(PATIENCE) == 0
    jane.text("with another node")
    assert not any(m["type"] == "user_left" for m in jane.told)
    assert sum(map(_joined("emma"), jane.told)) == 1  # she has never been away

    # Nobody goes on when this one ends as well: it will take a while.
    assert b.stop() == 0
    assert jane.until(lambda m: m["type"] == "connection_error")["retry_after"] >= 1.0


async def test_a_node_that_stood_still_comes_back_without_harm(place: Site) -> None:
    a, b = place.node(), place.node()
    emma = place.guest(a, "emma")
    jane = place.guest(b, "jane")
    jane.saves("one", "r0")
    emma.text("one")

    a.process.send_signal(signal.SIGSTOP)
    jane.until(lambda m: m["type"] == "user_left")
    for number in range(5):
        jane.saves(f"one {number}", f"r{number + 1}")
    late = {
        "action": "update_essay",
        "essay_id": ESSAY,
        "content": "zero one",
        "request_id": "late",
    }
    away = len(jane.told)
    emma.socket.send(json.dumps(late))
    a.process.send_signal(signal.SIGCONT)

    emma.until(lambda m: m.get("request_id") == "late")
    jane.text("zero one 4")
    jane.hears(_joined("emma"), since=away)
    for node in (a, b):
        assert node.get(f"/api/essays/{ESSAY}/", place.tokens["emma"])["content"] == "zero one 4"


async def test_several_processes_on_one_port_are_nodes_that_are_kept_alive(place: Site) -> None:
    server = place.node("--workers", "2")
    children = _children(server.process.pid)
    assert len(children) == 2
    _one_more_listens(server)
    guests = [place.guest(server, "emma") for _ in range(8)]

    # The kernel deals them out; whoever is where, all hear the same.
    assert guests[0].saves("one", "r1")["type"] == "ack"
    for guest in guests[1:]:
        guest.text("one")

    victim = children[0]
    os.kill(victim, signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE
    while len(alive := _children(server.process.pid)) < 2 or victim in alive:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert server.get(f"/api/essays/{ESSAY}/", place.tokens["emma"])["content"] == "one"

    assert server.stop() == 0
    assert not [pid for pid in alive if _runs(pid)]


async def test_processes_whose_keeper_is_killed_end_by_themselves(place: Site) -> None:
    server = place.node("--workers", "2")
    children = _children(server.process.pid)

    server.process.kill()

    deadline = time.monotonic() + PATIENCE
    while [pid for pid in children if _runs(pid)]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _joined(name: str) -> Callable[[dict[str, Any]], bool]:
    return lambda message: message["type"] == "user_joined" and message["user"]["name"] == name


def _one_more_listens(server: Running) -> None:
    """Wait until another process of it listens, beside the first, which was waited for."""
    assert server.process.stderr is not None
    assert any(json.loads(line)["event"] == "listening" for line in server.process.stderr)


def _children(pid: int) -> list[int]:
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
