"""Writes the pages under docs/reference from the code: what there is, word for word.

``python tools/reference.py`` writes them. With ``--check`` it writes nothing, and exits with 1 when
one of them is another than it would write.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, get_args

import typer
from prometheus_client.metrics import MetricWrapperBase
from pydantic import BaseModel

from workroom import __version__, observe
from workroom.cli.root import app
from workroom.client import backoff
from workroom.client import errors as client_errors
from workroom.errors import WorkroomError
from workroom.protocol import essay_outbound, project_outbound
from workroom.protocol.dialect import Form
from workroom.protocol.schema import ESSAYS, PROJECTS, json_schema
from workroom.transports.rest import Readiness, create_api
from workroom.transports.rest.problem import KINDS
from workroom.transports.rest.schema import build

FOLDER: Final = Path(__file__).parents[1] / "docs" / "reference"
HEAD: Final = "<!-- Made by `make reference` from the code. Do not edit. -->\n\n"
Schema = Mapping[str, Any]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; empty when there are no rows."""
    found = [f"| {' | '.join(map(_cell, row))} |" for row in rows]
    if not found:
        return ""
    return "\n".join([f"| {' | '.join(head)} |", "|---" * len(head) + "|", *found]) + "\n"


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|").strip()


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _prose(text: str | None) -> str:
    """A docstring as Markdown; names of fields in angle brackets are no HTML."""
    return (text or "").replace("``", "`").replace("<", "&lt;").strip()


# ---- the command line


def commands() -> str:
    """Every command with its options."""
    text = "# Command line\n\nEvery option is also an environment variable.\n"
    return text + "".join(_command(typer.main.get_command(app), "workroom"))


def _command(command: Any, name: str) -> Iterator[str]:
    inner = getattr(command, "commands", {})
    if not inner:
        yield f"\n## `{name}{_arguments(command)}`\n\n{_prose(command.help)}\n"
        if options := table(("Option", "Variable", "Default", ""), _options(command)):
            yield f"\n{options}"
    for each, found in inner.items():
        yield from _command(found, f"{name} {each}")


def _arguments(command: Any) -> str:
    found = [it for it in command.params if it.param_type_name == "argument"]
    return "".join(f" {it.metavar or it.name.upper()}" for it in found)


def _options(command: Any) -> Iterator[Sequence[str]]:
    for option in command.params:
        if option.param_type_name == "option" and not option.hidden:
            names = ", ".join(_code(name) for name in (*option.opts, *option.secondary_opts))
            yield names, _code(option.envvar or ""), _default(option), _prose(option.help)


def _default(option: Any) -> str:
    if isinstance(option.show_default, str):
        return _code(option.show_default)
    return "" if option.default in {None, False} else _code(str(option.default))


# ---- metrics


def metrics() -> str:
    """Every metric with its kind and labels."""
    found = [it for it in vars(observe).values() if isinstance(it, MetricWrapperBase)]
    rows = [
        (
            _code(it._name + ("_total" if it._type == "counter" else "")),
            str(it._type),
            ", ".join(_code(label) for label in it._labelnames),
            f"{it._documentation}.",
        )
        for it in sorted(found, key=lambda it: it._name)
    ]
    text = (
        "# Metrics\n\nAt `/metrics`. What to watch for: [operations](../operations.md#metrics).\n\n"
    )
    return text + table(("Metric", "Kind", "Labels", ""), rows)


# ---- errors and close codes


