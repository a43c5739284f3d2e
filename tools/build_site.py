"""Builds the documentation as a site, into site/, and sees to it that every link leads somewhere.

zensical sees broken links between pages. Here every link of the pages that it made is looked at
once more, with those out of the documentation, and every page of docs/ has to be in the navigation.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from workroom.protocol.schema import asyncapi, json_schema

ROOT: Final = Path(__file__).parents[1]
SITE: Final = ROOT / "site"
UNLISTED: Final = re.compile(r"decisions/\d{4}-")
"""Pages that are reached from a list of their own."""


class Links(HTMLParser):
    """What a page links to, and the places in it."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.places: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One element."""
        for name, value in attrs:
            if name in {"href", "src"} and value and tag != "base":
                self.links.append(value)
            elif name in {"id", "name"} and value:
                self.places.add(value)


def broken(site: Path) -> Iterator[str]:
    """Links of a site that lead nowhere."""
    pages = {path: _read(path) for path in site.rglob("*.html") if path.name != "404.html"}
    for page, found in pages.items():
        for link in found.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            target = target / "index.html" if target.is_dir() else target
            if not target.is_file() or not target.is_relative_to(site):
                yield f"{page.relative_to(site)}: {link} leads nowhere"
            elif parts.fragment and target in pages and parts.fragment not in pages[target].places:
                yield f"{page.relative_to(site)}: {link}: there is no such place"


def _read(page: Path) -> Links:
    links = Links()
    links.feed(page.read_text("utf-8"))
    return links


def unlisted() -> Iterator[str]:
    """Pages that are not in the navigation."""
    navigation = (ROOT / "mkdocs.yml").read_text("utf-8").partition("\nnav:\n")[2]
    for page in sorted((ROOT / "docs").rglob("*.md")):
        name = page.relative_to(ROOT / "docs").as_posix()
        if not UNLISTED.match(name) and not re.search(
            rf"[ :]{re.escape(name)}$", navigation, re.MULTILINE
        ):
            yield f"{name} is not in the navigation (mkdocs.yml)"


def main() -> int:
    """Build it, add the documents for programs, then look at every link."""
    zensical = Path(sys.executable).with_name("zensical")
    options = ("--clean", "--strict", "--config-file", str(ROOT / "mkdocs.yml"))
    command = [str(zensical), "build", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout, done.stderr, sep="\n")
        return 1
    documents: dict[str, Any] = {"asyncapi.json": asyncapi(), "schema.json": json_schema()}
    for name, document in documents.items():
        (SITE / "reference" / name).write_text(json.dumps(document, indent=2), "utf-8")
    wrong = [*unlisted(), *broken(SITE)]
    print(*wrong, f"{len(list(SITE.rglob('*.html')))} pages in {SITE.name}/", sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
