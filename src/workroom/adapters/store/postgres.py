"""The store on a PostgreSQL server: for several nodes, each of which may append to every room."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from workroom.adapters.store import migrations, verify
from workroom.adapters.store.postgres_access import PostgresAccess
from workroom.adapters.store.postgres_server import Patience, PostgresServer
from workroom.adapters.store.sql_store import SqlStore
from workroom.adapters.store.work import seconds


class PostgresStore(SqlStore):
    """``SqlStore`` on one database of a server.

    ``url``: ``postgresql://…``, as libpq takes it; ``name``: the same for people to read, without a
    password. Open it on the event loop that will use it. ``connections`` bounds the pool of those
    who read; the group commit has one more. ``most_appends`` and ``most_bytes`` bound one
    transaction.
    """

    def __init__(
        self,
        url: str,
        name: str,
        *,
        connections: int = 8,
        patience: Patience = Patience(),  # noqa: B008 - immutable
        most_appends: int = 1_000,
        most_bytes: int = 8 * 2**20,
        clock: Callable[[], int] = seconds,
    ) -> None:
        self._server = PostgresServer(url, name, patience)
        access = PostgresAccess(
            self._server,
            connections=connections,
            most_appends=most_appends,
            most_bytes=most_bytes,
        )
        super().__init__(access, clock)

    async def version(self) -> str | None:
        """The last migration that was run there; None when there are no tables of ours.

        It need not be open. Raises Misconfigured or Unavailable when it cannot be reached.
        """
        return await self._server.patiently_do(migrations.current_revision)

    async def verify(self) -> Sequence[str]:
        """Read everything and compare; what is wrong, in words; empty when all is well."""
        return await self._server.patiently_do(verify.findings)
