"""The Compose example at work: nodes, worker and nginx as its files have them, no containers."""

from __future__ import annotations

import asyncio
import io
import signal
import tempfile
import time
import wave
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from bench.wire import PING, Door, open_websocket, pong, split

from tests.deploy.compose_site import Proxy, Site, deployed, new_proxy
from tests.media.good import image
from tests.net.live import PATIENCE, Client, python_client

MIB = 2**20
EXTENDED = "workroom.v1"
PASSWORDS = {"ada": "a long one of Ada's", "bob": "a long one of Bob's"}
BRISK = {"WORKROOM_PING_INTERVAL": "1", "WORKROOM_SHUTDOWN_SPREAD": "0.5"}
"""The only settings of the nodes that are not the example's: nobody waits as long as people do."""
QUIET = 15
"""Seconds after which a proxy gives up a connection on which nothing comes, not even pings."""


async def test_the_compose_example_carries_people_files_and_tasks_through_its_proxy() -> None:
    with tempfile.TemporaryDirectory(prefix="wr-") as folder:
        async with deployed(Path(folder), **BRISK) as site:
            site.run("user", "create", "ada", "--role", "admin", "--password-stdin", given=_typed())
            async with httpx.AsyncClient(base_url=site.proxy.url, timeout=PATIENCE) as http:
                tokens = await _let_in(http)
                essay, project = await _furnish(http)
                await _a_node_ends_under_people_who_write(http, site, essay, tokens)
                await asyncio.to_thread(site.restart_node, 0)
                async with asyncio.TaskGroup() as group:
                    group.create_task(_quiet_people_stay(site, essay, tokens["bob"]))
                    await _files_of_any_size_are_taken_or_refused_by_workroom(http, project)
                    await _a_task_is_carried_out_by_the_worker(http, site, project, tokens["ada"])
                await _the_other_node_ends_and_nobody_is_refused(http, site, essay)
                assert (await http.get("/api/internal/tasks/x/claim/")).status_code == 404
        # Nodes went away under it, which nginx tells as well, and all the same:
        assert "GET /ws/essays/" in site.proxy.log
        assert not any(token in site.proxy.log for token in tokens.values())


def _typed() -> str:
    return PASSWORDS["ada"]


async def _let_in(http: httpx.AsyncClient) -> dict[str, str]:
    """Ada's and Bob's tokens; from here on requests are Ada's."""
    tokens = {"ada": await _log_in(http, "ada")}
    http.headers["Authorization"] = f"Bearer {tokens['ada']}"
    new = {"username": "bob", "password": PASSWORDS["bob"], "name": "Bob", "role": "coach"}
    assert (await http.post("/api/users/", json=new)).status_code == 201
    return {**tokens, "bob": await _log_in(http, "bob")}


async def _log_in(http: httpx.AsyncClient, name: str) -> str:
    given = {"username": name, "password": PASSWORDS[name]}
    answer = await http.post("/api/token/", json=given)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access"])


async def _furnish(http: httpx.AsyncClient) -> tuple[int, int]:
    """An essay that Bob may edit too, and a project."""
    essay = (await http.post("/api/essays/", json={"title": "Shared"})).json()["id"]
    bob = (await http.get("/api/users/")).json()["results"][-1]["id"]
    path = f"/api/essays/{essay}/collaborators/{bob}/"
    assert (await http.put(path, json={"rights": "edit"})).is_success
    return essay, (await http.post("/api/projects/", json={"title": "Work"})).json()["id"]


# ---- what is promised ---------------------------------------------------------------------------


async def _files_of_any_size_are_taken_or_refused_by_workroom(
    http: httpx.AsyncClient, project: int
) -> None:
    path = f"/api/projects/{project}/canvases/"
    for size, status in ((25 * MIB, 201), (25 * MIB + 100_000, 413), (31 * MIB, 413)):
        answer = await http.post(path, files={"file": ("silence.wav", _recording(size))})
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"].endswith("json"), answer.text


