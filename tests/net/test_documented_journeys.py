"""Clients written from the two format pages alone, in Python and in Node, against the real server.

Each journey makes every message of its page happen, and checks every message that anybody received,
key by key and type by type.
"""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.net.live import Client, Node, Server, python_client
from tests.net.shapes import DOCUMENTED, assert_documented

TASKS = {"task_completed", "task_progress"}
"""They come with the canvases."""


def _check_all(dialect: str, clients: Iterable[Client], expected: set[str]) -> None:
    kinds = set()
    for client in clients:
        for message in client.everything:
            assert_documented(dialect, message)
            kinds.add(message["type"])
    assert kinds == expected


@pytest.mark.parametrize("first", ["python", "node"])
async def test_every_message_of_the_essay_page(demo: Server, first: str) -> None:
    essay = demo.rest("POST", "/api/essays/", "emma", {"title": "Journey", "content": "One two."})[
        1
    ]
    number = essay["id"]
    for user, right in ((2, "edit"), (4, "view")):
        path = f"/api/essays/{number}/collaborators/{user}/"
        assert demo.rest("PUT", path, "emma", {"rights": right})[0] in (200, 201)
    urls = {name: demo.essay_url(number, demo.token(name)) for name in ("emma", "jane", "mike")}
    names = ("emma", "jane") if first == "python" else ("jane", "emma")
    async with Node.running() as node, python_client(urls[names[0]]) as one:
        await one.next("user_joined")
        two = await node.client(names[1], urls[names[1]])
        await two.next("user_joined")
        emma, jane = (one, two) if names[0] == "emma" else (two, one)
        mike = await node.client("mike", urls["mike"])
        while (await emma.next("user_joined"))["user"]["name"] != "Mike Wilson":
            pass

        await jane.send({"action": "subscribe_essay", "essay_id": number})
        update = await jane.next("essay_update")
        assert (update["content"], update["word_count"]) == ("One two.", 2)
        assert update["updated_by"] == {"id": 1, "name": "Emma Brown", "role": "student"}

        await jane.send(
            {
                "action": "add_feedback",
                "essay_id": number,
                "feedback": {
                    "type": "structure",
                    "comment": "Consider adding a stronger thesis statement",
                    "highlight_start": 4,
                    "highlight_end": 7,
                },
            }
        )
        for client in (emma, jane, mike):
            feedback = (await client.next("new_feedback"))["feedback"]
            assert (feedback["highlight_start"], feedback["highlight_end"]) == (4, 7)

        await emma.send(
            {
                "action": "update_essay",
                "essay_id": number,
                "content": "Zero one. One two.",
                "cursor_position": 10,
            }
        )
        assert (await jane.next("typing_start"))["user"]["id"] == 1
        assert (await jane.next("essay_update"))["content"] == "Zero one. One two."
        moved = (await jane.next("feedback_update"))["feedback"]
        assert (moved["highlight_start"], moved["highlight_end"]) == (14, 17)
        assert (await emma.next("essay_update"))["content"] == "Zero one. One two."
        assert (await mike.next("typing_stop"))["user_id"] == 1

        await mike.send({"action": "update_essay", "essay_id": number, "content": "Mine"})
        denied = await mike.next("permission_denied")
        assert denied["message"] == "You don't have permission to edit this essay"
        await mike.send({"action": "dance", "essay_id": number})
        assert (await mike.next("error"))["error"] == "unknown_action"

        await mike.close()
        assert (await emma.next("user_left"))["user_id"] == 4

        stranger = await node.client("bad", demo.essay_url(number, "not.a.token"))
        assert (await stranger.next())["message"] == "Invalid or expired token"
        assert await stranger.close_code() == 4401
        _check_all("essay", (one, two, mike, stranger), {*DOCUMENTED["essay"], "error"})


@pytest.mark.parametrize("first", ["python", "node"])
async def test_every_message_of_the_project_page(demo: Server, first: str) -> None:
    project = demo.rest("POST", "/api/projects/", "jane", {"title": "Title"})[1]["id"]
    path = f"/api/projects/{project}/collaborators/456/"
    assert demo.rest("PUT", path, "jane", {"rights": "edit"})[0] in (200, 201)
    names = ("jane", "john_doe") if first == "python" else ("john_doe", "jane")
    urls = {name: demo.project_url(demo.token(name)) for name in names}
    async with Node.running() as node, python_client(urls[names[0]]) as one:
        two = await node.client(names[1], urls[names[1]])
        jane, john = (one, two) if names[0] == "jane" else (two, one)
        for client in (jane, john):
            await client.send({"type": "join_project", "payload": {"project_id": project}})
            own = await client.next("user_joined")
            assert own["payload"]["username"] == ("jane" if client is jane else "john_doe")
        assert (await john.next("user_joined"))["payload"]["username"] == "jane"
        state = await john.next("project_updated")
        assert state["payload"]["changes"]["title"] == "Title"
        assert state["payload"]["updated_by"] == "2"
        await jane.next("project_updated")
        joined = await jane.next("user_joined")
        assert joined["payload"] == {
            "project_id": project,
            "user_id": 456,
            "username": "john_doe",
        }

        message = {
            "type": "update_project",
            "payload": {"project_id": project, "data": {"title": "Updated Title"}},
        }
        await john.send(message)
        for client in (jane, john):
            payload = (await client.next("project_updated"))["payload"]
            assert payload["changes"] == {"title": "Updated Title"}
            assert payload["updated_by"] == "456"

        await john.send({"type": "leave_project", "payload": {"project_id": project}})
        for client in (jane, john):
            assert (await client.next("user_left"))["payload"]["user_id"] == 456

        await john.send(message)
        assert (await john.next("error"))["payload"]["code"] == "NOT_IN_PROJECT"
        stranger = await node.client("bad", demo.project_url("not.a.token"))
        assert (await stranger.next())["payload"]["code"] == "AUTHENTICATION_FAILED"
        assert await stranger.close_code() == 4401
        _check_all("project", (one, two, stranger), set(DOCUMENTED["project"]) - TASKS)
