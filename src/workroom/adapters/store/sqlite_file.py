"""One SQLite file: how it is opened, checked, and connected to."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Final
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool, QueuePool

from workroom.adapters.store import faults, migrations, queries
from workroom.errors import Misconfigured, Unavailable

_MAGIC: Final = b"SQLite format 3\x00"
_CHECKED_AT_OPENING: Final = 64 * 2**20
"""Files up to this size are checked whole at every start (about 0.1 s); larger ones on demand."""
_CACHED_STATEMENTS: Final = 256

_WRITING: Final = (
    "PRAGMA synchronous = FULL",
    "PRAGMA journal_size_limit = 67108864",
    "PRAGMA wal_autocheckpoint = 4000",  # pages: 16 MB between two pauses for folding them in
    "PRAGMA cache_size = -65536",
    "PRAGMA temp_store = MEMORY",
)
_READING: Final = ("PRAGMA query_only = ON", "PRAGMA cache_size = -8192")
# There is no mmap_size on purpose: a read error under a memory map is a SIGBUS, which would end the
# server where a read() gives an error that one request can be told about.


class SqliteFile:
    """The file, and the two ways of connecting to it: one writer, several readers."""

    def __init__(self, path: Path, *, readers: int, busy_timeout: float) -> None:
        self.path = path.absolute()
        self._busy_timeout = busy_timeout
        self._identity: tuple[int, int] | None = None
        self._writing = self._engine("rw", NullPool)
        self._reading = self._engine("ro", QueuePool, pool_size=readers, max_overflow=0)
        event.listen(self._writing, "begin", _begin_writing)
        event.listen(self._reading, "begin", _begin_reading)

    def open(self) -> Connection:
        """Make or check the file and bring its tables up to date; the writing connection.

        Raises Misconfigured when the file is something else, or damaged; Unavailable when it
        cannot be used right now.
        """
        self._make_file()
        try:
            connection = self.connect()
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
        except (DBAPIError, sqlite3.Error) as error:
            raise self._refusal(error) from error
        self._identity = self._look()
        return connection

    def connect(self) -> Connection:
        """A connection that may write; its transactions take the write lock at once."""
        return self._writing.connect()

    def read(self) -> Connection:
        """A connection from the pool that only reads; one snapshot until it is closed."""
        return self._reading.connect()

    def prove(self, connection: Connection, error: BaseException) -> None:
        """Show that the file can be written and synced again after ``error``.

        The row written here also overwrites what a failed commit may have left in the log, so that
        a crash cannot bring back what was reported as not stored.
        """
        if faults.primary_code(error) in faults.DAMAGED:
            self._refuse_damage(connection)
        queries.raise_fence(connection)
        connection.commit()

    def watch(self) -> None:
        """Raises Unavailable when another file, or none, is at the path now."""
        if self._identity != self._look():
            raise Unavailable(f"The database file {self.path} was moved or removed")

    def close(self) -> None:
        """Give the readers' connections back; the writer's is closed by who holds it."""
        self._reading.dispose()

    def _engine(self, mode: str, pool: type[NullPool | QueuePool], **options: int) -> Engine:
        uri = f"file:{quote(str(self.path))}?mode={mode}"

        def create() -> sqlite3.Connection:
            connection = sqlite3.connect(
                uri,
                uri=True,
                timeout=self._busy_timeout,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=_CACHED_STATEMENTS,
            )
            for pragma in _WRITING if mode == "rw" else _READING:
                connection.execute(pragma)
            return connection

        return create_engine("sqlite://", creator=create, poolclass=pool, **options)

    def _look(self) -> tuple[int, int] | None:
        try:
            status = os.stat(self.path)
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def _make_file(self) -> None:
        """Create an empty file that only its owner can read, and refuse one that is no database."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600), "rb") as file:
                magic = file.read(len(_MAGIC))
        except OSError as error:
            raise Misconfigured(
                f"The database file {self.path} cannot be used: {error.strerror}"
            ) from error
        if magic not in (b"", _MAGIC):
            raise Misconfigured(
                f"{self.path} is damaged, or is not a database; it was left as it is"
            )

    def _prepare(self, connection: Connection) -> None:
        raw = connection.connection.dbapi_connection
        assert isinstance(raw, sqlite3.Connection)
        mode = raw.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            raise Misconfigured(f"{self.path} is on a file system that cannot hold a database")
        if migrations.current_revision(connection) == migrations.HEAD:
            connection.rollback()
        else:
            migrations.upgrade_connection(connection)
            connection.commit()
        if self.path.stat().st_size <= _CHECKED_AT_OPENING:
            self._refuse_damage(connection)

    def _refuse_damage(self, connection: Connection) -> None:
        finding = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
        connection.rollback()
        if finding != "ok":
            raise Misconfigured(f"{self.path} is damaged; it was left as it is")

    def _refusal(self, error: Exception) -> Misconfigured | Unavailable:
        if faults.primary_code(error) in faults.DAMAGED:
            return Misconfigured(f"{self.path} is damaged; it was left as it is")
        return faults.unavailable(error)


def _begin_writing(connection: Connection) -> None:
    # A transaction that starts by reading and writes later can fail with no wait at all.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_reading(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