def _recording(size: int) -> bytes:
    """Silence, in a file of exactly so many bytes."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((2, 2, 44_100, 0, "NONE", ""))
        file.writeframes(bytes(size - 44))
    return out.getvalue()


async def _a_task_is_carried_out_by_the_worker(
    http: httpx.AsyncClient, site: Site, project: int, token: str
) -> None:
    files = {"file": ("picture.png", image("PNG"))}
    added = await http.post(f"/api/projects/{project}/canvases/", files=files)
    canvas = added.json()["id"]
    async with python_client(f"ws://127.0.0.1:{site.proxy.ports[8010]}?token={token}") as ada:
        await ada.send({"type": "join_project", "payload": {"project_id": project}})
        await ada.next("project_updated")
        begun = await _begin(http, canvas)
        done = await ada.next("task_completed")
        assert done["payload"]["task_id"] == begun
        assert done["payload"]["result"]["status"] == "completed"


async def _begin(http: httpx.AsyncClient, canvas: int) -> str:
    """Begin a task, as soon as there is a worker."""
    async with asyncio.timeout(PATIENCE):
        while True:
            asked = {"task_type": "analyze_image_emotion"}
            answer = await http.post(f"/api/canvases/{canvas}/tasks/", json=asked)
            if answer.status_code == 202:
                return str(answer.json()["task_id"])
            assert answer.json()["code"] == "no_worker", answer.text
            await asyncio.sleep(0.1)


async def _quiet_people_stay(site: Site, essay: int, token: str) -> None:
    quiet = new_proxy(site.folder / "quiet")
    changes = {"proxy_read_timeout 75s": f"proxy_read_timeout {QUIET}s"}
    await site.start_proxy(quiet, changes)
    await asyncio.to_thread(_hear_pings, quiet, f"/ws/essays/{essay}/?token={token}")


def _hear_pings(proxy: Proxy, path: str) -> None:
    """Say nothing but pongs for longer than nginx would wait without the pings."""
    sock, rest = open_websocket(Door(("127.0.0.1", proxy.ports[8000]), path, EXTENDED))
    with sock:
        began = time.monotonic()
        while time.monotonic() - began < QUIET + 2:
            data = sock.recv(65536)
            assert data, "the proxy gave up a connection that was alive"
            frames, rest = split(rest + data)
            for opcode, payload in frames:
                if opcode == PING:
                    sock.sendall(pong(payload))


async def _a_node_ends_under_people_who_write(
    http: httpx.AsyncClient, site: Site, essay: int, tokens: dict[str, str]
) -> None:
    where = f"ws://127.0.0.1:{site.proxy.ports[8000]}/ws/essays/{essay}/?token="
    async with (
        python_client(where + tokens["ada"], protocols=[EXTENDED]) as ada,
        _on_the_other_node(site, where + tokens["bob"]) as bob,
    ):
        for client in (ada, bob):
            await _follow(client, essay)
        await _save(ada, essay, "Written on one node.")
        await _shows(bob, "Written on one node.")

        site.nodes[0].process.send_signal(signal.SIGTERM)
        gone, stays = await _who_is_told_to_go(ada, bob)
        token = tokens["ada" if gone is ada else "bob"]
        async with python_client(where + token, protocols=[EXTENDED]) as again:
            await _follow(again, essay)
            await _save(again, essay, "Written on the other node.")
            await _shows(stays, "Written on the other node.")
            assert await asyncio.to_thread(site.nodes[0].process.wait, PATIENCE) == 0
            answer = await http.post(f"/api/essays/{essay}/feedback/", json=_comment())
            assert answer.status_code == 201, answer.text
            assert not [each for each in stays.everything if each["type"] == "user_left"]


async def _the_other_node_ends_and_nobody_is_refused(
    http: httpx.AsyncClient, site: Site, essay: int
) -> None:
    site.nodes[1].process.send_signal(signal.SIGTERM)
    ended = asyncio.ensure_future(asyncio.to_thread(site.nodes[1].process.wait, PATIENCE))
    while not ended.done():
        answer = await http.get(f"/api/essays/{essay}/")
        assert answer.status_code == 200, answer.text
    assert ended.result() == 0
    answer = await http.post(f"/api/essays/{essay}/feedback/", json=_comment())
    assert answer.status_code == 201, answer.text


def _comment() -> dict[str, Any]:
    return {"type": "general", "comment": "Still here."}


async def _follow(client: Client, essay: int) -> None:
    message = {"action": "subscribe_essay", "essay_id": essay, "request_id": "follow"}
    await client.send(message)
    await client.next("ack")


async def _save(client: Client, essay: int, text: str) -> None:
    message = {"action": "update_essay", "essay_id": essay, "content": text, "request_id": text}
    await client.send(message)
    assert (await client.next("ack"))["request_id"] == text


async def _shows(client: Client, text: str) -> None:
    while (await client.next("essay_update"))["content"] != text:
        pass


@asynccontextmanager
async def _on_the_other_node(site: Site, url: str) -> AsyncIterator[Client]:
    """A guest beside one who is there, as the proxy deals them out: to where fewer are.

    It counts requests as well. One that is just under way on the other node makes them equal, and
    a node that did not answer in time is left alone for a while: then the guest comes again.
    """
    async with AsyncExitStack() as stack:
        async with asyncio.timeout(PATIENCE):
            while True:
                guest = await stack.enter_async_context(python_client(url, protocols=[EXTENDED]))
                await guest.next("user_joined")
                if await _guests_by_node(site) == [1.0, 1.0]:
                    break
                await stack.aclose()
                while sum(await _guests_by_node(site)) != 1.0:
                    await asyncio.sleep(0.02)
        yield guest


async def _guests_by_node(site: Site) -> list[float]:
    return [await _guests(node.port) for node in site.nodes]


async def _guests(port: int) -> float:
    """Connections to essays on a node."""
    async with httpx.AsyncClient(timeout=PATIENCE) as http:
        lines = (await http.get(f"http://127.0.0.1:{port}/metrics")).text.splitlines()
    name = 'workroom_connections{dialect="essay"} '
    return sum(float(line.removeprefix(name)) for line in lines if line.startswith(name))


async def _who_is_told_to_go(one: Client, other: Client) -> tuple[Client, Client]:
    told = {asyncio.ensure_future(each.next("connection_error")): each for each in (one, other)}
    done, waiting = await asyncio.wait(told, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    (first,) = done
    assert first.result()["error"] == "server_restarting"
    gone = told[first]
    assert await gone.close_code() == 1012
    return gone, other if gone is one else one
