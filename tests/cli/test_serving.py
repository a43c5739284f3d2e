from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli_kit import GOOD_SECRET, PATIENCE, complaint, environment, serving, workroom
from workroom.adapters.queue.embedded import broker_program
from workroom.cli.processes import patience
from workroom.config import Settings
from workroom.transports.server import Ending

WATCHED_START = """
import asyncio, json, os, signal, sys
from workroom.app import serve
from workroom.config import Settings

async def opened(app):
    before.update(sys.modules)

async def ready(app, addresses):
    json.dump([name for name in sys.modules if name not in before], sys.stderr)
    os.kill(os.getpid(), signal.SIGTERM)

before = set()
asyncio.run(serve(Settings(port=0, project_port=0, worker=False), prepare=opened, announce=ready))
"""
"""Writes to stderr which modules are imported after the bus was opened and before the ports."""

INTERRUPTED_START = """
import asyncio, os, signal, sys
from workroom.app import serve
from workroom.cli.failures import run
from workroom.cli.serving import Stopping
from workroom.config import Settings

async def bystander():
    os.kill(os.getpid(), signal.SIGTERM)
    print("whole", flush=True)

async def prepare(app):
    step = asyncio.ensure_future(bystander())
    try:
        await asyncio.sleep(60)
    finally:
        print("cancelled after it" if step.done() else "cancelled before it", flush=True)

settings = Settings(port=0, project_port=0, worker=False)
sys.exit(run(lambda: Stopping().run(serve(settings, prepare=prepare))))
"""
"""A signal that comes while the start waits and another task of the loop is at something."""

SWALLOWED_SIGNAL = """
import asyncio, contextlib, os, signal, sys
from workroom.app import serve
from workroom.cli.failures import run
from workroom.cli.serving import Stopping
from workroom.config import Settings

async def prepare(app):
    os.kill(os.getpid(), signal.SIGTERM)
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.sleep(60)

async def announce(app, addresses):
    stopping.serves()

stopping = Stopping()
settings = Settings(port=0, project_port=0, worker=False)
sys.exit(run(lambda: stopping.run(serve(settings, prepare=prepare, announce=announce))))
"""
"""A step of the start goes on although it was cancelled, as ``wait_for`` does by chance."""

OWN_MISTAKE = """
import asyncio, sys
from workroom.app import serve
from workroom.cli.failures import run
from workroom.cli.serving import Stopping
from workroom.config import Settings

async def cancelled(app, addresses=None):
    asyncio.current_task().cancel()
    await asyncio.sleep(60)

async def announce(app, addresses):
    stopping.serves()
    await cancelled(app)

steps = {"start": {"prepare": cancelled}, "serving": {"announce": announce}}[sys.argv[1]]
stopping = Stopping()
settings = Settings(port=0, project_port=0, worker=False)
sys.exit(run(lambda: stopping.run(serve(settings, **steps))))
"""
"""A step of ours is cancelled although no signal came."""

ALL_KILLED = """
import os, signal, sys
from pathlib import Path
from workroom.cli.processes import Processes

lives = Path(sys.argv[1])

def child(number, lifeline):
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    lifeline.serves()
    first = lives / f"{number}"
    if not first.exists():
        first.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    (lives / f"{number} again").touch()
    if len(list(lives.glob("* again"))) == 2:
        os.kill(os.getppid(), signal.SIGTERM)
    while True:
        signal.pause()

sys.exit(Processes(2, child, 60.0).run())
"""
"""Both processes are killed as soon as they serve, and serve when they are started again."""

WEAK = ["", "short", "changeme" * 5, "django-insecure-" + GOOD_SECRET, "a" * 64]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_server_in_good_order(tmp_path: Path, number: signal.Signals) -> None:
    with serving(tmp_path) as server:
        assert server.stop(number) == 0
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == [
        "secret.key",
        "task-token.key",
        "workroom.db",
        "workroom.db.files",
        "workroom.db.lock",
    ]


