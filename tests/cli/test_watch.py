from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest
from rich.console import Console
from tests.free_ports import free_port

from cli_kit import PATIENCE, Running, command, complaint, demo, environment, workroom
from client_kit import AT, FEEDBACK, EssayInTest
from workroom.cli.screen import draw
from workroom.cli.views import Teller
from workroom.client import Essay, Project
from workroom.client.effects import Tell
from workroom.client.essay import EssayCore
from workroom.client.project import ProjectCore
from workroom.client.shell import Shell
from workroom.client.wire import News
from workroom.protocol.examples import EXAMPLES

EMMA = {"id": 1, "name": "Emma Brown", "role": "student"}
JANE = {"id": 2, "name": "Jane Smith", "role": "coach"}
CANVAS = EXAMPLES["ProjectCanvasAdded"][0]["payload"]["canvas"]


@contextmanager
def watching(data_dir: Path, *arguments: str) -> Iterator[IO[str]]:
    """``workroom watch`` into a pipe; gives what it prints."""
    process = subprocess.Popen(
        command("watch", *arguments),
        stdout=subprocess.PIPE,
        text=True,
        env=environment(data_dir),
    )
    assert process.stdout is not None
    try:
        yield process.stdout
    finally:
        process.terminate()
        process.wait(PATIENCE)
        process.stdout.close()


def until(lines: IO[str], wanted: str) -> list[str]:
    seen = []
    for line in lines:
        seen.append(line)
        if wanted in line:
            return seen
    raise AssertionError("".join(seen))


def test_an_essay_is_told_as_it_happens(furnished: Running) -> None:
    jane = workroom(furnished.data_dir, "token", "jane").stdout.strip()
    url = f"http://localhost:{furnished.port}"
    with watching(furnished.data_dir, "essay", "1", "--url", url) as lines:
        until(lines, "words, last edited by")
        with furnished.essay(jane) as socket:
            until(lines, "Jane Smith (coach) is here")
            socket.send('{"action": "typing_start", "essay_id": 1}')
            until(lines, "Jane Smith (coach) is typing")
        until(lines, "Jane Smith (coach) has left")


def test_a_project_is_told_as_it_happens(furnished: Running) -> None:
    john = workroom(furnished.data_dir, "token", "john_doe").stdout.strip()
    url = f"ws://localhost:{furnished.port}"
    with watching(furnished.data_dir, "project", "123", "--url", url, "--user", "jane") as lines:
        until(lines, "title, description, status, metadata set by user")
        furnished.patch("/api/projects/123/", john, {"metadata": {"stage": "hanging"}})
        until(lines, "metadata set by user 456")


def test_watching_survives_a_restart_of_the_server(tmp_path: Path) -> None:
    port = str(free_port())
    with demo(tmp_path, WORKROOM_PORT=port, WORKROOM_SHUTDOWN_SPREAD="0") as first:
        url = f"ws://localhost:{port}"
        with watching(tmp_path, "essay", "1", "--url", url) as lines:
            until(lines, "words, last edited by")
            assert first.stop() == 0
            until(lines, "no connection to the server")
            with demo(tmp_path, WORKROOM_PORT=port):
                until(lines, "live")


@pytest.mark.parametrize(
    ("arguments", "about"),
    [
        (["essay", "77"], "there is no essay 77"),
        (["essay", "1", "--user", "john_doe"], "there is no essay 1"),
        (["essay", "1", "--user", "nobody"], "there is no user"),
        (["essay", "1", "--token", "not.a.token"], "WORKROOM_TOKEN"),
        (["project", "123", "--token", "not.a.token"], "WORKROOM_TOKEN"),
    ],
)
def test_what_coming_back_would_not_mend_is_an_error(
    furnished: Running, arguments: list[str], about: str
) -> None:
    url = f"ws://localhost:{furnished.port}"
    done = workroom(furnished.data_dir, "watch", *arguments, "--url", url)
    assert done.returncode == 1
    assert about in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_token_can_come_from_the_environment_alone(furnished: Running, tmp_path: Path) -> None:
    line = complaint(workroom(tmp_path, "watch", "essay", "1"))
    assert line.startswith("WORKROOM_DATA_DIR")
    url = f"ws://localhost:{furnished.port}"
    done = workroom(*(tmp_path, "watch", "essay", "1", "--url", url), WORKROOM_TOKEN="not.a.token")
    assert "WORKROOM_TOKEN" in done.stderr


async def shown_by(core: EssayCore | ProjectCore) -> str:
    """The screen, for what this room knows."""
    shell = Shell("ws://nowhere", "token", core.dialect, lambda _effect: None)
    room: Essay | Project
    match core:
        case EssayCore():
            room = Essay(core, shell, None)
        case ProjectCore():
            room = Project(core, shell, None)
    console = Console(width=80, height=20, record=True, file=io.StringIO())
    console.print(draw(room, "live", console))
    return console.export_text()


def project_told(*messages: tuple[str, dict[str, Any]]) -> tuple[ProjectCore, list[str | None]]:
    """A project that was told this, and the lines about it."""
    decided: list[Any] = []
    core, teller = ProjectCore(123, "p", decided), Teller()
    core.up()
    subscribed = {"project_id": 123, "seq": 1, "recovered": False, "rights": "view"}
    for kind, body in (("subscribed", subscribed), *messages):
        core.heard(News(kind, 123, body.get("seq"), {"project_id": 123, **body}), 0.5)
    told = [it.event for it in decided if isinstance(it, Tell)]
    return core, [teller.line(event) for event in told]


