"""The rooms of a run, by REST: made before it, and read after it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx

from workroom.errors import WorkroomError
from workroom.truth.evidence import FEEDBACK
from workroom.truth.history import History, digest
from workroom.truth.plan import Person, Room
from workroom.truth.projects import things

PATIENCE: Final = 60.0
"""Seconds in which a server that was being broken answers again."""
_PAUSE: Final = 0.3
_PAGE: Final = 100


class Unusable(WorkroomError):
    """The server does not let the tool do its work."""

    code = "unusable"


class Rest:
    """Requests to one node, repeated while it cannot answer. Raises Unusable."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def ask(self, method: str, path: str, token: str, body: Any = None) -> Any:
        """The decoded answer. Only for what may be done twice."""
        loop = asyncio.get_running_loop()
        deadline, why = loop.time() + PATIENCE, ""
        headers = {"Authorization": f"Bearer {token}"}
        while loop.time() < deadline:
            try:
                answer = await self._client.request(method, path, json=body, headers=headers)
            except httpx.TransportError as error:
                why = type(error).__name__
            else:
                if answer.is_success:
                    return answer.json() if answer.content else None
                why = f"{answer.status_code} {answer.text[:200]}"
                if answer.status_code not in (429, 502, 503, 504):
                    break
            await asyncio.sleep(_PAUSE)
        message = f"{method} {path} at {self._client.base_url} was answered {why}"
        raise Unusable(message)

    async def everything(self, path: str, token: str) -> AsyncIterator[Any]:
        """All items of a list."""
        offset, total = 0, 1
        while offset < total:
            page = await self.ask("GET", f"{path}?limit={_PAGE}&offset={offset}", token)
            total = page["count"]
            for item in page["results"]:
                yield item
            offset += _PAGE


@asynccontextmanager
async def rest(node: str) -> AsyncIterator[Rest]:
    """Requests to a node, ``http://host:port``."""
    async with httpx.AsyncClient(base_url=node, trust_env=False, timeout=10.0) as client:
        yield Rest(client)


async def people_of(node: str, tokens: Sequence[str]) -> list[Person]:
    """Whose tokens these are. Raises Unusable."""
    async with rest(node) as asked:
        users = [await asked.ask("GET", "/api/users/me/", token) for token in tokens]
    return [Person(user["id"], token) for user, token in zip(users, tokens, strict=True)]


async def furnish(node: str, people: Sequence[Person], count: int) -> list[Room]:
    """New rooms, in which everybody may edit: every fourth a project. Raises Unusable."""
    owner, rooms = people[0], []
    async with rest(node) as asked:
        for number in range(count):
            kind = "project" if number % 4 == 1 else "essay"
            body = {"title": f"bench truth {number}"}
            made = await asked.ask("POST", f"/api/{kind}s/", owner.token, body)
            rooms.append(Room("project" if kind == "project" else "essay", made["id"]))
            for user in sorted({person.user for person in people} - {owner.user}):
                path = f"/api/{kind}s/{made['id']}/collaborators/{user}/"
                await asked.ask("PUT", path, owner.token, {"rights": "edit"})
    return rooms


async def read_state(asked: Rest, room: Room, token: str) -> dict[str, Any]:
    """A room as it is now: ``seq``, ``set``, and of an essay ``hash`` and ``text``."""
    found = await asked.ask("GET", f"/api/{room.kind}s/{room.number}/", token)
    state: dict[str, Any] = {"room": room.name, "seq": found["seq"]}
    if room.kind == "project":
        names = ("title", "description", "status", "metadata")
        return {**state, "set": things({name: found[name] for name in names})}
    feedback = {
        f"{FEEDBACK}{item['id']}": [item["comment"], item["status"]]
        async for item in asked.everything(f"/api/essays/{room.number}/feedback/", token)
    }
    text = found["content"]
    return {**state, "hash": digest(text), "text": text, "set": feedback}


async def write_finals(
    nodes: Sequence[str], rooms: Sequence[Room], token: str, history: History
) -> None:
    """Write down how every node shows every room. Raises Unusable."""
    for node in nodes:
        async with rest(node) as asked:
            for room in rooms:
                state = await read_state(asked, room, token)
                history.note("room", node=node, **state)