def errors() -> str:
    """Every code that says why something was not done."""
    essay, project = essay_outbound, project_outbound
    codes = [
        *_literals(essay.EssayErrorMessage, "error"),
        *_literals(essay.PermissionDeniedMessage, "error"),
        *_literals(essay.ConnectionErrorMessage, "error"),
    ]
    project_codes = _literals(project.ProjectErrorPayload, "code")
    local = [
        (_code(each.code), f"`{each.__name__}`", _prose(each.__doc__))
        for each in vars(client_errors).values()
        if isinstance(each, type)
        and issubclass(each, WorkroomError)
        and each.__module__ == client_errors.__name__
        and "code" in vars(each)
    ]
    rest = [(_code(it.code), str(it.status), it.title, it.about) for it in KINDS.values()]
    return "\n".join(
        (
            "# Error and close codes\n\nCodes are stable; messages are for people, and change.\n",
            "## REST\n",
            "`code` of `application/problem+json`.\n",
            table(("Code", "Status", "Title", ""), rest),
            "## Essays\n",
            (
                "`error` of the messages `error`, `permission_denied` and `connection_error`; "
                "[what they mean](../protocol/essays.md#errors).\n"
            ),
            "".join(f"- `{code}`\n" for code in codes),
            "## Projects\n",
            "`payload.code` of `error`; [what they mean](../protocol/projects.md#errors).\n",
            "".join(f"- `{code}`\n" for code in project_codes),
            "## The Python client\n",
            (
                "`code` of what it raises itself. What the server refuses has the server's code, "
                "in lower case.\n"
            ),
            table(("Code", "Class", ""), local),
            "## Close codes\n",
            (
                "What the clients do when a connection ends; every other code means to come back "
                "with backoff. [What each means](../protocol/README.md#how-connections-end).\n"
            ),
            table(("Code", "Then"), _close_codes()),
        )
    )


def _literals(model: type[BaseModel], field: str) -> tuple[str, ...]:
    return get_args(model.model_fields[field].annotation)


def _close_codes() -> Iterator[Sequence[str]]:
    then = {
        backoff.Advice.RENEW: "come back with another token",
        backoff.Advice.PAUSE: f"come back after {backoff.LONGEST_WAIT:.0f} s and more",
        backoff.Advice.STOP: "do not come back",
    }
    for code in range(1000, 5000):
        if (advice := backoff.advice(code)) in then:
            yield _code(str(code)), then[advice]


# ---- messages


def messages() -> str:
    """Every message of both formats, with its fields."""
    definitions: Schema = json_schema()["$defs"]
    text = (
        "# Messages\n\nEvery message of both formats with its fields, as the server checks them. "
        "What they mean: [essays](../protocol/essays.md), [projects](../protocol/projects.md). For "
        "programs: `workroom schema asyncapi` (AsyncAPI 3) and `workroom schema json` (JSON "
        "Schema).\n"
    )
    named: set[str] = set()
    for speech in (ESSAYS, PROJECTS):
        for side, models in (("from clients", speech.received), ("from the server", speech.sent)):
            text += f"\n## {speech.title}s, {side}\n"
            for model, forms in _forms(models).items():
                named.add(model)
                text += _message(definitions[model], forms)
    parts = [name for name in definitions if name not in named and "oneOf" not in definitions[name]]
    text += "\n## Parts\n"
    for name in parts:
        text += f"\n### {name}\n\n{_about(definitions[name])}\n\n{_fields(definitions[name])}"
    return text


