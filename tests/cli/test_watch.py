from __future__ import annotations

import io
import json
import random
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
from rich.console import Console

from cli_kit import Running, command, complaint, demo, environment, free_port, workroom
from workroom.cli.screen import draw
from workroom.cli.stream import FIRST_WAIT, LONGEST_WAIT, wait_before
from workroom.cli.views import EssayView, ProjectView, View

EMMA = {"id": 1, "name": "Emma Brown", "role": "student"}
JANE = {"id": 2, "name": "Jane Smith", "role": "coach"}


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
        process.wait(timeout=30)
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
            until(lines, "connection lost")
            with demo(tmp_path, WORKROOM_PORT=port):
                until(lines, "words, last edited by")


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


def test_waits_grow_to_a_ceiling_and_are_jittered_over_their_whole_length() -> None:
    ceilings = [wait_before(attempt, 1.0) for attempt in range(1, 50)]
    assert ceilings[0] == 2 * FIRST_WAIT
    assert ceilings == sorted(ceilings)
    assert ceilings[-1] == LONGEST_WAIT
    assert {wait_before(attempt, 0.0) for attempt in range(1, 50)} == {0.0}
    chance = random.Random(7)
    waits = [wait_before(9, chance.random()) for _ in range(1000)]
    assert min(waits) < LONGEST_WAIT / 10 < LONGEST_WAIT * 0.9 < max(waits)


def screen(view: View) -> str:
    console = Console(width=80, height=20, record=True, file=io.StringIO())
    console.print(draw(view, console))
    return console.export_text()


def joined(user: dict[str, object]) -> dict[str, object]:
    return {"type": "user_joined", "essay_id": 1, "user": user}


def test_the_screen_shows_text_people_typing_and_feedback() -> None:
    view = EssayView(1, state="live")
    view.apply(joined(EMMA))
    view.apply(joined(JANE))
    view.apply(
        {
            "type": "essay_update",
            "content": "Begin 👋 here.\n\nThe end.",
            "word_count": 5,
            "updated_by": EMMA,
            "timestamp": "2026-01-01T00:00:00Z",
        }
    )
    view.apply({"type": "typing_start", "user": JANE})
    view.apply(
        {
            "type": "new_feedback",
            "feedback": {
                "id": 3,
                "type": "content",
                "comment": "Why?",
                "author": EMMA,
                "highlight_start": 9,
                "highlight_end": 13,
            },
        }
    )
    shown = screen(view)
    for part in (
        "essay 1",
        "live",
        "5 words",
        "The end.",
        "● Emma Brown (student)",
        "● Jane Smith (coach) is typing…",
        "[content] Emma Brown: Why?",
        "“here”",
    ):
        assert part in shown


def test_nothing_that_others_wrote_can_steer_the_terminal() -> None:
    evil = "\x1b]0;owned\x07\x1b[2J[bold]\r"
    view = EssayView(1)
    view.apply(joined({"id": 1, "name": evil, "role": "student"}))
    view.apply({"type": "essay_update", "content": evil, "word_count": 1, "updated_by": EMMA})
    view.apply({"type": "new_feedback", "feedback": {"id": 1, "type": "style", "comment": evil}})
    project = ProjectView(1)
    changed = {"changes": {"title": evil, evil: evil}, "updated_by": evil}
    evil_canvas = {"name": evil, "author": {"name": evil}}
    lines = [
        project.apply({"type": "project_updated", "payload": changed}),
        project.apply({"type": "canvas_added", "payload": {"canvas": evil_canvas}}),
        project.apply({"type": "error", "payload": {"code": "CONFLICT", "message": evil}}),
    ]
    for text in (screen(view), screen(project), *map(str, lines)):
        assert not set("\x1b\x07\r") & set(text)


def test_a_project_on_the_screen_merges_what_changes() -> None:
    view = ProjectView(123)
    for changes in ({"title": "Old", "metadata": {"a": 1, "b": 2}}, {"metadata": {"a": None}}):
        view.apply({"type": "project_updated", "payload": {"changes": changes, "updated_by": "2"}})
    assert view.fields == {"title": "Old", "metadata": {"b": 2}}
    assert json.dumps({"b": 2}) in screen(view)


def test_canvases_that_come_and_go_are_told() -> None:
    view, canvas = ProjectView(123), {"name": "Harbour.png", "author": JANE}
    told = [
        view.apply({"type": "canvas_added", "payload": {"canvas": canvas}}),
        view.apply({"type": "canvas_removed", "payload": {"canvas_id": 7}}),
    ]
    assert told == ["Jane Smith has added Harbour.png", "canvas 7 was deleted"]


def test_news_is_told_once() -> None:
    view = EssayView(1)
    assert view.apply(joined(EMMA)) == "Emma Brown (student) is here"
    assert view.apply(joined(EMMA)) is None
    assert view.apply({"type": "ack", "request_id": "1"}) is None
    view.forget_people()
    assert view.apply(joined(EMMA)) == "Emma Brown (student) is here"
