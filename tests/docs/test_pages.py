from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from docs_kit import PAGES, ROOT, anchor, headings, name, read

_CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_within_the_project_leads_somewhere(page: Path) -> None:
    for link in _LINK.findall(_CODE.sub("", page.read_text("utf-8"))):
        if link.startswith(("https://", "http://localhost")):
            continue
        path, _, place = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        if place:
            assert place in map(anchor, headings(target.read_text("utf-8"))), link


def test_every_decision_is_listed_and_has_its_parts() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = read("docs", "decisions", "README.md")
    for page in sorted(folder.glob("0*.md")):
        text = page.read_text("utf-8")
        title = headings(text)[0]
        assert title.startswith(f"{page.name[:4]}: "), page.name
        assert f"[{page.name[:4]}]({page.name}) | {title[6:]} |" in listed
        assert "**Status:** " in text
        assert headings(text)[1:] == ["Context", "Options", "Decision", "Consequences"]


def test_every_task_that_a_page_names_is_in_the_makefile() -> None:
    tasks = set(re.findall(r"^([a-z]+):", read("Makefile"), re.MULTILINE))
    for page in PAGES:
        for task in re.findall(r"(?:`|^)make ([a-z]+)", page.read_text("utf-8"), re.MULTILINE):
            assert task in tasks, (name(page), task)


def test_every_bench_that_a_page_names_can_be_begun() -> None:
    pages = [*PAGES, ROOT / "bench" / "README.md"]
    named = {
        program
        for page in pages
        for program in re.findall(r"(?:-m |`)(bench\.[a-z_.]*[a-z])", page.read_text("utf-8"))
    }
    assert {"bench.contention", "bench.mixed"} <= named
    for program in sorted(named):
        importlib.import_module(program)


def test_every_part_of_the_code_that_the_architecture_names_is_there() -> None:
    code = ROOT / "src" / "workroom"
    named = re.findall(r"`([a-z_]+(?:/[a-z_]+)+)`", read("ARCHITECTURE.md"))
    ours = {part for part in named if (code / part.partition("/")[0]).is_dir()}
    assert "service/hub" in ours
    missing = [part for part in sorted(ours) if not (code / part).is_dir()]
    assert [part for part in missing if not (code / f"{part}.py").is_file()] == []


def test_the_changelog_keeps_its_form() -> None:
    found = headings(read("CHANGELOG.md"))
    assert found[:2] == ["Changelog", "[Unreleased]"]
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    for heading in found[1:]:
        assert heading in kinds or re.fullmatch(r"\[[^\]]+\]( - \d{4}-\d\d-\d\d)?", heading)
