"""A program that uses the client loads the client, and nothing of the server."""

from __future__ import annotations

import json
import subprocess
import sys

SERVER = {
    "alembic",
    "celery",
    "fastapi",
    "httpx",
    "numpy",
    "PIL",
    "pycrdt",
    "redis",
    "rich",
    "sqlalchemy",
    "starlette",
    "structlog",
    "typer",
    "uvicorn",
}


def loaded_by(statement: str) -> set[str]:
    code = f"{statement}\nimport json, sys\nprint(json.dumps(list(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=280
    )
    return set(json.loads(done.stdout))


def test_importing_the_client_loads_nothing_of_the_server() -> None:
    modules = loaded_by("import workroom.client, workroom.client.sync")
    assert {name.split(".")[0] for name in modules} & SERVER == set()
    ours = {name for name in modules if name.startswith("workroom.")}
    assert {".".join(name.split(".")[:2]) for name in ours} == {
        f"workroom.{name}" for name in ("client", "core", "errors", "ids", "protocol")
    }
    assert not any(name.startswith("workroom.core.text") for name in ours)
