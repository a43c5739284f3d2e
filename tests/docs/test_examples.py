"""The examples of the README are run, word for word but for the ports."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli_kit import Running, demo, workroom
from docs_kit import blocks, read

README = read("README.md")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with demo(tmp_path_factory.mktemp("readme")) as server:
        yield server


def here(code: str, running: Running) -> str:
    """The example, at the ports of this server."""
    code = code.replace("localhost:8000", f"localhost:{running.port}")
    return code.replace("localhost:8010", f"localhost:{running.project_port}")


def token(running: Running, username: str) -> str:
    return workroom(running.data_dir, "token", username).stdout.strip()


def run(*command: str, **more: str) -> str:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **more},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_python_example_writes_into_the_essay(running: Running) -> None:
    (code,) = blocks(README, "python")
    emma = token(running, "emma")
    said = run(sys.executable, "-c", here(code, running), TOKEN=emma)
    assert re.fullmatch(r"Emma Brown wrote \d+ words\n", said)
    assert "Written by a program." in running.get("/api/essays/1/", emma)["content"]


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node")
def test_the_javascript_example_joins_the_project(running: Running) -> None:
    (code,) = blocks(README, "js")
    then = """
    socket.addEventListener("message", ({ data }) => {
      if (JSON.parse(data).type === "project_updated") socket.close();
    });
    """
    script = f"const token = process.env.TOKEN;\n{code}\n{then}"
    john = token(running, "john_doe")
    said = run("node", "--experimental-websocket", "-e", here(script, running), TOKEN=john)
    assert "john_doe is here" in said
    assert "Colours of the Harbour" in said


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_the_curl_example_comments_on_the_words(running: Running) -> None:
    (code,) = [it for it in blocks(README, "sh") if it.startswith("curl")]
    emma = token(running, "emma")
    said = run("sh", "-c", here(code, running), TOKEN=emma)
    assert '"quote":"turns into a hospital"' in said


def test_every_command_of_the_readme_exists(tmp_path: Path) -> None:
    named = re.findall(r"(?:`|bin/)workroom ((?:[a-z]+ ?)+)", README)
    assert len(named) >= 4
    for words in named:
        arguments = [word for word in words.split() if word != "emma"]
        done = workroom(tmp_path, *arguments, "--help")
        assert done.returncode == 0, arguments
