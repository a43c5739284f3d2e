from __future__ import annotations

import sqlite3
from pathlib import Path

from cli_kit import Running, complaint, workroom
from workroom.adapters.store.migrations import HEAD


def test_upgrade_makes_a_database_and_leaves_a_current_one_alone(tmp_path: Path) -> None:
    first, again = (workroom(tmp_path, "db", "upgrade") for _ in range(2))
    assert "it is new" in first.stdout
    assert f"was at {HEAD}" in again.stdout
    assert workroom(tmp_path, "db", "check").returncode == 0


def test_check_is_for_databases_that_are_there(tmp_path: Path) -> None:
    assert complaint(workroom(tmp_path, "db", "check")).startswith("WORKROOM_DATA_DIR")
    assert list(tmp_path.iterdir()) == []


def test_check_may_run_beside_the_server(furnished: Running) -> None:
    done = workroom(furnished.data_dir, "db", "check")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("is whole\n")


def test_check_finds_an_entry_that_is_missing(tmp_path: Path) -> None:
    workroom(tmp_path, "db", "upgrade")
    with sqlite3.connect(tmp_path / "workroom.db") as database:
        database.execute(
            "INSERT INTO rooms (room_kind, room_id, seq, deleted, title, author, created_at,"
            " updated_at, updated_by, details) VALUES ('essay', 1, 3, 0, 'x', 1, 0, 0, 1, '{}')"
        )
    done = workroom(tmp_path, "db", "check")
    assert done.returncode == 1
    assert "essay:1" in done.stdout
    assert done.stderr.startswith("error: WORKROOM_DATABASE")


def test_check_says_so_when_the_file_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "workroom.db").write_bytes(b"no database" * 1000)
    assert complaint(workroom(tmp_path, "db", "check")).startswith("WORKROOM_DATABASE")