async def test_the_screen_shows_text_people_typing_and_feedback_with_its_replies() -> None:
    room = EssayInTest("Begin 👋 here.\n\nThe end.", 5)
    for person in (EMMA, JANE):
        room.hears("user_joined", user={**person, "avatar_url": ""}, timestamp=AT)
    room.hears("typing_start", user=JANE, timestamp=AT)
    reply = {"id": 1, "comment": "Because.", "author": JANE, "created_at": AT, "updated_at": AT}
    place = {"highlight_start": 9, "highlight_end": 13, "comment": "Why?", "author": EMMA}
    room.hears("new_feedback", 6, feedback={**FEEDBACK, **place, "replies": [reply]})
    room.hears("new_feedback", 7, feedback={**FEEDBACK, "id": 1204, "comment": "Long. " * 50})
    shown = await shown_by(room.core)
    for part in (
        "1204 [style] Jane Smith: Long.",
        "essay 1",
        "live",
        "last edited by Jane Smith",
        "The end.",
        "● Emma Brown (student)",
        "● Jane Smith (coach) is typing…",
        "[style] Emma Brown: Why?",
        "“here”",
        "↳ Jane Smith: Because.",
    ):
        assert part in shown


async def test_nothing_that_others_wrote_can_steer_the_terminal() -> None:
    evil = "\x1b]0;owned\x07\x1b[2J[bold]\r"
    room, teller = EssayInTest(evil, 5), Teller()
    person = {"id": 1, "name": evil, "role": "student", "avatar_url": ""}
    room.hears("user_joined", user=person, timestamp=AT)
    room.hears("typing_start", user={**EMMA, "name": evil}, timestamp=AT)
    room.hears("new_feedback", 6, feedback={**FEEDBACK, "comment": evil})
    lines = [teller.line(it.event) for it in room.decided() if isinstance(it, Tell)]
    changed = {"changes": {"title": evil, "metadata": {evil: evil}}, "updated_by": "2", "seq": 2}
    begun = {"task_id": evil, "task_type": evil, "canvas_id": 1, "requested_by": 2, "seq": 3}
    moved = {"task_id": evil, "progress": 5, "message": evil, "attempt": 1}
    added = {"canvas": {**CANVAS, "name": evil}, "seq": 4}
    project, told = project_told(
        ("project_updated", changed),
        ("task_started", begun),
        ("task_progress", moved),
        ("canvas_added", added),
    )
    assert len(lines) == 3
    assert len(told) == 4
    for text in (await shown_by(room.core), await shown_by(project), *map(str, lines + told)):
        assert not set("\x1b\x07\r") & set(text)


async def test_a_project_on_the_screen_merges_what_changes_and_has_a_bar_per_task() -> None:
    old = {"title": "Old", "metadata": {"a": 1, "b": 2}}
    begun = {"task_id": "t1", "task_type": "analyze_audio", "canvas_id": 1, "requested_by": 2}
    project, lines = project_told(
        ("project_updated", {"changes": old, "updated_by": "2", "seq": 2}),
        ("project_updated", {"changes": {"metadata": {"a": None}}, "updated_by": "2", "seq": 3}),
        ("task_started", {**begun, "seq": 4}),
        ("task_progress", {"task_id": "t1", "progress": 75, "message": "On", "attempt": 1}),
    )
    assert project.fields == {"title": "Old", "metadata": {"b": 2}}
    shown = await shown_by(project)
    for part in (json.dumps({"b": 2}), "analyze_audio", "75 % On"):
        assert part in shown
    assert lines == [
        "title, metadata set by user 2",
        "metadata set by user 2",
        "task t1 has begun: analyze_audio of canvas 1",
        "task t1: 75 % On",
    ]


def test_canvases_and_the_ends_of_tasks_are_told() -> None:
    ended = {"canvas_id": 1, "status": "failed", "error": "This picture is damaged"}
    _, lines = project_told(
        ("canvas_added", {"canvas": {**CANVAS, "name": "Harbour.png"}, "seq": 2}),
        ("canvas_removed", {"canvas_id": 7, "seq": 3}),
        ("task_completed", {"task_id": "t1", "task_type": "x", "result": ended, "seq": 4}),
    )
    assert lines == [
        "Jane Smith has added Harbour.png",
        "canvas 7 was deleted",
        "task t1 has ended, failed: This picture is damaged",
    ]


def test_with_json_every_event_is_an_object_on_a_line(furnished: Running) -> None:
    url = f"http://localhost:{furnished.port}"
    with watching(furnished.data_dir, "essay", "1", "--url", url, "--json") as lines:
        seen = [json.loads(line) for line in until(lines, '"live"')]
    kinds = [event["type"] for event in seen]
    assert kinds[-1] == "status_changed"
    assert {"essay_update", "user_joined", "new_feedback"} <= set(kinds)
    (update,) = [event for event in seen if event["type"] == "essay_update"]
    assert update["essay_id"] == 1
    assert update["seq"] >= 1
