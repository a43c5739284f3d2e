"""A room on the terminal, drawn with rich from what the client knows of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from workroom.cli.failures import escaped
from workroom.cli.views import remark
from workroom.client import Essay, Project

FRAME: Final = 7
"""Lines that are not the text: head, borders, people."""
BAR: Final = 24
"""Columns of a task's bar."""
_LINE_END: Final = re.compile(r"\r\n|[\n\r]")


def draw(room: Essay | Project, connection: str, console: Console) -> RenderableType:
    """The whole screen; ``connection`` says in words how it is."""
    parts: list[RenderableType]
    if isinstance(room, Essay):
        parts = [_essay_head(room, connection), *_essay(room, console)]
        names = {user: f"{who.name} ({who.role})" for user, who in room.people.items()}
        typing: Mapping[int, Any] = room.typing
    else:
        parts = [_head(f"project {room.id}", connection), _fields(room), _tasks(room)]
        names = {user: who.username for user, who in room.people.items()}
        typing = {}
    return Group(*parts, _people(names, typing))


def _head(title: str, connection: str) -> Text:
    head = Text(title, style="bold")
    head.append("  ")
    head.append(connection, style="green" if connection == "live" else "yellow")
    return head


def _essay_head(essay: Essay, connection: str) -> Text:
    head, update = _head(f"essay {essay.id}", connection), essay.last_update
    if update is not None:
        by, at = escaped(update.updated_by.name), update.timestamp
        head.append(f"  {update.word_count} words, last edited by {by} at {at}")
    return head


def _essay(essay: Essay, console: Console) -> list[RenderableType]:
    remarks = _remarks(essay)
    room = max(3, console.height - FRAME - remarks.row_count * 2)
    text = Panel(_tail(essay.text, console, room), title="text", title_align="left")
    return [text, remarks] if remarks.row_count else [text]


def _tail(text: str, console: Console, lines: int) -> Text:
    """The end of the text: as many lines as fit."""
    shown = Text("\n".join(escaped(line) for line in _LINE_END.split(text)))
    wrapped = shown.wrap(console, max(10, console.width - 4))
    return Text("\n").join(wrapped[-lines:])


def _remarks(essay: Essay) -> Table:
    table = _table(len(str(max(essay.feedback, default=0))))
    for number, item in sorted(essay.feedback.items()):
        line = Text(remark(item), style="dim" if item.status == "resolved" else "")
        marked = essay.marked(item)
        if marked is not None:
            line.append(f"  “{escaped(marked)}”", style="dim")
        table.add_row(str(number), line)
        for reply in item.replies:
            table.add_row("", Text(escaped(f"↳ {reply.author.name}: {reply.comment}")))
    return table


def _table(digits: int) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 1, 0, 0))
    table.add_column(justify="right", style="cyan", min_width=digits, no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis")
    return table


def _fields(project: Project) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 1, 0, 0))
    table.add_column(style="cyan")
    table.add_column(overflow="fold")
    for name, value in project.fields.items():
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        table.add_row(Text(escaped(name)), Text(escaped(shown)))
    return table


def _tasks(project: Project) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 1, 0, 0))
    for task in project.tasks.values():
        name = task.task_type or task.task_id
        table.add_row(
            Text(escaped(name), style="cyan"),
            ProgressBar(total=100, completed=task.progress, width=BAR),
            Text(escaped(f"{task.progress} % {task.message}")),
        )
    return table


def _people(names: Mapping[int, str], typing: Mapping[int, Any]) -> Columns:
    people = [
        Text(f"● {escaped(name)}" + (" is typing…" if user in typing else ""), style="green")
        for user, name in sorted(names.items())
    ]
    return Columns(people or [Text("nobody is here", style="dim")], padding=(0, 3))
