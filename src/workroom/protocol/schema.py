"""The published description of every message: JSON Schema and AsyncAPI, made from the models.

Two things it does not say, and the server holds clients to: a whole number is written without
fraction or exponent (``1``, not ``1.0``), and no string but the essay's text may hold a NUL.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, get_args

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from workroom.protocol import essay_inbound, essay_outbound, project_inbound, project_outbound
from workroom.protocol.dialect import SUBPROTOCOL, Form
from workroom.protocol.examples import EXAMPLES

API_VERSION: Final = "1.0"
"""Of the wire formats, not of the program."""

Models = tuple[type[BaseModel], ...]


@dataclass(frozen=True, slots=True)
class Speech:
    """All messages of one dialect."""

    title: str
    received: Mapping[Form, Models]
    """What clients may send in each form."""
    sent: Mapping[Form, Models]
    """What the server may send in each form."""


ESSAYS: Final = Speech(
    "Essay",
    {Form.PLAIN: essay_inbound.PLAIN, Form.EXTENDED: essay_inbound.EXTENDED},
    {Form.PLAIN: essay_outbound.PLAIN, Form.EXTENDED: essay_outbound.EXTENDED},
)
PROJECTS: Final = Speech(
    "Project",
    {Form.PLAIN: project_inbound.PLAIN, Form.EXTENDED: project_inbound.EXTENDED},
    {Form.PLAIN: project_outbound.PLAIN, Form.EXTENDED: project_outbound.EXTENDED},
)


def json_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of every message.

    ``$defs`` holds one schema per message and, for each dialect, form and direction, one for all of
    its messages, as ``EssayPlainServerMessage`` or ``ProjectExtendedClientMessage``.
    """
    definitions = _definitions("#/$defs/{model}")
    unions = {
        f"{speech.title}{form.name.title()}{side}Message": {
            "oneOf": [{"$ref": f"#/$defs/{model.__name__}"} for model in models[form]]
        }
        for speech in (ESSAYS, PROJECTS)
        for side, models in (("Client", speech.received), ("Server", speech.sent))
        for form in Form
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Workroom messages",
        "anyOf": [{"$ref": f"#/$defs/{name}"} for name in unions],
        "$defs": definitions | unions,
    }


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3.0 document of both channels, seen from the server."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Workroom",
            "version": API_VERSION,
            "description": _DESCRIPTION,
        },
        "defaultContentType": "application/json",
        "servers": dict(_SERVERS),
        "channels": {
            "essays": _ESSAY_CHANNEL | {"messages": _references(ESSAYS)},
            "projects": _PROJECT_CHANNEL | {"messages": _references(PROJECTS)},
        },
        "operations": _operations("essays", ESSAYS) | _operations("projects", PROJECTS),
        "components": {
            "schemas": _definitions("#/components/schemas/{model}"),
            "messages": {
                model.__name__: _message(model)
                for speech in (ESSAYS, PROJECTS)
                for model in _all_models(speech)
            },
            "securitySchemes": dict(_SECURITY),
        },
    }


class _Generator(GenerateJsonSchema):
    """Pydantic's generator without its noise: titles of fields, and defaults that say nothing."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's hook
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])


def _definitions(template: str) -> dict[str, Any]:
    models = [model for speech in (ESSAYS, PROJECTS) for model in _all_models(speech)]
    _, schema = models_json_schema(
        [(model, "validation") for model in models],
        ref_template=template,
        schema_generator=_Generator,
    )
    definitions: dict[str, Any] = schema["$defs"]
    for model in models:
        definitions[model.__name__]["examples"] = list(EXAMPLES[model.__name__])
    return definitions


def _all_models(speech: Speech) -> Iterable[type[BaseModel]]:
    """Each model once, in the order of the tables."""
    return dict.fromkeys(
        model
        for models in (speech.received, speech.sent)
        for form in Form
        for model in models[form]
    )


def _message(model: type[BaseModel]) -> dict[str, Any]:
    return {
        "name": _wire_name(model),
        "title": model.__name__,
        "summary": (model.__doc__ or "").strip().splitlines()[0],
        "payload": {"$ref": f"#/components/schemas/{model.__name__}"},
        "examples": [{"payload": example} for example in EXAMPLES[model.__name__]],
    }


def _wire_name(model: type[BaseModel]) -> str:
    """The ``action`` or ``type`` by which the message is known."""
    fields = model.model_fields
    (name,) = get_args(fields["action" if "action" in fields else "type"].annotation)
    return str(name)


def _references(speech: Speech) -> dict[str, Any]:
    return {
        model.__name__: {"$ref": f"#/components/messages/{model.__name__}"}
        for model in _all_models(speech)
    }


def _operations(channel: str, speech: Speech) -> dict[str, Any]:
    """What the server receives and sends, per form."""
    return {
        f"{action}{speech.title}{form.name.title()}": {
            "action": action,
            "channel": {"$ref": f"#/channels/{channel}"},
            "summary": f"{summary}, {form.name.lower()} form",
            "messages": [
                {"$ref": f"#/channels/{channel}/messages/{model.__name__}"}
                for model in models[form]
            ],
        }
        for action, summary, models in (
            ("receive", "What clients may send", speech.received),
            ("send", "What the server sends", speech.sent),
        )
        for form in Form
    }


_DESCRIPTION: Final = (
    "Live essays and projects over WebSockets. Plain connections get the plain form. A client that "
    f"offers the subprotocol `{SUBPROTOCOL}` gets the extended form: `seq` on durable events, "
    "acknowledgements, cursors. Offsets count UTF-16 code units, ends are exclusive. Timestamps "
    "are UTC in whole seconds. In client messages unknown fields are ignored, an optional field "
    "may be null."
)
_TOKEN_BINDING: Final = {
    "ws": {
        "query": {
            "type": "object",
            "properties": {"token": {"type": "string", "description": "A JWT access token"}},
        },
        "bindingVersion": "0.1.0",
    }
}
_ESSAY_CHANNEL: Final[dict[str, Any]] = {
    "address": "/ws/essays/{essay_id}/",
    "title": "Essays",
    "description": "One essay, subscribed on connecting; more can be followed by subscribe_essay.",
    "servers": [{"$ref": "#/servers/essays"}],
    "parameters": {"essay_id": {"description": "A whole number from 1 to 9007199254740991"}},
    "bindings": _TOKEN_BINDING,
}
_PROJECT_CHANNEL: Final[dict[str, Any]] = {
    "address": "/",
    "title": "Projects",
    "description": "Many projects on one connection. Also at /ws/projects/ on either port.",
    "servers": [{"$ref": "#/servers/projects"}],
    "bindings": _TOKEN_BINDING,
}
_SERVERS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "essays": {
            "host": "localhost:8000",
            "protocol": "ws",
            "security": [{"$ref": "#/components/securitySchemes/token"}],
        },
        "projects": {
            "host": "localhost:8010",
            "protocol": "ws",
            "security": [{"$ref": "#/components/securitySchemes/token"}],
        },
    }
)
_SECURITY: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "token": {
            "type": "httpApiKey",
            "name": "token",
            "in": "query",
            "description": "A JWT access token; clients that can may offer the subprotocols "
            f"`{SUBPROTOCOL}` and `bearer.<JWT>` instead",
        }
    }
)
