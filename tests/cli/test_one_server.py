from __future__ import annotations

import signal
from pathlib import Path

import pytest

from cli_kit import serving, workroom
from workroom.adapters.store.server_lock import sole_server

ALREADY_SERVED = 3
"""What ``serve`` and ``demo`` end with when another server has the data."""
FREE = {"WORKROOM_PORT": "0", "WORKROOM_PROJECT_PORT": "0", "WORKROOM_WORKER": "0"}


def refusal(data_dir: Path, name: str = "serve", **more: str) -> str:
    done = workroom(data_dir, name, "--log-level", "error", **{**FREE, **more})
    assert done.returncode == ALREADY_SERVED, (done.returncode, done.stderr)
    (line,) = done.stderr.splitlines()
    return line


@pytest.mark.parametrize("name", ["serve", "demo"])
def test_a_second_server_on_the_same_data_ends_and_names_the_first(
    tmp_path: Path, name: str
) -> None:
    with serving(tmp_path) as first:
        line = refusal(tmp_path, name)
        assert line == (
            f"error: WORKROOM_DATABASE: {tmp_path / 'workroom.db'} is served already, "
            f"by process {first.process.pid}"
        )
        assert first.stop() == 0


def test_a_database_that_has_two_names_is_one(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "also").symlink_to(tmp_path / "data")
    with serving(tmp_path / "data") as first:
        line = refusal(tmp_path, WORKROOM_DATABASE=f"sqlite:///{tmp_path / 'also' / 'workroom.db'}")
        assert f"by process {first.process.pid}" in line


def test_two_databases_in_one_directory_have_a_server_each(tmp_path: Path) -> None:
    with serving(tmp_path), serving(tmp_path, WORKROOM_DATABASE=f"sqlite:///{tmp_path / 'b.db'}"):
        pass


def test_a_server_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    with serving(tmp_path, WORKROOM_WORKER="1") as first:
        first.stop(signal.SIGKILL)
        with serving(tmp_path) as second:
            assert second.stop() == 0


def test_commands_on_the_data_work_beside_a_server(tmp_path: Path) -> None:
    with serving(tmp_path):
        created = workroom(tmp_path, "user", "create", "ada", "--no-password")
        assert created.returncode == 0, created.stderr
        for arguments in (("token", "ada"), ("user", "list"), ("db", "check"), ("db", "upgrade")):
            done = workroom(tmp_path, *arguments)
            assert done.returncode == 0, (arguments, done.stderr)


def test_what_a_server_uses_is_not_brought_to_another_form(tmp_path: Path) -> None:
    database = tmp_path / "workroom.db"
    with sole_server(database):
        done = workroom(tmp_path, "db", "upgrade")
    assert done.returncode == ALREADY_SERVED
    assert not database.exists()
