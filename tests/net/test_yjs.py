"""Unchanged ``y-websocket`` providers on the real server, beside clients that send whole texts."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest

from tests.net.editors import Editor, Editors
from tests.net.live import PATIENCE, Client, Server, python_client, running

EXTENDED = ["workroom.v1"]
IDS = {"jane": 2, "sarah": 3, "mike": 4}


def new_essay(server: Server, content: str = "Some words of mine.", **members: str) -> int:
    body = {"title": "Essay", "content": content}
    number: int = server.rest("POST", "/api/essays/", "emma", body)[1]["id"]
    for name, right in members.items():
        set_right(server, number, name, right)
    return number


def set_right(server: Server, essay: int, name: str, right: str) -> None:
    path = f"/api/essays/{essay}/collaborators/{IDS[name]}/"
    assert server.rest("PUT", path, "emma", {"rights": right})[0] in (200, 201)


def content_of(server: Server, essay: int) -> str:
    content: str = server.rest("GET", f"/api/essays/{essay}/", "emma")[1]["content"]
    return content


async def stored(server: Server, essay: int, content: str) -> None:
    """Wait until the essay, as the store has it, holds this text."""
    async with asyncio.timeout(PATIENCE):
        while (found := await asyncio.to_thread(content_of, server, essay)) != content:
            assert found is not None
            await asyncio.sleep(0.02)


async def save(client: Client, essay: int, content: str, **more: Any) -> None:
    await client.send({"action": "update_essay", "essay_id": essay, "content": content, **more})


async def test_editors_and_a_json_client_see_each_others_words(demo: Server) -> None:
    essay = new_essay(demo, "Héllo 😀 שלום", jane="edit")
    async with (
        Editors.running() as node,
        python_client(demo.essay_url(essay, demo.token("emma"))) as emma,
    ):
        await emma.next("user_joined")
        jane = await node.open("jane", demo, "jane", essay)
        tab = await node.open("tab", demo, "jane", essay)
        assert jane.text == tab.text == "Héllo 😀 שלום"
        jane.do("insert", at=8, text="👋🏽")
        await tab.has("Héllo 😀👋🏽 שלום")
        assert (await emma.next("essay_update"))["content"] == "Héllo 😀👋🏽 שלום"
        await save(emma, essay, "Héllo 😀👋🏽 e\u0301t שלום")
        await jane.has("Héllo 😀👋🏽 e\u0301t שלום")
        await tab.has("Héllo 😀👋🏽 e\u0301t שלום")
        path = f"/api/essays/{essay}/"
        demo.rest("PATCH", path, "emma", {"content": "Héllo 😀👋🏽 e\u0301t שלום!"})
        await jane.has("Héllo 😀👋🏽 e\u0301t שלום!")
        await tab.has("Héllo 😀👋🏽 e\u0301t שלום!")


async def test_an_editor_is_a_member_and_types_like_any_other(demo: Server) -> None:
    essay = new_essay(demo, jane="edit")
    async with (
        Editors.running() as node,
        python_client(demo.essay_url(essay, demo.token("emma"))) as emma,
    ):
        await emma.next("user_joined")
        jane = await node.open("jane", demo, "jane", essay)
        assert (await emma.next("user_joined"))["user"]["id"] == 2
        jane.do("insert", at=0, text="x")
        assert (await emma.next("typing_start"))["user"]["id"] == 2
        update = await emma.next("essay_update")
        assert update["updated_by"]["id"] == 2
        assert update["word_count"] == 4
        jane.do("destroy")
        assert (await emma.next("typing_stop"))["user_id"] == 2
        assert (await emma.next("user_left"))["user_id"] == 2


async def test_an_edit_moves_the_highlights(demo: Server) -> None:
    essay = new_essay(demo, "One two three", jane="edit")
    feedback = {"type": "style", "comment": "?", "highlight_start": 4, "highlight_end": 7}
    demo.rest("POST", f"/api/essays/{essay}/feedback/", "emma", feedback)
    async with Editors.running() as node:
        jane = await node.open("jane", demo, "jane", essay)
        jane.do("insert", at=0, text="😀 ")
        await stored(demo, essay, "😀 One two three")
    item = demo.rest("GET", f"/api/essays/{essay}/feedback/", "emma")[1]["results"][0]
    assert (item["highlight_start"], item["highlight_end"]) == (7, 10)


async def test_what_was_typed_offline_comes_in_when_the_editor_is_back(demo: Server) -> None:
    essay = new_essay(demo, "one three", jane="edit")
    async with Editors.running() as node:
        jane = await node.open("jane", demo, "jane", essay)
        emma = await node.open("emma", demo, "emma", essay)
        jane.do("disconnect")
        jane.do("insert", at=4, text="two ")
        jane.do("insert", at=13, text=" four")
        emma.do("insert", at=0, text="zero ")
        await emma.has("zero one three")
        jane.do("connect")
        for editor in (jane, emma):
            await editor.has("zero one two three four")
        await stored(demo, essay, "zero one two three four")


@pytest.mark.parametrize("right", ["view", "comment"])
async def test_who_may_not_edit_is_refused_and_goes_on_reading(demo: Server, right: str) -> None:
    essay = new_essay(demo, "mine", jane="edit", mike=right)
    async with Editors.running() as node:
        mike = await node.open("mike", demo, "mike", essay)
        jane = await node.open("jane", demo, "jane", essay)
        mike.do("insert", at=0, text="not ")
        await mike.until(lambda _: node.warnings)
        assert "You don't have permission to edit this essay" in node.warnings[0]
        mike.do("show", field="user", value={"name": "Somebody else", "color": "#123456"})
        shown = {"id": 4, "name": "Mike Wilson", "color": "#123456"}  # once he has shown himself
        await jane.until(
            lambda it: it.others().get("Mike Wilson", {}).get("state", {}).get("user") == shown
        )
        jane.do("insert", at=4, text="!")
        await mike.has("not mine!")
        await stored(demo, essay, "mine!")
        assert not [it for it in mike.reports if it["what"] == "lost"]


async def test_a_right_that_is_taken_away_is_gone_at_once(demo: Server) -> None:
    essay = new_essay(demo, "mine", jane="edit")
    async with Editors.running() as node:
        jane = await node.open("jane", demo, "jane", essay)
        emma = await node.open("emma", demo, "emma", essay)
        set_right(demo, essay, "jane", "view")
        jane.do("insert", at=0, text="still ")
        await jane.until(lambda _: node.warnings)
        emma.do("insert", at=4, text="!")
        await emma.has("mine!")
        await stored(demo, essay, "mine!")
        assert demo.rest("DELETE", f"/api/essays/{essay}/collaborators/2/", "emma")[0] == 204
        assert (await jane.told("closed"))["code"] == 4403


async def test_a_stranger_is_turned_away_and_does_not_come_back(demo: Server) -> None:
    essay = new_essay(demo)
    async with Editors.running() as node:
        mike = await node.open("mike", demo, "mike", essay, synced=False)
        assert (await mike.told("closed"))["code"] == 4403
        assert mike.text == ""


async def test_a_session_that_ends_closes_the_editor_and_a_new_token_opens_it(
    demo: Server,
) -> None:
    essay = new_essay(demo, "mine")
    async with Editors.running() as node:
        emma = await node.open("emma", demo, "emma", essay)
        emma.do("disconnect")
        emma.do("renew", token="nonsense")
        assert (await emma.told("closed"))["code"] == 4401
        seen = len(emma.reports)
        emma.do("renew", token=demo.token("emma"))
        await emma.until(lambda it: any(r.get("synced") for r in it.reports[seen:]))
        assert emma.text == "mine"


async def test_cursors_are_shown_both_ways_in_text_beyond_ascii(demo: Server) -> None:
    essay = new_essay(demo, "😀 שלום e\u0301t", jane="edit")
    url = demo.essay_url(essay, demo.token("emma"))
    async with Editors.running() as node, python_client(url, protocols=EXTENDED) as emma:
        await emma.next("user_joined")
        jane = await node.open("jane", demo, "jane", essay)
        jane.do("insert", at=3, text="👋")
        await emma.next("essay_update")
        jane.do("point", anchor=3, head=9)
        moved = await emma.next("cursor_moved")
        assert (moved["user_id"], moved["cursor_position"], moved["selection_end"]) == (2, 9, 3)
        jane.do("point", anchor=13, head=13)
        assert (await emma.next("cursor_moved"))["cursor_position"] == 13
        content = "😀 👋שלום, e\u0301t"
        await save(emma, essay, content, cursor_position=10, selection_end=5)
        await jane.has(content)
        await jane.until(lambda it: it.others().get("Emma Brown", {}).get("caret") == [5, 10])


async def test_others_are_shown_to_an_editor_while_they_are_here(demo: Server) -> None:
    essay = new_essay(demo, jane="edit", mike="view")
    url = demo.essay_url(essay, demo.token("emma"))
    async with Editors.running() as node:
        jane = await node.open("jane", demo, "jane", essay)
        async with python_client(url) as emma:
            await jane.until(lambda it: "Emma Brown" in it.others())
            assert jane.others()["Emma Brown"]["state"]["user"]["id"] == 1
            await emma.send({"action": "typing_start", "essay_id": essay})
            await jane.until(lambda it: it.others()["Emma Brown"]["state"]["typing"])
            mike = await node.open("mike", demo, "mike", essay)
            mike.do("show", field="user", value={})
            await jane.until(lambda it: set(it.others()) == {"Emma Brown", "Mike Wilson"})
            await mike.until(lambda it: "Emma Brown" in it.others())
        await jane.until(lambda it: set(it.others()) == {"Mike Wilson"})
        mike.do("destroy")
        await jane.until(lambda it: not it.others())


async def test_text_that_is_too_long_is_not_taken_and_the_editor_learns_why(
    tmp_path: Path,
) -> None:
    with running(tmp_path, WORKROOM_MAX_ESSAY="5000") as server:
        essay = new_essay(server, "x" * 4900, jane="edit")
        async with Editors.running() as node:
            emma = await node.open("emma", server, "emma", essay)
            jane = await node.open("jane", server, "jane", essay)
            jane.do("insert", at=0, text="y" * 101)
            closed = await jane.told("closed")
            assert (closed["code"], closed["reason"]) == (4413, "too_large")
            assert "at most 5000 UTF-16 units" in node.warnings[0]
            emma.do("delete", at=0, count=4500)
            await stored(server, essay, "x" * 400)
            jane.do("connect")
            await stored(server, essay, "y" * 101 + "x" * 400)
            await emma.has("y" * 101 + "x" * 400)


async def test_what_is_no_text_is_not_taken(demo: Server) -> None:
    essay = new_essay(demo, "mine")
    async with Editors.running() as node:
        emma = await node.open("emma", demo, "emma", essay)
        emma.do("map", key="a", value=1)
        assert (await emma.told("closed"))["code"] == 4422
        assert content_of(demo, essay) == "mine"


async def test_formatting_reaches_other_editors_and_no_text_client(demo: Server) -> None:
    essay = new_essay(demo, "mine", jane="edit")
    async with (
        Editors.running() as node,
        python_client(demo.essay_url(essay, demo.token("emma"))) as emma,
    ):
        await emma.next("user_joined")
        jane = await node.open("jane", demo, "jane", essay)
        tab = await node.open("tab", demo, "jane", essay)
        seen = len(tab.reports)
        jane.do("format", at=0, count=2, marks={"bold": True})
        await tab.told("text", after=seen)
        jane.do("insert", at=4, text="!")
        assert (await emma.next("essay_update"))["content"] == "mine!"
        assert not [it for it in emma.everything if it.get("content") == "mine"]


async def test_letters_that_no_essay_holds_are_taken_out_again(demo: Server) -> None:
    essay = new_essay(demo, "", jane="edit")
    async with (
        Editors.running() as node,
        python_client(demo.essay_url(essay, demo.token("emma"))) as emma,
    ):
        await emma.next("user_joined")
        jane = await node.open("jane", demo, "jane", essay)
        jane.do("insert", at=0, text="one\r\ntwo\0 three\rfour")
        await jane.has("one\ntwo three\rfour")
        assert (await emma.next("essay_update"))["content"] == "one\ntwo three\rfour"
        jane.do("insert", at=0, text="\ud83d")
        assert (await emma.next("essay_update"))["content"] == "\ufffdone\ntwo three\rfour"


async def test_everybody_ends_with_the_same_text(demo: Server) -> None:
    essay = new_essay(demo, "Start. ", jane="edit")
    chance = random.Random(20261121)
    words = ["alpha ", "😀 ", "שלום ", "e\u0301t ", "👩‍👩‍👧 ", "z"]
    url = demo.essay_url(essay, demo.token("emma"))
    async with Editors.running() as node, python_client(url) as emma:
        editors = [await node.open(name, demo, "jane", essay) for name in ("one", "two")]
        for number in range(60):
            editor = chance.choice(editors)
            if number % 17 == 11:
                editor.do("disconnect")
                editor.do("insert", at=0, text="offline ")
                editor.do("connect")
            elif number % 3:
                editor.do("insert", at=0, text=chance.choice(words))
            else:
                await save(emma, essay, latest(emma, "Start. ") + chance.choice(words))
            await asyncio.sleep(chance.uniform(0, 0.03))
        await settle(demo, essay, editors)


def latest(client: Client, first: str) -> str:
    """The text that a client has, which puts every one that comes in place of its own."""
    texts = [it["content"] for it in client.everything if it["type"] == "essay_update"]
    return texts[-1] if texts else first


async def settle(server: Server, essay: int, editors: list[Editor]) -> None:
    async def same() -> bool:
        content = await asyncio.to_thread(content_of, server, essay)
        return all(editor.text == content for editor in editors)

    async with asyncio.timeout(PATIENCE):
        while not await same():
            await asyncio.sleep(0.05)
