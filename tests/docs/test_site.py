"""The documentation as a site: what is generated is fresh, and every link leads somewhere."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tools.build_site import broken, unlisted
from tools.reference import PAGES, main

from docs_kit import ROOT, headings, read
from workroom.client import errors as client_errors
from workroom.errors import WorkroomError


def test_the_generated_reference_is_what_the_code_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0, capsys.readouterr().out


def test_a_stale_page_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    page = ROOT / "docs" / "reference" / "metrics.md"
    fresh = page.read_text("utf-8")
    assert "workroom_connections" in fresh
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PAGES, "metrics.md", lambda: fresh + "more")
        assert main(["--check"]) == 1
    assert "metrics.md" in capsys.readouterr().out


def test_every_command_has_its_entry() -> None:
    named = headings(read("docs", "reference", "commands.md"))
    for command in ("serve", "demo", "worker", "db upgrade", "token USERNAME", "watch essay ID"):
        assert f"`workroom {command}`" in named


def test_every_error_of_the_python_client_has_its_entry() -> None:
    page = read("docs", "reference", "errors.md")
    own = [it for it in vars(client_errors).values() if isinstance(it, type)]
    own = [it for it in own if it.__module__ == client_errors.__name__]
    codes = {it.code for it in own if issubclass(it, WorkroomError)}
    assert {"no_token", "queue_full", "timed_out"} <= codes
    for code in codes - {client_errors.OtherRefusal.code}:
        assert f"| `{code}` |" in page


def test_the_site_is_built_and_every_link_in_it_leads_somewhere() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tools.build_site"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (ROOT / "site" / "howto" / "python-client" / "index.html").is_file()
    assert list(unlisted()) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    page = tmp_path / "a" / "index.html"
    page.write_text('<h1 id="here"></h1><a href="#here"></a><a href="../a/#there"></a>')
    assert list(broken(tmp_path)) == ["a/index.html: ../a/#there: there is no such place"]
    page.write_text('<img src="../b.png"><a href="../../outside"></a><a href="https://a.example">')
    assert list(broken(tmp_path)) == [
        "a/index.html: ../b.png leads nowhere",
        "a/index.html: ../../outside leads nowhere",
    ]
