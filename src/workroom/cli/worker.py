"""``workroom worker``: carry tasks out, on this machine or on another one than the server."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from workroom.cli.options import DataDirOption, LogLevelOption, read_settings
from workroom.errors import Misconfigured

BrokerOption = Annotated[
    str | None,
    typer.Option(
        "--redis",
        envvar="WORKROOM_REDIS",
        metavar="URL",
        help="The broker of the server: redis://HOST:PORT/DB or unix:///PATH. Has to be given.",
        show_default=False,
    ),
]
ServerOption = Annotated[
    str | None,
    typer.Option(
        "--server",
        envvar="WORKROOM_SERVER_URL",
        metavar="URL",
        help="The server to report to.",
        show_default="http://127.0.0.1:8000",
    ),
]
ProcessesOption = Annotated[
    int | None,
    typer.Option(
        "--processes",
        envvar="WORKROOM_TASK_PROCESSES",
        help="Tasks to carry out at the same time.",
        show_default="2",
    ),
]


def worker(
    redis: BrokerOption = None,
    server: ServerOption = None,
    data_dir: DataDirOption = None,
    processes: ProcessesOption = None,
    log_level: LogLevelOption = None,
) -> None:
    """Carry tasks out: a Celery worker that reports to the server.

    Needs the broker that the server has (--redis), and the token that lets
    workers in: WORKROOM_TASK_TOKEN, or the file task-token.key in the data
    directory. Stops on SIGTERM when the tasks that it is at have ended.
    """
    settings = read_settings(
        redis=redis,
        server_url=server,
        data_dir=data_dir,
        task_processes=processes,
        log_level=log_level,
    )
    if settings.redis is None:
        message = "a worker needs the broker of its server: give --redis, the same as there"
        raise Misconfigured(message, field="WORKROOM_REDIS")
    _require_token(settings.data_dir.resolve(), given=settings.task_token is not None)
    environment = {
        **{name: value for name, value in os.environ.items() if name != "WORKROOM_SECRET"},
        "WORKROOM_REDIS": settings.redis,
        "WORKROOM_SERVER_URL": settings.server_url,
        "WORKROOM_DATA_DIR": str(settings.data_dir.resolve()),
        "WORKROOM_TASK_MEMORY": str(settings.task_memory),
    }
    os.execve(  # noqa: S606 - this process becomes the worker: signals reach it directly
        sys.executable, _command(settings.task_processes, settings.log_level), environment
    )


def _command(processes: int, log_level: str) -> list[str]:
    return [
        *(sys.executable, "-m", "celery", "-A", "workroom.tasks.app", "worker"),
        *("--concurrency", str(processes)),
        *("--hostname", f"workroom-{os.getpid()}@%h"),
        *("--loglevel", log_level.upper()),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    ]


def _require_token(data_dir: Path, *, given: bool) -> None:
    from workroom.tasks.desk import TOKEN_FILE

    if not given and not (data_dir / TOKEN_FILE).exists():
        message = f"is not set, and there is no {TOKEN_FILE} in {data_dir}"
        raise Misconfigured(message, field="WORKROOM_TASK_TOKEN")
