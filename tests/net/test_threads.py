"""Feedback between two kinds of clients on the real server: who sees what, live."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.net.live import Client, Message, Server, python_client, running
from tests.net.shapes import assert_documented

EXTENDED = ["workroom.v1"]


def _essay(demo: Server) -> int:
    body = {"title": "Threads", "content": "One two three."}
    number: int = demo.rest("POST", "/api/essays/", "emma", body)[1]["id"]
    for user, right in ((3, "comment"), (4, "view")):
        path = f"/api/essays/{number}/collaborators/{user}/"
        assert demo.rest("PUT", path, "emma", {"rights": right})[0] in (200, 201)
    return number


async def _asked(client: Client, action: str, request_id: str, **more: object) -> int:
    """Send an action about feedback, and wait for its acknowledgement."""
    await client.send({"action": f"{action}_feedback", "request_id": request_id, **more})
    answer = await client.next("ack")
    assert answer["request_id"] == request_id
    seq: int = answer["seq"]
    return seq


async def _next_update(client: Client, passing: int = 1) -> Message:
    """The next ``feedback_update``, or a later one."""
    for _ in range(passing - 1):
        await client.next("feedback_update")
    feedback: Message = (await client.next("feedback_update"))["feedback"]
    return feedback


async def test_replies_and_resolution_are_live_and_plain_clients_see_documented_keys(
    demo: Server,
) -> None:
    number = _essay(demo)
    url = {name: demo.essay_url(number, demo.token(name)) for name in ("emma", "sarah", "mike")}
    async with (
        python_client(url["emma"], protocols=EXTENDED) as emma,
        python_client(url["sarah"], protocols=EXTENDED) as sarah,
        python_client(url["mike"]) as mike,
    ):
        for client in (emma, sarah, mike):
            await client.next("user_joined")  # only who is in the room hears what happens there
        feedback = {"type": "style", "comment": "Why?", "highlight_start": 4, "highlight_end": 7}
        await sarah.send({"action": "add_feedback", "essay_id": number, "feedback": feedback})
        new = (await emma.next("new_feedback"))["feedback"]
        assert (new["status"], new["replies"], new["quote"]) == ("open", [], "two")
        about = {"essay_id": number, "feedback_id": new["id"]}

        reply = await _asked(emma, "reply", "r1", **about, comment="Because")
        told = await _next_update(sarah)
        [shown] = told["replies"]
        assert (shown["id"], shown["comment"], shown["author"]["id"]) == (reply, "Because", 1)
        assert await _asked(emma, "reply", "r1", **about, comment="Because") == reply

        await _asked(emma, "resolve", "r2", **about)
        told = await _next_update(sarah)
        assert (told["status"], told["resolved_by"]["name"]) == ("resolved", "Emma Brown")
        assert len(told["replies"]) == 1, "the reply that was sent twice is there once"

        await asyncio.to_thread(
            demo.rest, "PATCH", f"/api/feedback/{new['id']}/", "sarah", {"status": "open"}
        )
        assert (await _next_update(sarah))["status"] == "open"
        await _asked(sarah, "update", "r3", **about, feedback={"comment": "How so?"})
        assert (await _next_update(emma, 2))["comment"] == "How so?"

        await mike.send({"action": "reply_feedback", **about, "comment": "Me too"})
        assert (await mike.next("error"))["error"] == "unknown_action"
        await _asked(sarah, "delete", "r4", **about)
        assert (await emma.next("feedback_deleted"))["feedback_id"] == new["id"]
        await emma.send({"action": "resolve_feedback", **about, "request_id": "r5"})
        refused = await emma.next("error")
        assert (refused["error"], refused["retry"]) == ("conflict", "never")

        kinds = [message["type"] for message in mike.everything]
        assert kinds.count("feedback_update") == 4 and "feedback_deleted" not in kinds
        for message in mike.everything:
            assert_documented("essay", message)


async def test_threads_survive_a_killed_server(tmp_path: Path) -> None:
    with running(tmp_path) as first:
        number = _essay(first)
        body = {"type": "style", "comment": "Why?", "quote": "two"}
        made = first.rest("POST", f"/api/essays/{number}/feedback/", "sarah", body)[1]
        path = f"/api/feedback/{made['id']}/"
        assert first.rest("POST", f"{path}replies/", "emma", {"comment": "Because"})[0] == 201
        assert first.rest("PATCH", path, "emma", {"status": "resolved"})[0] == 200
        before = first.rest("GET", path, "emma")[1]
    with running(tmp_path) as second:
        assert second.rest("GET", path, "emma")[1] == before
    assert (before["status"], before["replies"][0]["comment"]) == ("resolved", "Because")
