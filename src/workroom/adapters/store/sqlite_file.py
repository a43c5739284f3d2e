"""One SQLite file: how it is opened, checked, and connected to."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool, QueuePool

from workroom.adapters.store import migrations, queries
from workroom.adapters.store import sqlite_express as express
from workroom.adapters.store import sqlite_faults as faults
from workroom.adapters.store.batch import Batch
from workroom.adapters.store.files import make_private_file
from workroom.errors import Misconfigured, Unavailable

_CHECKED_AT_OPENING: Final = 16 * 2**20
"""Files up to this size are checked whole at every start (some 50 ms); larger ones on demand."""
_SMALLEST: Final = 512
"""Bytes of the smallest page; SQLite itself takes a file of one byte for an empty one."""
_CACHED_STATEMENTS: Final = 256

_WRITING: Final = (
    "PRAGMA synchronous = FULL",
    "PRAGMA journal_size_limit = 67108864",
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
        self._writing = self._engine(_WRITING, NullPool)
        self._reading = self._engine(_READING, QueuePool, pool_size=readers, max_overflow=0)

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
        """A connection that may write."""
        connection = self._writing.connect()
        try:
            express.prepare(_raw(connection))
        except BaseException:
            connection.close()
            raise
        return connection

    def express(self, connection: Connection, batch: Batch) -> None:
        """Store a batch with one statement, durably."""
        express.store(_raw(connection), batch)

    def begin(self, connection: Connection) -> None:
        """Begin a transaction with the write lock, waiting for it up to the time limit.

        A transaction that starts by reading and writes later can fail with no wait at all.
        """
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    def commit(self, connection: Connection) -> None:
        """Make the transaction durable. Raises Unavailable when SQLite has undone it meanwhile."""
        if not _raw(connection).in_transaction:
            raise Unavailable("The database gave up the transaction")
        connection.commit()

    def read(self) -> Connection:
        """A connection from the pool that only reads; one snapshot until it is closed."""
        connection = self._reading.connect()
        connection.exec_driver_sql("BEGIN")
        return connection

    def prove(self, connection: Connection, error: BaseException) -> None:
        """Show that the file can be written and synced again after ``error``.

        The row written here also overwrites what a failed commit may have left in the log, so that
        a crash cannot bring back what was reported as not stored.
        """
        if faults.is_damage(error):
            self._refuse_damage(connection)
        self.begin(connection)
        queries.raise_fence(connection)
        self.commit(connection)

    def watch(self) -> None:
        """Raises Unavailable when another file, or none, is at the path now."""
        if self._identity != self._look():
            raise Unavailable(f"The database file {self.path} was moved or removed")

    def close(self) -> None:
        """Give the readers' connections back; the writer's is closed by who holds it."""
        self._reading.dispose()

    def _engine(
        self, pragmas: Sequence[str], pool: type[NullPool | QueuePool], **options: int
    ) -> Engine:
        # Readers, too, are let in to write: only so can one bring back the shared index of the log
        # when the writer has gone. ``query_only`` keeps them from changing anything.
        uri = f"file:{quote(str(self.path))}?mode=rw"

        def create() -> sqlite3.Connection:
            connection = sqlite3.connect(
                uri,
                uri=True,
                timeout=self._busy_timeout,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=_CACHED_STATEMENTS,
            )
            try:
                for pragma in pragmas:
                    connection.execute(pragma)
            except BaseException:
                connection.close()
                raise
            return connection

        return create_engine(
            "sqlite://", creator=create, poolclass=pool, hide_parameters=True, **options
        )

    def _look(self) -> tuple[int, int] | None:
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def _make_file(self) -> None:
        make_private_file(self.path)
        if not self.path.is_file():
            raise Misconfigured(f"{self.path} is not a file: no database can be kept there")
        if 0 < self.path.stat().st_size < _SMALLEST:
            raise Misconfigured(f"{self.path} is not a database; it was left as it is")

    def _prepare(self, connection: Connection) -> None:
        if self._use_write_ahead_log(connection) != "wal":
            raise Misconfigured(f"{self.path} is on a file system that cannot hold a database")
        if migrations.current_revision(connection) != migrations.HEAD:
            connection.rollback()
            self.begin(connection)
            migrations.upgrade_connection(connection)
            self.commit(connection)
        connection.rollback()
        if self.path.stat().st_size <= _CHECKED_AT_OPENING:
            self._refuse_damage(connection)
        # Keeps the log's shared index alive while the writer changes its connection.
        self.read().close()

    def _use_write_ahead_log(self, connection: Connection) -> str:
        """The journal mode then. SQLite itself does not wait for others who do the same."""
        deadline = time.monotonic() + self._busy_timeout
        while True:
            try:
                mode: str = _raw(connection).execute("PRAGMA journal_mode = WAL").fetchone()[0]
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
            else:
                return mode

    def _refuse_damage(self, connection: Connection) -> None:
        finding = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
        connection.rollback()
        if finding != "ok":
            raise Misconfigured(f"{self.path} is damaged; it was left as it is")

    def _refusal(self, error: Exception) -> Misconfigured | Unavailable:
        code = faults.primary_code(error)
        if code == sqlite3.SQLITE_NOTADB:
            return Misconfigured(f"{self.path} is damaged or not a database; it was left as it is")
        if code == sqlite3.SQLITE_CORRUPT:
            return Misconfigured(f"{self.path} is damaged; it was left as it is")
        return faults.unavailable(error)


def _raw(connection: Connection) -> sqlite3.Connection:
    """The driver's own connection."""
    raw = connection.connection.dbapi_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw
