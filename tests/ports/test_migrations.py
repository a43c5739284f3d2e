"""The migrations of the store lead to exactly the tables that the program expects."""

from __future__ import annotations

import re
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from workroom.adapters.store import SqliteStore, migrations
from workroom.adapters.store.tables import metadata
from workroom.errors import Misconfigured


@pytest.fixture
def url(path: Path) -> str:
    return f"sqlite:///{path}"


def _migrated(url: str) -> None:
    """Run every migration, without the short way for empty databases."""
    engine = create_engine(url)
    with engine.begin() as connection:
        migrations.run(connection, "head")
    engine.dispose()


def _schema(path: Path) -> dict[str, str]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        return {name: re.sub(r"\s*([(),])\s*|\s+", r"\1 ", text) for name, text in rows}


def test_all_migrations_together_make_the_tables_of_the_program(url: str) -> None:
    _migrated(url)

    engine = create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_a_new_database_is_as_if_every_migration_had_been_run(url: str, path: Path) -> None:
    migrated = path.with_name("migrated.db")
    _migrated(f"sqlite:///{migrated}")
    migrations.upgrade(url)

    assert _schema(path) == _schema(migrated)


def test_the_program_knows_the_last_migration() -> None:
    assert migrations.scripts().get_heads() == [migrations.HEAD]


def test_what_is_pending_becomes_nothing(url: str) -> None:
    assert migrations.current(url) is None
    assert list(migrations.pending(url))[-1] == migrations.HEAD

    migrations.upgrade(url)

    assert migrations.current(url) == migrations.HEAD
    assert migrations.pending(url) == []


def test_a_file_made_by_an_upgrade_is_for_its_owner_only(url: str, path: Path) -> None:
    migrations.upgrade(url)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_upgrading_twice_changes_nothing(url: str, path: Path) -> None:
    migrations.upgrade(url)
    before = path.read_bytes()

    migrations.upgrade(url)

    assert path.read_bytes() == before


def test_migrations_need_no_files_in_the_working_directory(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")

    _migrated(url)

    assert migrations.current(url) == migrations.HEAD
    assert list(Path.cwd().iterdir()) == []


async def test_a_database_of_a_newer_workroom_is_left_alone(url: str, path: Path) -> None:
    migrations.upgrade(url)
    with closing(sqlite3.connect(path)) as future, future:
        future.execute("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(Misconfigured, match="newer Workroom"):
        migrations.upgrade(url)
    with pytest.raises(Misconfigured, match="9999"):
        await SqliteStore(path).open()


async def test_a_database_of_something_else_is_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("CREATE TABLE recipes (name TEXT)")

    with pytest.raises(Misconfigured, match="another program"):
        await SqliteStore(path).open()

    assert set(_schema(path)) == {"recipes"}