def test_a_fresh_machine_needs_nothing_beside_the_server(tmp_path: Path) -> None:
    with serving(tmp_path / "not" / "there" / "yet") as server:
        assert server.port != server.project_port


def test_what_the_server_keeps_is_for_its_user_alone(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with serving(data_dir):
        assert data_dir.stat().st_mode & 0o077 == 0
        assert {path.stat().st_mode & 0o077 for path in data_dir.iterdir()} == {0}


def started(program: str, data_dir: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """What became of a program that starts a server in its own way."""
    return subprocess.run(
        [sys.executable, "-c", program, *more],
        env=environment(data_dir),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


def test_a_server_has_read_its_code_before_other_nodes_hear_of_it(tmp_path: Path) -> None:
    done = started(WATCHED_START, tmp_path)
    late = json.loads(done.stderr)
    assert [name for name in late if not name.startswith("uvicorn.")] == []


def test_a_signal_ends_the_start_and_breaks_no_other_step(tmp_path: Path) -> None:
    done = started(INTERRUPTED_START, tmp_path)
    assert done.stderr == ""
    assert done.stdout == "whole\ncancelled after it\n"
    assert done.returncode == 130


def test_a_signal_that_a_step_of_the_start_swallows_ends_the_server(tmp_path: Path) -> None:
    done = started(SWALLOWED_SIGNAL, tmp_path)
    assert done.stderr == ""
    assert done.returncode == 0


@pytest.mark.parametrize("step", ["start", "serving"])
def test_a_mistake_of_ours_is_not_taken_for_a_signal(tmp_path: Path, step: str) -> None:
    done = started(OWN_MISTAKE, tmp_path, step)
    assert done.returncode == 1
    assert "in cancelled" in done.stderr  # the traceback says where


def test_processes_are_started_again_though_all_were_killed_at_once(tmp_path: Path) -> None:
    lives = tmp_path / "lives"
    lives.mkdir()
    assert started(ALL_KILLED, tmp_path, str(lives)).returncode == 0
    assert {each.name for each in lives.iterdir()} == {"0", "1", "0 again", "1 again"}


@pytest.mark.parametrize("notice", [0.0, 60.0])
def test_several_processes_are_not_killed_while_each_ends_in_its_time(notice: float) -> None:
    settings = Settings(shutdown_notice=notice, shutdown_spread=40.0)
    ending = Ending(settings.shutdown_notice, settings.shutdown_spread)
    assert patience(settings) >= ending.notice + ending.deadline + 10


def test_production_wants_a_secret_of_its_own(tmp_path: Path) -> None:
    line = complaint(workroom(tmp_path, "serve", WORKROOM_ENV="production"))
    assert line.startswith("WORKROOM_SECRET")


@pytest.mark.parametrize("secret", WEAK)
def test_production_refuses_a_guessable_secret_and_does_not_show_it(
    tmp_path: Path, secret: str
) -> None:
    done = workroom(tmp_path, "serve", WORKROOM_ENV="production", WORKROOM_SECRET=secret)
    line = complaint(done)
    assert line.startswith("WORKROOM_SECRET")
    assert not secret or secret not in line


def test_production_starts_with_a_good_secret(tmp_path: Path) -> None:
    with serving(tmp_path, WORKROOM_ENV="production", WORKROOM_SECRET=GOOD_SECRET) as server:
        assert server.stop() == 0
    assert not (tmp_path / "secret.key").exists()


@pytest.mark.parametrize("setting", ["WORKROOM_PORT", "WORKROOM_PROJECT_PORT"])
def test_a_port_in_use_is_named(tmp_path: Path, setting: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ports = {"WORKROOM_PORT": "0", "WORKROOM_PROJECT_PORT": "0", setting: port}
        line = complaint(workroom(tmp_path, "serve", "--log-level", "error", **ports))
    assert line == f"{setting}: cannot listen on 127.0.0.1:{port}: Address already in use"


def test_an_option_wins_over_the_environment(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with serving(tmp_path, "--port", "0", WORKROOM_PORT=port) as server:
            assert server.port != int(port)


def test_a_damaged_database_is_named_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "workroom.db"
    path.write_bytes(b"These are not the bytes of a database." * 100)
    before = path.read_bytes()
    line = complaint(workroom(tmp_path, "serve"))
    assert line.startswith("WORKROOM_DATABASE")
    assert "damaged" in line
    assert path.read_bytes() == before


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no directory")
    line = complaint(workroom(blocked / "data", "serve"))
    assert line.startswith("WORKROOM_DATA_DIR")
    assert str(blocked) in line


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WORKROOM_TYPING_IDLE", "soon"),
        ("WORKROOM_ENV", "staging"),
        ("WORKROOM_AUTH_LEEWAY", "31"),
        ("WORKROOM_ORIGINS", "https://example.org"),
        ("WORKROOM_DATABASE", "mysql://localhost/x"),
        ("WORKROOM_TRUSTED_PROXIES", '["proxy.example.org"]'),
        ("WORKROOM_AUTH_PUBLIC_KEY", "/nowhere/key.pem"),
        ("WORKROOM_HOST", "no such host"),
        ("WORKROOM_HOST", "192.0.2.1"),
        ("WORKROOM_ORIGINS", '["app.example.org"]'),
        ("WORKROOM_ORIGINS", '["https://app.example.org/page"]'),
        ("WORKROOM_AUTH_JWKS", "ftp://example.org/keys.json"),
        ("WORKROOM_FILES_DIR", "/dev/null/files"),
        ("WORKROOM_REDIS", "localhost:6379"),
        ("WORKROOM_SERVER_URL", "localhost:8000"),
        ("WORKROOM_SHUTDOWN_SPREAD", "inf"),
        ("WORKROOM_PING_INTERVAL", "nan"),
    ],
)
def test_a_setting_that_cannot_be_is_named(tmp_path: Path, name: str, value: str) -> None:
    assert complaint(workroom(tmp_path, "serve", **{name: value})).startswith(name)


def test_a_bus_that_was_never_reached_is_told_once_and_the_node_serves(tmp_path: Path) -> None:
    with serving(tmp_path, WORKROOM_REDIS="redis://127.0.0.1:1/0") as server:
        told = [json.loads(it) for it in server.said if "bus_not_reached" in it]
    assert [(it["level"], it["part"]) for it in told] == [("warning", "bus")]


def test_the_log_says_why_a_bus_lets_nobody_in_and_not_with_which_password(tmp_path: Path) -> None:
    with bus_with_a_password(tmp_path / "bus.sock") as path:
        url = f"unix://:not-that-one@{path}"
        with serving(tmp_path / "data", WORKROOM_REDIS=url) as server:
            (told,) = [json.loads(it) for it in server.said if "bus_not_reached" in it]
        assert "WRONGPASS" in told["reason"] or "invalid" in told["reason"]
        assert not [line for line in server.said if "not-that-one" in line]


@contextlib.contextmanager
def bus_with_a_password(path: Path) -> Iterator[Path]:
    program = broker_program()
    assert program is not None
    options = ["--port", "0", "--unixsocket", str(path), "--dir", str(path.parent), "--save", ""]
    process = subprocess.Popen(
        [program, *options, "--requirepass", "open-sesame"], stdout=subprocess.DEVNULL
    )
    try:
        with socket.socket(socket.AF_UNIX) as knocking:
            while knocking.connect_ex(str(path)):  # it is starting
                assert process.poll() is None
        yield path
    finally:
        process.kill()
        process.wait()


def test_a_misspelt_variable_is_pointed_out(tmp_path: Path) -> None:
    with serving(tmp_path, WORKROOM_TYPPING_IDLE="3") as server:
        (warning,) = [json.loads(it) for it in server.said if "unknown_variable" in it]
    assert warning["name"] == "WORKROOM_TYPPING_IDLE"
    assert warning["perhaps_meant"] == "WORKROOM_TYPING_IDLE"