def _forms(models: Mapping[Form, Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for form in Form:
        for model in models[form]:
            found.setdefault(model.__name__, []).append(form.name.lower())
    return found


def _message(schema: Schema, forms: list[str]) -> str:
    properties = schema["properties"]
    name = (properties.get("action") or properties["type"])["const"]
    form = "both forms" if len(forms) == len(Form) else f"{forms[0]} form"
    example = json.dumps(schema["examples"][0], indent=2, ensure_ascii=False)
    return (
        f"\n### `{name}`, {form}\n\n{_about(schema)}\n\n{_fields(schema)}"
        f"\n```json\n{example}\n```\n"
    )


def _about(schema: Schema) -> str:
    return _prose(str(schema.get("description", "")))


def _fields(schema: Schema) -> str:
    required = set(schema.get("required", ()))
    rows = [
        (_code(name), type_of(each), "" if name in required else "optional", _about(each))
        for name, each in schema.get("properties", {}).items()
    ]
    return table(("Field", "Type", "", ""), rows)


def type_of(schema: Schema) -> str:
    """A JSON Schema in a few words, with links to the parts of this page."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rsplit("/", 1)[1]
        return f"[{name}](#{name.lower()})"
    if "const" in schema:
        return _code(json.dumps(schema["const"]))
    if "enum" in schema:
        return ", ".join(_code(json.dumps(value)) for value in schema["enum"])
    for key in ("oneOf", "anyOf"):
        if key in schema:
            return " or ".join(dict.fromkeys(map(type_of, schema[key])))
    if schema.get("type") == "array":
        return f"list of {type_of(schema.get('items', {}))}"
    return f"{schema.get('type', 'anything')}{_bounds(schema)}"


def _bounds(schema: Schema) -> str:
    least = schema.get("minimum", schema.get("minLength"))
    most = schema.get("maximum", schema.get("maxLength"))
    if least is None and most is None:
        return ""
    return f", {'' if least is None else least} to {'' if most is None else most}".rstrip()


# ---- REST


def rest() -> str:
    """Every operation, with what it takes and gives."""
    nothing: Any = None  # the document is made from the routes; nothing is served
    document = build(create_api(nothing, nothing, Readiness({})), __version__)
    text = (
        "# REST, operation by operation\n\nHow it hangs together: [REST](../rest.md). The same is "
        "served by every Workroom at `/api/docs`, and for programs at `/api/schema` (OpenAPI 3.1; "
        "`workroom schema openapi`).\n"
    )
    tags: dict[str, str] = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            tag = operation["tags"][0]
            tags[tag] = tags.get(tag, "") + _operation(f"{method.upper()} {path}", operation)
    for tag, operations in tags.items():
        text += f"\n## {tag}\n{operations}"
    parts = document["components"]["schemas"]
    text += "\n## Parts\n"
    for name in sorted(parts):
        text += f"\n### {name}\n\n{_about(parts[name])}\n\n{_fields(parts[name])}"
    return text


def _operation(title: str, operation: Schema) -> str:
    parameters = [
        (_code(it["name"]), it["in"], type_of(it["schema"]), _about(it))
        for it in operation.get("parameters", ())
    ]
    text = f"\n### `{title}`\n\n{_prose(operation['description'])}\n"
    if parameters:
        text += f"\n{table(('Parameter', 'In', 'Type', ''), parameters)}"
    for kind, media in operation.get("requestBody", {}).get("content", {}).items():
        text += f"\nTakes `{kind}`: {type_of(media['schema'])}.\n"
    return text + "\n" + table(("Status", "Gives"), _responses(operation["responses"]))


def _responses(responses: Schema) -> Iterator[Sequence[str]]:
    for status, response in responses.items():
        if "$ref" in response:
            yield status, _code(str(response["$ref"]).rsplit("/", 1)[1])
            continue
        bodies = [
            type_of(it["schema"]) for it in response.get("content", {}).values() if "schema" in it
        ]
        about = _prose(response.get("description")).replace("Successful Response", "")
        yield status, " ".join([about, *dict.fromkeys(bodies)])


PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "commands.md": commands,
    "errors.md": errors,
    "messages.md": messages,
    "metrics.md": metrics,
    "rest.md": rest,
}


def main(arguments: Sequence[str]) -> int:
    """Write the pages, or say which of them are stale."""
    stale = []
    for name, made in PAGES.items():
        text, path = HEAD + re.sub(r"\n{3,}", "\n\n", made()).strip() + "\n", FOLDER / name
        if "--check" not in arguments:
            path.write_text(text, "utf-8")
        elif not path.exists() or path.read_text("utf-8") != text:
            stale.append(name)
    if stale:
        print(f"docs/reference is stale ({', '.join(stale)}): run `make reference`")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
