"""Writes the TypeScript types of every WebSocket message, from the schema of the server.

``python tools/protocol_types.py`` writes ``protocol.gen.ts`` of the TypeScript client. With
``--check`` it writes nothing, and exits with 1 when that file is another than it would write.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from workroom.protocol.schema import json_schema

TARGET: Final = Path(__file__).parents[1] / "web/packages/client/src/protocol.gen.ts"
HEAD: Final = """\
// Made by `make protocol` from the schema of the server (`workroom schema json`). Do not edit.
"""
_PRIMITIVES: Final = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
}

Schema = Mapping[str, Any]


def typescript(schema: Schema) -> str:
    """The module for a document whose ``$defs`` are messages, their parts, and unions of them.

    Raises ValueError for a construct that it does not know.
    """
    definitions: Schema = schema["$defs"]
    return HEAD + "".join(_declared(name, definitions[name]) for name in definitions)


def _declared(name: str, schema: Schema) -> str:
    text = _comment(schema, "")
    if schema.get("type") == "object" and "properties" in schema:
        return f"\n{text}export interface {name} {_object(schema, '')}\n"
    return f"\n{text}export type {name} = {_type(schema, '')};\n"


def _type(schema: Schema, indent: str) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[1]
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return _union(json.dumps(value) for value in schema["enum"])
    for key in ("oneOf", "anyOf"):
        if key in schema and "properties" not in schema:
            return _union(_type(each, indent) for each in schema[key])
    return _of_kind(schema, indent)


def _of_kind(schema: Schema, indent: str) -> str:
    kind = schema.get("type")
    match kind:
        case "object" if "properties" in schema:
            return _object(schema, indent)
        case "object":
            return _record(schema, indent)
        case "array":
            return f"readonly ({_type(schema.get('items', {}), indent)})[]"
        case None if not set(schema) - {"description", "title", "examples", "default"}:
            return "unknown"
        case str() if kind in _PRIMITIVES:
            return _PRIMITIVES[kind]
    message = f"no TypeScript is known for {json.dumps(schema)}"
    raise ValueError(message)


def _union(types: Iterable[str]) -> str:
    return " | ".join(dict.fromkeys(types))


def _record(schema: Schema, indent: str) -> str:
    values = schema.get("additionalProperties", True)
    inside = _type(values, indent) if isinstance(values, Mapping) else "unknown"
    return f"Readonly<Record<string, {inside}>>"


def _object(schema: Schema, indent: str) -> str:
    required, deeper = schema.get("required", ()), indent + "  "
    lines = []
    for name, field in schema["properties"].items():
        optional = "" if name in required else "?"
        kind = _type(field, deeper)
        lines.append(f"{_comment(field, deeper)}{deeper}readonly {name}{optional}: {kind};\n")
    if schema.get("additionalProperties") is True:
        lines.append(f"{deeper}readonly [further: string]: unknown;\n")
    return "{\n" + "".join(lines) + indent + "}"


def _comment(schema: Schema, indent: str) -> str:
    words = " ".join(str(schema.get("description", "")).split())
    text = words.replace("*/", "* /").replace("``", "`")
    return f"{indent}/** {text} */\n" if text else ""


def main() -> int:
    """Write the file, or check it."""
    text = typescript(json_schema())
    if "--check" not in sys.argv:
        TARGET.write_text(text, "utf-8")
    elif text != TARGET.read_text("utf-8"):
        print(f"{TARGET.name} is stale: run `make protocol`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
