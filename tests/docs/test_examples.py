"""The examples of the README and of the how-tos are run, word for word but for the ports."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from cli_kit import PATIENCE, Running, demo, workroom
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
        timeout=PATIENCE,
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


def comment(running: Running, emma: str) -> None:
    httpx.post(
        f"http://127.0.0.1:{running.port}/api/essays/1/feedback/",
        headers={"Authorization": f"Bearer {emma}"},
        json={"type": "style", "comment": "A fine picture.", "quote": "turns into a hospital"},
        timeout=PATIENCE,
    ).raise_for_status()


def heard_by(program: str, token: str, act: Callable[[], None]) -> str:
    """What a program prints that looks on until it has heard of ``act``, whenever it is ready."""
    command = [sys.executable, "-c", program]
    env = {**os.environ, "TOKEN": token}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as following:
        while following.poll() is None:
            act()
            with contextlib.suppress(subprocess.TimeoutExpired):
                following.wait(timeout=1)
        assert following.returncode == 0
        assert following.stdout is not None
        return following.stdout.read()


def test_the_examples_of_the_python_client_do_what_the_page_says(running: Running) -> None:
    page = read("docs", "howto", "python-client.md")
    first, later, follow, project, tokens, script, offsets = blocks(page, "python")
    emma, jane = token(running, "emma"), token(running, "jane")
    said = run(sys.executable, "-c", here(first, running), TOKEN=emma)
    assert re.fullmatch(r"\d+ words, \d+ comments\n", said)
    essay = running.get("/api/essays/1/", emma)
    assert "Written by a program." in essay["content"]
    assert re.fullmatch(
        r"live \d+ words\n", run(sys.executable, "-c", here(script, running), TOKEN=emma)
    )
    assert heard_by(here(follow, running), jane, lambda: comment(running, emma)).endswith(
        "Emma Brown: A fine picture.\nabout: turns into a hospital\n"
    )
    said = run(sys.executable, "-c", here(project, running), TOKEN=token(running, "john_doe"))
    assert said == "Colours of the Harbour - 0 tasks run\ninvalid_message\n"
    run(sys.executable, "-c", offsets)
    for part in (later, tokens):  # parts of a program
        compile(f"async def part():\n{textwrap.indent(part, '    ')}", "part", "exec")


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
