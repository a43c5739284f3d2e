"""The options of ``workroom bench truth``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Urls = Annotated[
    list[str] | None,
    typer.Option(
        "--url",
        envvar="WORKROOM_URL",
        help="A running server, as http://localhost:8000; once for each node.",
    ),
]
Tokens = Annotated[
    list[str] | None,
    typer.Option(
        "--token",
        envvar="WORKROOM_TOKEN",
        help="With --url: access tokens of the people who take part, once for each.",
    ),
]
Start = Annotated[
    bool,
    typer.Option(
        "--start",
        envvar="WORKROOM_TRUTH_START",
        help="Start servers for the run, in a directory of their own, and break them.",
    ),
]
Nodes = Annotated[
    int,
    typer.Option("--nodes", envvar="WORKROOM_TRUTH_NODES", min=1, help="With --start: how many."),
]
# Not WORKROOM_DATABASE: nobody wants a run on the database of their installation by accident.
Database = Annotated[
    str | None,
    typer.Option(
        "--database",
        envvar="WORKROOM_TRUTH_DATABASE",
        metavar="URL",
        help="With --start: an empty database, or `own`: a PostgreSQL server for the run.",
        show_default="SQLite",
    ),
]
Redis = Annotated[
    str | None,
    typer.Option(
        "--redis",
        envvar="WORKROOM_TRUTH_REDIS",
        metavar="URL",
        help="With --start: the bus, or `own`: a Redis or Valkey server for the run.",
        show_default="none",
    ),
]
Clients = Annotated[
    int,
    typer.Option("--clients", envvar="WORKROOM_TRUTH_CLIENTS", min=1, help="Connections."),
]
Rooms = Annotated[
    int,
    typer.Option(
        "--rooms", envvar="WORKROOM_TRUTH_ROOMS", min=2, help="Every fourth is a project."
    ),
]
Seconds = Annotated[
    float,
    typer.Option(
        "--seconds", envvar="WORKROOM_TRUTH_SECONDS", min=1, help="Of load; then all settles."
    ),
]
Think = Annotated[
    float,
    typer.Option(
        "--think",
        envvar="WORKROOM_TRUTH_THINK",
        min=0.01,
        help="Seconds between two requests of a client, on average.",
    ),
]
Drops = Annotated[
    float,
    typer.Option(
        "--drops",
        envvar="WORKROOM_TRUTH_DROPS",
        min=0,
        help="Seconds between two faults that a client makes, on average; 0 for none.",
    ),
]
Faults = Annotated[
    float,
    typer.Option(
        "--faults",
        envvar="WORKROOM_TRUTH_FAULTS",
        min=0,
        help="With --start: seconds between two faults of servers, on average; 0 for none.",
    ),
]
Processes = Annotated[
    int,
    typer.Option(
        "--processes", envvar="WORKROOM_TRUTH_PROCESSES", min=1, help="That hold the clients."
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        "--seed",
        envvar="WORKROOM_TRUTH_SEED",
        help="The same people, words and faults again.",
        show_default="drawn, and printed",
    ),
]
Keep = Annotated[
    Path | None,
    typer.Option(
        "--keep",
        envvar="WORKROOM_TRUTH_KEEP",
        metavar="DIR",
        help="Keep histories and logs there.",
        show_default="a temporary directory, which stays only if something was wrong",
    ),
]
Report = Annotated[
    Path | None,
    typer.Option(
        "--json", envvar="WORKROOM_TRUTH_JSON", metavar="FILE", help="Write a report there."
    ),
]
Check = Annotated[
    list[Path] | None,
    typer.Option(
        "--check",
        envvar="WORKROOM_TRUTH_CHECK",
        metavar="FILE",
        help="Run nothing: check these histories, or those in this directory.",
    ),
]
