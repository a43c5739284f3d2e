"""Whatever people, workers and servers say: no terminal is steered by it."""

from __future__ import annotations

import copy
import io
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest
from rich.console import Console

from workroom.cli.failures import escaped
from workroom.cli.screen import draw
from workroom.cli.views import Teller, as_json
from workroom.client import Essay, Project
from workroom.client.effects import Send, Tell
from workroom.client.essay import EssayCore
from workroom.client.events import essay_event, project_event
from workroom.client.project import ProjectCore
from workroom.client.room import RoomCore
from workroom.client.shell import Shell
from workroom.client.wire import Ack, News
from workroom.protocol.examples import EXAMPLES

SEQUENCES = (
    "\x1b[2J",  # clear the screen
    "\x1b]0;owned\x07",  # the title of the window
    "\x1b]52;c;cm0gLXJmIH4=\x07",  # the clipboard
    "\x1b]8;;http://example.org\x1b\\here\x1b]8;;\x1b\\",  # a link
    '\x1bP$q"p\x1b\\',  # a question, which the terminal types the answer to
    "\x1b[6n",  # another one
    "\x1bc",  # a reset
    "\x9b31m\x9d0;owned\x9c\x90q\x9c",  # the same in one character each
    "\x0e\x0f\x05\x08\x08\x08\x0b\x0c\x7f\x00\r",
    "\u202etxt.exe\u2066\u2069\u2028\u2029\u0085",
    "[bold red]marked[/] [/nothing] [link=http://example.org]up[/link]",
)
EVIL = "".join(SEQUENCES)
SHOWN = {
    *("essay_update", "new_feedback", "feedback_update", "user_joined", "typing_start"),
    *("project_updated", "task_started", "task_progress", "canvas_added"),
}
"""What fills the screen."""
EVENTS = {
    name: examples[0]
    for name, examples in EXAMPLES.items()
    if (essay_event(examples[0].get("type", ""), examples[0]) is not None)
    or project_event(examples[0].get("type", ""), examples[0].get("payload", {})) is not None
}


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every string in it: where it stands, and under which key."""
    for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
        if isinstance(inner, str):
            yield value, key
        elif isinstance(inner, dict | list):
            yield from places(inner)


def spoilt(message: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The type and the body of a message in which every text that may be anything is evil."""
    found = copy.deepcopy(message)
    kind = found["type"]
    is_project = "payload" in found
    body: dict[str, Any] = found["payload"] if is_project else found
    parse = project_event if is_project else essay_event
    for holder, key in places(body):
        before, holder[key] = holder[key], EVIL
        if (holder, key) == (found, "type") or parse(kind, body) is None:
            holder[key] = before
    for holder in ({"changes": body.get("changes")}, {"result": body.get("result")}):
        for free in holder.values():
            if isinstance(free, dict):
                free[EVIL] = EVIL
                if isinstance(free.get("metadata"), dict):
                    free["metadata"][EVIL] = {EVIL: [EVIL]}
    return kind, body


def steers(text: str) -> set[str]:
    """Characters that no text of a line may have."""
    bad = {"Cc", "Zl", "Zp"}
    bidi = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    return {it for it in text if it in bidi or unicodedata.category(it) in bad}


def heard(core: RoomCore, decided: list[Any], messages: list[tuple[str, Any]]) -> list[Any]:
    """The events of a room that is told this while it is followed."""
    core.up()
    subscribed = {"seq": 1, "recovered": False, "rights": "view"}
    (join,) = [it.message["request_id"] for it in decided if isinstance(it, Send)]
    for kind, body in [("subscribed", subscribed), *messages]:
        named = {**body, "type": kind, "essay_id": 1, "project_id": 1}
        core.heard(News(kind, 1, named.get("seq"), named), 0.5)
    core.heard(Ack(join, 1, {"seq": 1}), 0.5)
    return [it.event for it in decided if isinstance(it, Tell)]


def test_there_are_events_of_many_kinds_to_be_spoilt() -> None:
    evil = [
        name
        for name, each in EVENTS.items()
        if any(holder[key] == EVIL for holder, key in places(spoilt(each)[1]))
    ]
    assert len(evil) >= 12


@pytest.mark.parametrize("name", EVENTS)
def test_no_line_about_an_event_steers_the_terminal(name: str) -> None:
    kind, body = spoilt(EVENTS[name])
    is_project = "payload" in EVENTS[name]
    event: Any = (project_event if is_project else essay_event)(kind, body)
    assert event is not None
    line = Teller().line(event)
    assert line is None or not steers(line)
    if name not in {"EssaySubscribed", "ProjectSubscribed", "EssayAck", "ProjectAck"}:
        assert not steers(as_json(event))


@pytest.mark.parametrize("kind", ["essay", "project"])
async def test_no_room_on_the_screen_steers_the_terminal(kind: str) -> None:
    decided: list[Any] = []
    is_project = kind == "project"
    core: EssayCore | ProjectCore = (ProjectCore if is_project else EssayCore)(1, "p", decided)
    messages = [spoilt(each) for each in EVENTS.values() if ("payload" in each) is is_project]
    kept = [(name, body) for name, body in messages if name in SHOWN]
    told = heard(core, decided, kept)
    assert len(told) >= 4
    shell = Shell("ws://nowhere", "token", core.dialect, lambda _effect: None)
    room: Essay | Project = (
        Essay(core, shell, None) if isinstance(core, EssayCore) else Project(core, shell, None)
    )
    file = io.StringIO()
    console = Console(width=80, height=40, file=file, force_terminal=True, color_system=None)
    console.print(draw(room, "live", console))
    shown = file.getvalue()
    assert "\\x1b" in shown
    assert steers(shown) <= {"\n"}


def test_what_is_escaped_can_still_be_read() -> None:
    assert escaped("Grüße, 👋 שלום") == "Grüße, 👋 שלום"
    assert not steers(escaped(EVIL))
    assert escaped("\x1b[2J") == "\\x1b[2J"
