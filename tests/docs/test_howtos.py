"""What the quickstart and the how-tos tell people to do is done, against a real server."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest

from cli_kit import PATIENCE, Running, demo, serving, workroom
from docs_kit import ROOT, blocks, read

NODE = ROOT / "tests" / "clients" / "node"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with demo(tmp_path_factory.mktemp("howtos")) as server:
        yield server


def here(code: str, running: Running) -> str:
    return code.replace("localhost:8000", f"localhost:{running.port}")


def emma(running: Running) -> str:
    return workroom(running.data_dir, "token", "emma").stdout.strip()


def run(*command: str, cwd: Path = ROOT, **more: str) -> str:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        cwd=cwd,
        env={**os.environ, **more},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_quickstart_writes_and_reads(running: Running) -> None:
    page, token = read("docs", "quickstart.md"), emma(running)
    (program,) = blocks(page, "python")
    said = run(sys.executable, "-c", here(program, running), TOKEN=token)
    assert said == "Hello from a program.\n"
    (curl,) = [code for code in blocks(page, "sh") if code.startswith("curl")]
    assert "Hello from a program." in run("sh", "-c", here(curl, running), TOKEN=token)
    (script,) = blocks(page, "js")
    then = """
    socket.addEventListener("message", ({ data }) => {
      if (JSON.parse(data).type === "essay_update") socket.close();
    });
    """
    script = f"const token = process.env.TOKEN;\n{here(script, running)}\n{then}"
    said = run("node", "--experimental-websocket", "-e", script, TOKEN=token)
    assert said.endswith(" words\n")


def test_a_yjs_editor_writes_into_the_essay(running: Running) -> None:
    (script,) = blocks(read("docs", "howto", "yjs-editor.md"), "js")
    token = emma(running)
    imports, rest = script.split("\n\n", 1)
    script = f"{imports}\nconst token = process.env.TOKEN;\n{here(rest, running)}"
    command = ["node", "--experimental-websocket", "--input-type=module", "-e", script]
    env = {**os.environ, "TOKEN": token}
    with subprocess.Popen(command, cwd=NODE, env=env) as editor:
        deadline = time.monotonic() + PATIENCE
        while " Written by an editor." not in running.get("/api/essays/1/", token)["content"]:
            assert editor.poll() is None
            assert time.monotonic() < deadline
            with contextlib.suppress(subprocess.TimeoutExpired):
                editor.wait(timeout=0.2)
        editor.kill()


def test_a_user_of_django_comes_in_with_a_token_of_simple_jwt(tmp_path: Path) -> None:
    page = read("docs", "howto", "django.md")
    keys, settings = blocks(page, "sh")
    run("sh", "-ec", keys, cwd=tmp_path)
    pairs = [line.removeprefix("export ").split("=", 1) for line in settings.splitlines()]
    env = dict(pairs)
    env["WORKROOM_AUTH_PUBLIC_KEY"] = str(tmp_path / env["WORKROOM_AUTH_PUBLIC_KEY"])
    token = simple_jwt((tmp_path / "jwt-private.pem").read_text(), env["WORKROOM_AUTH_ISSUER"])
    *parts, create = blocks(page, "python")
    for part in parts:
        compile(part, "part", "exec")
    with serving(tmp_path / "data", **env) as server:
        call = (
            "print(create_essay(__import__('os').environ['TOKEN'], 'Title', 'Once upon a time.'))"
        )
        program = f"{here(create, server)}\n{call}"
        essay = int(run(sys.executable, "-c", program, TOKEN=token))
        found = server.get(f"/api/essays/{essay}/", token)
    assert found["author"]["name"] == "Grace Hopper"
    assert found["rights"] == "owner"


def simple_jwt(key: str, issuer: str) -> str:
    """An access token as Simple JWT writes it, with what the page adds."""
    now = int(time.time())
    claims = {
        "token_type": "access",
        "exp": now + 300,
        "iat": now,
        "jti": "b1f0a7c2d3e44f5a9b6c7d8e9f0a1b2c",
        "user_id": "501",
        "iss": issuer,
        "username": "grace",
        "name": "Grace Hopper",
        "role": "student",
    }
    return jwt.encode(claims, key, algorithm="EdDSA")
