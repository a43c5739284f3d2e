"""``workroom serve`` and ``workroom demo``: run the server until somebody stops it."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import typer

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
    WorkersOption,
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
    from workroom.cli import processes
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
    workers: WorkersOption = None,
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
        workers=workers,
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
    if settings.workers > 1:
        _run_several(settings)
        return
    stopping = Stopping()
    with naming_the_database(settings):
        stopping.run(_serve(settings, prepare, announce, visitors, stopping))


def _run_several(settings: Settings) -> None:
    """Serve in several processes, each of which is a node."""
    from workroom.cli import failures, processes
    from workroom.wiring import secret

    processes.require_what_joins_nodes(settings)
    secret(settings)  # made once, here, if there is none yet
    held = [processes.reserve(settings.host, settings.port, "port")]
    ports = {"port": held[0].getsockname()[1]}
    if settings.project_port != settings.port or settings.port == 0:
        held.append(processes.reserve(settings.host, settings.project_port, "project_port"))
    ports["project_port"] = held[-1].getsockname()[1]

    def child(number: int, lifeline: processes.Lifeline) -> int:
        # Tasks need one worker beside the server, not one for each process.
        own = {**ports, "worker": settings.worker and number == 0}
        return failures.run(lambda: _run_one(settings.model_copy(update=own), lifeline))

    patience = processes.patience(settings)
    code = processes.Processes(settings.workers, child, patience).run()
    for sock in held:
        sock.close()
    if code:
        raise typer.Exit(code)


def _run_one(settings: Settings, lifeline: processes.Lifeline) -> None:
    stopping = Stopping()
    lifeline.hold()

    async def announce(_app: App, _addresses: Sequence[tuple[str, int]]) -> None:
        lifeline.serves()

    with naming_the_database(settings):
        stopping.run(_serve(settings, None, announce, None, stopping))


async def _serve(
    settings: Settings,
    prepare: Prepare | None,
    announce: Announce | None,
    visitors: Welcome | None,
    stopping: Stopping,
) -> None:
    # What a start makes stays. The server's own collector takes over at the end of it.
    gc.disable()
    from workroom.app import serve

    async def announce_and_note(app: App, addresses: Sequence[tuple[str, int]]) -> None:
        stopping.serves()
        if announce is not None:
            await announce(app, addresses)

    await serve(settings, prepare=prepare, announce=announce_and_note, visitors=visitors)


class Stopping:
    """Ctrl-C and SIGTERM end what is starting, and let what serves end in good order.

    While it starts, the first signal cancels the start between two of its steps: raised in the
    middle of whatever the loop is at, it would break a task that nobody looks at. The second one
    does not wait for that. uvicorn takes both signals over while it serves. When it has ended it
    raises the one that ended it again, for whoever had it before: here, so that the store is still
    closed, and the exit code is 0.
    """

    def __init__(self) -> None:
        self._serves = self._asked = False
        self._cancel: Callable[[], object] | None = None
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._received)

    def serves(self) -> None:
        """What was started serves. A signal that did not end the start ends it now.

        Before Python 3.12 ``asyncio.wait_for`` swallows a cancellation that comes together with
        what it waits for, and nobody sends SIGTERM twice.
        """
        self._serves = True
        if self._asked:
            signal.raise_signal(signal.SIGTERM)

    def run(self, main: Coroutine[Any, Any, None]) -> None:
        """Run ``main`` to its end. Raises KeyboardInterrupt when a signal ended its start."""
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            try:
                runner.run(self._interruptible(main))
            except asyncio.CancelledError as error:
                if not self._asked:
                    raise RuntimeError("cancelled, and nobody had asked for an end") from error
                raise KeyboardInterrupt from None

    async def _interruptible(self, main: Coroutine[Any, Any, None]) -> None:
        loop, start = asyncio.get_running_loop(), asyncio.current_task()

        def cancel() -> None:
            if start is not None and not self._serves:
                start.cancel()

        self._cancel = partial(loop.call_soon_threadsafe, cancel)
        await main

    def _received(self, _number: int, _frame: object) -> None:
        if self._serves:
            return
        self._asked = True
        cancel, self._cancel = self._cancel, None
        if cancel is None:
            raise KeyboardInterrupt
        cancel()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Uvloop where there is one: half the cost of a send."""
    try:
        import uvloop
    except ImportError:
        return None
    factory: Any = uvloop.new_event_loop
    return factory  # type: ignore[no-any-return]
