"""``workroom schema …``: the published description of every interface, as JSON on stdout."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import typer

app = typer.Typer(help="Print the description of an interface, as JSON.", no_args_is_help=True)


@app.command()
def openapi() -> None:
    """REST: OpenAPI 3.1."""
    from workroom import __version__
    from workroom.transports.rest import Readiness, create_api
    from workroom.transports.rest.schema import build

    nothing: Any = None  # the document is made from the routes; nothing is served
    _print(build(create_api(nothing, nothing, Readiness({})), __version__))


@app.command()
def asyncapi() -> None:
    """Both WebSocket formats: AsyncAPI 3.0."""
    from workroom.protocol.schema import asyncapi as document

    _print(document())


@app.command(name="json")
def json_schema() -> None:
    """Every WebSocket message: JSON Schema 2020-12."""
    from workroom.protocol.schema import json_schema as document

    _print(document())


def _print(document: Mapping[str, Any]) -> None:
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
