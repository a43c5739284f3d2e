"""A room on the terminal: drawn with rich from what ``views`` knows."""

from __future__ import annotations

import json
import re
from typing import Final

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from workroom.cli.failures import escaped
from workroom.cli.views import EssayView, ProjectView, View

FRAME: Final = 7
"""Lines that are not the text: head, borders, people."""
_LINE_END: Final = re.compile(r"\r\n|[\n\r]")


def draw(view: View, console: Console) -> RenderableType:
    """The whole screen."""
    parts: list[RenderableType] = [_head(view)]
    if isinstance(view, EssayView):
        parts += _essay(view, console)
    elif isinstance(view, ProjectView):
        parts.append(_project(view))
    return Group(*parts, _people(view))


def _head(view: View) -> Text:
    head = Text(view.title, style="bold")
    head.append("  ")
    head.append(view.state, style="green" if view.state == "live" else "yellow")
    if isinstance(view, EssayView) and view.editor:
        head.append(f"  {view.words} words, last edited by {view.editor} at {view.edited_at}")
    return head


def _essay(view: EssayView, console: Console) -> list[RenderableType]:
    remarks = _remarks(view)
    room = max(3, console.height - FRAME - remarks.row_count * 2)
    text = Panel(_tail(view.text, console, room), title="text", title_align="left")
    return [text, remarks] if remarks.row_count else [text]


def _tail(text: str, console: Console, lines: int) -> Text:
    """The end of the text: as many lines as fit."""
    shown = Text("\n".join(escaped(line) for line in _LINE_END.split(text)))
    wrapped = shown.wrap(console, max(10, console.width - 4))
    return Text("\n").join(wrapped[-lines:])


def _remarks(view: EssayView) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 1, 0, 0))
    table.add_column(justify="right", style="cyan", min_width=2)
    table.add_column(no_wrap=True, overflow="ellipsis")
    for number in sorted(view.feedback):
        remark = Text(escaped(view.comment(number)))
        marked = view.marked(number)
        if marked is not None:
            remark.append(f"  “{escaped(marked)}”", style="dim")
        table.add_row(str(number), remark)
    return table


def _project(view: ProjectView) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 1, 0, 0))
    table.add_column(style="cyan")
    table.add_column(overflow="fold")
    for name, value in view.fields.items():
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        table.add_row(escaped(name), Text(escaped(shown)))
    return table


def _people(view: View) -> Columns:
    typing = view.typing if isinstance(view, EssayView) else frozenset()
    people = [
        Text(f"● {name}" + (" is typing…" if user in typing else ""), style="green")
        for user, name in sorted(view.here.items())
    ]
    return Columns(people or [Text("nobody is here", style="dim")], padding=(0, 3))
