"""``workroom serve`` and ``workroom demo``: run the server until somebody stops it."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from workroom.cli.options import (
    DatabaseOption,
    DataDirOption,
    HostOption,
    LogFormatOption,
    LogLevelOption,
    PortOption,
    ProjectPortOption,
    RedisOption,
    WorkerOption,
    check_host,
    check_proxies,
    naming_the_database,
    prepare_directory,
    read_settings,
    unknown_variables,
)
from workroom.errors import Misconfigured

if TYPE_CHECKING:
    from workroom.app import App
    from workroom.config import Settings
    from workroom.transports.page import Visitors

Prepare = Callable[["App"], Awaitable[None]]
Announce = Callable[["App", Sequence[tuple[str, int]]], Awaitable[None]]
Welcome = Callable[["App"], Awaitable["Visitors | None"]]


def serve(
    host: HostOption = None,
    port: PortOption = None,
    project_port: ProjectPortOption = None,
    database: DatabaseOption = None,
    redis: RedisOption = None,
    data_dir: DataDirOption = None,
    worker: WorkerOption = None,
    log_format: LogFormatOption = None,
    log_level: LogLevelOption = None,
) -> None:
    """Serve essays and projects until Ctrl-C or SIGTERM.

    Needs nothing beside it: on the first start it makes a SQLite database
    and a secret in the data directory. In production
    (WORKROOM_ENV=production) it wants a secret of yours (WORKROOM_SECRET).
    """
    settings = read_settings(
        host=host,
        port=port,
        project_port=project_port,
        database=database,
        redis=redis,
        data_dir=data_dir,
        worker=worker,
        log_format=log_format,
        log_level=log_level,
    )
    _run(settings)


def demo(
    host: HostOption = None,
    port: PortOption = None,
    project_port: ProjectPortOption = None,
    database: DatabaseOption = None,
    redis: RedisOption = None,
    data_dir: DataDirOption = None,
    worker: WorkerOption = None,
    log_format: LogFormatOption = None,
    log_level: LogLevelOption = None,
) -> None:
    """Serve with people and rooms to look at; prints addresses and a token for each user.

    People, essay 1 and project 123 are made on the first start and kept as
    they are changed. Not for production: whoever reads the output can come in
    as anybody, so it refuses to run with WORKROOM_ENV=production.
    """
    settings = read_settings(
        host=host,
        port=port,
        project_port=project_port,
        database=database,
        redis=redis,
        data_dir=data_dir,
        worker=worker,
        log_format=log_format,
        log_level=log_level or "warning",
    )
    if settings.env == "production":
        message = "the demo gives everybody's tokens away and never runs in production"
        raise Misconfigured(message, field="WORKROOM_ENV")
    from workroom.cli import demonstration

    _run(settings, demonstration.prepare, demonstration.announce, demonstration.visitors)


def _run(
    settings: Settings,
    prepare: Prepare | None = None,
    announce: Announce | None = None,
    visitors: Welcome | None = None,
) -> None:
    from workroom.cli import logs
    from workroom.observe import logger

    logs.set_up(settings.log_format, settings.log_level)
    for name, meant in unknown_variables(os.environ):
        logger("settings").warning("unknown_variable", name=name, perhaps_meant=meant)
    check_host(settings)
    check_proxies(settings)
    prepare_directory(settings)
    stopping = Stopping()
    with naming_the_database(settings), asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(settings, prepare, announce, visitors, stopping))


async def _serve(
    settings: Settings,
    prepare: Prepare | None,
    announce: Announce | None,
    visitors: Welcome | None,
    stopping: Stopping,
) -> None:
    from workroom.app import serve

    async def announce_and_note(app: App, addresses: Sequence[tuple[str, int]]) -> None:
        stopping.orderly = True
        if announce is not None:
            await announce(app, addresses)

    await serve(settings, prepare=prepare, announce=announce_and_note, visitors=visitors)


class Stopping:
    """Ctrl-C and SIGTERM end the process at once while it starts, and in good order once it serves.

    uvicorn takes both signals over while it serves. When it has ended it raises the one that ended
    it again, for whoever had it before: here, so that the store is still closed, and the exit code
    is 0.
    """

    def __init__(self) -> None:
        self.orderly = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._received)

    def _received(self, _number: int, _frame: object) -> None:
        if not self.orderly:
            raise KeyboardInterrupt


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Uvloop where there is one: half the cost of a send."""
    try:
        import uvloop
    except ImportError:
        return None
    factory: Any = uvloop.new_event_loop
    return factory  # type: ignore[no-any-return]
