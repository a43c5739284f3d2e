"""The documents of the project, as text and in their parts."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for folder in (ROOT, ROOT / "docs")
    for path in (folder.glob("*.md") if folder == ROOT else folder.rglob("*.md"))
)
PROTOCOL = ROOT / "docs" / "protocol"

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ROW = re.compile(r"^\| `([^`|]+)` \| (.*) \|$", re.MULTILINE)


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def read(*parts: str) -> str:
    return ROOT.joinpath(*parts).read_text("utf-8")


def blocks(text: str, language: str) -> list[str]:
    """The code blocks of a page that are in that language."""
    return [code for kind, code in _BLOCK.findall(text) if kind == language]


def rows(text: str) -> dict[str, list[str]]:
    """Table rows that begin with one name in backticks: the name, and the other cells."""
    return {
        first: [cell.strip() for cell in rest.split(" | ")] for first, rest in _ROW.findall(text)
    }


def headings(text: str) -> list[str]:
    outside = _BLOCK.sub("", text)
    return re.findall(r"^#+ (.+)$", outside, re.MULTILINE)


def anchor(heading: str) -> str:
    """The id that a heading gets on the usual forges."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
