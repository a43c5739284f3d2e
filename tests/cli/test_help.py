from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from cli_kit import workroom
from workroom import __version__
from workroom.cli.options import OF_COMMANDS
from workroom.cli.root import app
from workroom.config import Settings

HEAVY = {
    "fastapi",
    "pydantic",
    "sqlalchemy",
    "uvicorn",
    "websockets",
    "httpx",
    "pycrdt",
    "structlog",
}


# typer brings its own copy of click, with types of its own: hence Any.
def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*path, name))


def options(command: Any) -> list[Any]:
    every = [it for it in command.params if it.param_type_name == "option"]
    return [it for it in every if it.name not in {"help", "version"}]


ALL = dict(commands(typer.main.get_command(app)))


def test_every_command_of_the_contract_is_there() -> None:
    leaves = {" ".join(path) for path, it in ALL.items() if not hasattr(it, "commands")}
    assert leaves == {
        "demo",
        "serve",
        "db upgrade",
        "db check",
        "user create",
        "user passwd",
        "user list",
        "token",
        "bench truth",
        "watch essay",
        "watch project",
        "schema openapi",
        "schema asyncapi",
        "schema json",
        "worker",
    }


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_option_is_also_an_environment_variable(path: tuple[str, ...]) -> None:
    known = OF_COMMANDS | {f"WORKROOM_{name.upper()}" for name in Settings.model_fields}
    for option in options(ALL[path]):
        assert option.envvar in known, option.name


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_command_and_option_explains_itself(path: tuple[str, ...]) -> None:
    command = ALL[path]
    assert command.help
    for option in options(command):
        assert option.help, option.name


def test_help_does_not_wait_for_what_only_a_server_needs() -> None:
    code = "import sys, workroom.cli.root; print(*{m.partition('.')[0] for m in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not HEAVY & set(done.stdout.split())


def test_a_server_does_not_wait_for_what_only_a_worker_needs() -> None:
    code = "import sys, workroom.app; print(*{m.partition('.')[0] for m in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"celery", "kombu", "PIL", "numpy"} & set(done.stdout.split())


@pytest.mark.parametrize("arguments", [["--version"], ["--version", "serve"]])
def test_version_is_the_program_and_its_number(tmp_path: Path, arguments: list[str]) -> None:
    done = workroom(tmp_path, *arguments)
    assert (done.returncode, done.stdout) == (0, f"workroom {__version__}\n")


def test_a_command_line_that_cannot_be_understood_is_exit_code_2(tmp_path: Path) -> None:
    done = workroom(tmp_path, "serve", "--prot", "1")
    assert done.returncode == 2
    assert "--prot" in done.stderr
    assert "Traceback" not in done.stderr
