"""Options that commands share, and the settings that they come to.

An option that is not given is left to ``Settings``, which reads the environment; one that is given
wins. typer reads the variable too, so that ``--help`` can name it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from workroom.cli.failures import Complaint, bad_setting
from workroom.errors import Misconfigured, Unavailable

if TYPE_CHECKING:
    from workroom.config import Settings

LogFormat = Literal["text", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]

HostOption = Annotated[
    str | None,
    typer.Option(
        "--host", envvar="WORKROOM_HOST", help="Address to listen on.", show_default="127.0.0.1"
    ),
]
PortOption = Annotated[
    int | None,
    typer.Option(
        "--port",
        envvar="WORKROOM_PORT",
        help="Port of REST, essays and projects; 0 takes a free one.",
        show_default="8000",
    ),
]
ProjectPortOption = Annotated[
    int | None,
    typer.Option(
        "--project-port",
        envvar="WORKROOM_PROJECT_PORT",
        help="The same again, at the port that project clients know.",
        show_default="8010",
    ),
]
DatabaseOption = Annotated[
    str | None,
    typer.Option(
        "--database",
        envvar="WORKROOM_DATABASE",
        metavar="URL",
        help="Where everything is stored: sqlite:///PATH or postgresql://USER@HOST/NAME.",
        show_default="workroom.db in the data directory",
    ),
]
DataDirOption = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        envvar="WORKROOM_DATA_DIR",
        metavar="DIR",
        help="Directory of the database and the secret.",
        show_default="data",
    ),
]
RedisOption = Annotated[
    str | None,
    typer.Option(
        "--redis",
        envvar="WORKROOM_REDIS",
        metavar="URL",
        help="Joins nodes, and brings tasks to workers: redis://HOST:PORT/DB or unix:///PATH.",
        show_default="a private one",
    ),
]
WorkerOption = Annotated[
    bool | None,
    typer.Option(
        "--worker/--no-worker",
        envvar="WORKROOM_WORKER",
        help="Carry tasks out beside the server.",
        show_default="--worker",
    ),
]
WorkersOption = Annotated[
    int | None,
    typer.Option(
        "--workers",
        envvar="WORKROOM_WORKERS",
        metavar="N",
        help="Processes on one port; more than one need PostgreSQL and Redis.",
        show_default="1",
    ),
]
LogFormatOption = Annotated[
    LogFormat | None,
    typer.Option(
        "--log-format",
        envvar="WORKROOM_LOG_FORMAT",
        help="Log lines for people or for machines.",
        show_default="text",
    ),
]
LogLevelOption = Annotated[
    LogLevel | None,
    typer.Option(
        "--log-level",
        envvar="WORKROOM_LOG_LEVEL",
        help="The least important lines to log.",
        show_default="info",
    ),
]

OF_COMMANDS: Final = frozenset(
    {
        "WORKROOM_AVATAR_URL",
        "WORKROOM_LIFETIME",
        "WORKROOM_NAME",
        "WORKROOM_NO_PASSWORD",
        "WORKROOM_PASSWORD_STDIN",
        "WORKROOM_ROLE",
        "WORKROOM_TOKEN",
        "WORKROOM_TRUTH_CHECK",
        "WORKROOM_TRUTH_CLIENTS",
        "WORKROOM_TRUTH_DATABASE",
        "WORKROOM_TRUTH_DROPS",
        "WORKROOM_TRUTH_FAULTS",
        "WORKROOM_TRUTH_JSON",
        "WORKROOM_TRUTH_KEEP",
        "WORKROOM_TRUTH_NODES",
        "WORKROOM_TRUTH_PROCESSES",
        "WORKROOM_TRUTH_REDIS",
        "WORKROOM_TRUTH_ROOMS",
        "WORKROOM_TRUTH_SECONDS",
        "WORKROOM_TRUTH_SEED",
        "WORKROOM_TRUTH_START",
        "WORKROOM_TRUTH_THINK",
        "WORKROOM_URL",
        "WORKROOM_USER",
        "WORKROOM_WATCH_JSON",
    }
)
"""Variables that are options of single commands and no settings of the server."""


def read_settings(**given: object) -> Settings:
    """The settings; what is given (and not None) wins over the environment.

    Raises Misconfigured, naming the variable.
    """
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    from workroom.config import Settings

    chosen: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    try:
        return Settings(**chosen)
    except ValidationError as error:
        raise bad_setting(error) from None
    except SettingsError as error:
        # Raised for what is JSON in the environment; the field stands in the message alone.
        named = re.search(r'field "(\w+)"', str(error))
        setting = f"WORKROOM_{named[1].upper()}" if named else None
        message = 'must be a JSON list of texts, as ["one", "two"]'
        raise Misconfigured(message, field=setting) from None


def unknown_variables(environment: Mapping[str, str]) -> list[tuple[str, str | None]]:
    """``WORKROOM_…`` variables that mean nothing, each with the one that was perhaps meant."""
    from workroom.config import Settings

    known = OF_COMMANDS | {f"WORKROOM_{name.upper()}" for name in Settings.model_fields}
    unknown = sorted(
        name
        for name in environment
        if name.upper().startswith("WORKROOM_") and name.upper() not in known
    )
    return [(name, _nearest(name.upper(), known)) for name in unknown]


def _nearest(name: str, known: frozenset[str]) -> str | None:
    close = difflib.get_close_matches(name, sorted(known), n=1)
    return close[0] if close else None


def require_data(settings: Settings) -> None:
    """Raise Complaint unless there is a database: these commands work on one, and make none.

    Whether there is one on a server, opening it says.
    """
    path = settings.database_path
    if path is not None and not path.exists():
        message = (
            f"there is no database at {path}; start the server once, or run `workroom db upgrade`, "
            "or name the right one"
        )
        named = "WORKROOM_DATA_DIR" if settings.database is None else "WORKROOM_DATABASE"
        raise Complaint(message, field=named)


@contextmanager
def naming_the_database(settings: Settings) -> Iterator[None]:
    """Errors of the store do not know which setting is theirs: say so."""
    try:
        yield
    except (Misconfigured, Unavailable) as error:
        name = Path(settings.database_name).name
        about = isinstance(error, Unavailable) or name in error.message
        if error.field is None and about:
            error.field = "WORKROOM_DATABASE"
        raise


def check_host(settings: Settings) -> None:
    """Raise Misconfigured for a host that is not one of this machine's, whatever the port."""
    import socket

    host = settings.host
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as trial:
            trial.bind((host, 0))
    except OSError as error:
        message = f"cannot listen on {host}: {error.strerror}"
        raise Misconfigured(message, field="WORKROOM_HOST") from None


def check_proxies(settings: Settings) -> None:
    """Raise Misconfigured for a trusted proxy that is no address and no network."""
    from ipaddress import ip_network

    for proxy in settings.trusted_proxies:
        try:
            ip_network(proxy, strict=False)
        except ValueError:
            message = f"{proxy!r} is no address and no network, as 10.0.0.0/8"
            raise Misconfigured(message, field="WORKROOM_TRUSTED_PROXIES") from None


def prepare_directory(settings: Settings) -> None:
    """Make the data directory if need be. Raises Misconfigured when it cannot be used."""
    directories = [(settings.data_dir, "WORKROOM_DATA_DIR")]
    if settings.database_path is not None:
        directories.append((settings.database_path.parent, "WORKROOM_DATABASE"))
    for directory, setting in directories:
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            _try_to_write(directory)
        except OSError as error:
            message = f"cannot write to {directory}: {error.strerror}"
            raise Misconfigured(message, field=setting) from None


def _try_to_write(directory: Path) -> None:
    import tempfile

    with tempfile.TemporaryFile(dir=directory):
        pass
