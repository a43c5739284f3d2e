"""What log lines look like: one line per event on stderr, for people or for machines.

Everything comes through here, also what uvicorn, SQLAlchemy and Alembic log by the standard
library. Secrets are hidden twice: fields by their names (``observe.hide_secrets``), and whatever
looks like a token in any text. Control characters are escaped, so that nobody can forge a line by
their input.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, Final, Literal

import structlog

from workroom.cli.failures import escaped
from workroom.observe import hide_secrets

Event = MutableMapping[str, Any]

Form = Literal["text", "json"]

_LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
_TALKATIVE: Final = ("uvicorn", "asyncio", "alembic", "sqlalchemy", "httpx", "httpcore")
"""Libraries whose everyday remarks interest nobody who runs Workroom."""
_TOKEN: Final = re.compile(
    r"(?P<key>\btoken(?:=|%3d))[^\s&'\"]+"  # in a query
    r"|(?P<scheme>\bbearer[ .])[\w.~+/-]+=*"  # in a header, or a subprotocol
    r"|\be[yw][\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?",  # a JWT: base64 of an opening brace
    re.IGNORECASE,
)
_DEEPEST: Final = 3
_FIRST: Final = ("timestamp", "level", "part", "event")
_COLOURS: Final = {"warning": "\033[33m", "error": "\033[31m", "critical": "\033[31m"}
_PLAIN: Final = "\033[0m"


def set_up(form: Form, level: str) -> None:
    """Decide it for the whole process; may be called again."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        hide_secrets,
        hide_tokens,
    ]
    render = _Text(colour=sys.stderr.isatty()) if form == "text" else _as_json
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_name_part, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    _attach(handler, _LEVELS[level])


def _attach(handler: logging.Handler, level: int) -> None:
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name in _TALKATIVE:
        quiet = level if level <= logging.DEBUG else max(level, logging.WARNING)
        logging.getLogger(name).setLevel(quiet)
        logging.getLogger(name).propagate = True
    # Below that it prints the rows that it reads, and with them texts and hashes.
    engine = logging.getLogger("sqlalchemy")
    engine.setLevel(max(engine.level, logging.INFO))
    # It prints query strings, and with them tokens.
    access = logging.getLogger("uvicorn.access")
    access.disabled, access.propagate = True, False
    # What is wrong with a form is told to who sent it, and to nobody else.
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)
    logging.captureWarnings(capture=True)


def hide_tokens(_logger: Any, _method: str, event: Event) -> Event:
    """A structlog processor: what looks like a token is never written out, wherever it stands.

    What is neither plain JSON nor a text becomes a text first, so that nothing hides inside it.
    """
    for name, value in event.items():
        if not name.startswith("_"):
            event[name] = _clean(value)
    return event


def _clean(value: object, depth: int = 0) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple) and depth < _DEEPEST:
        return [_clean(each, depth + 1) for each in value]
    if isinstance(value, Mapping) and depth < _DEEPEST:
        return {str(_clean(str(key))): _clean(each, depth + 1) for key, each in value.items()}
    text = value if isinstance(value, str) else repr(value)
    return _TOKEN.sub(_hidden, text)


def _hidden(found: re.Match[str]) -> str:
    return f"{found['key'] or found['scheme'] or ''}[hidden]"


def _name_part(_logger: Any, _method: str, event: Event) -> Event:
    """Lines of the standard library name their logger where ours name the part of the program."""
    record = event.get("_record")
    if record is not None:
        event["part"] = record.name
    return event


def _as_json(_logger: Any, _method: str, event: Event) -> str:
    first = {name: event.pop(name) for name in _FIRST if name in event}
    # ASCII only: U+2028 and the like end a line for some readers of logs.
    return json.dumps({**first, **event}, ensure_ascii=True, default=repr)


class _Text:
    """``12:30:01 warning rooms: store_refused room=essay:1 reason="disk full"``."""

    def __init__(self, *, colour: bool) -> None:
        self._colour = colour

    def __call__(self, _logger: Any, _method: str, event: Event) -> str:
        time = str(event.pop("timestamp", ""))[:19].replace("T", " ")
        level = str(event.pop("level", "info"))
        part, what = event.pop("part", "workroom"), event.pop("event", "")
        fields = "".join(f" {name}={_shown(value)}" for name, value in event.items())
        line = escaped(f"{time} {level:<7} {part}: {what}{fields}")
        colour = _COLOURS.get(level) if self._colour else None
        return f"{colour}{line}{_PLAIN}" if colour else line


def _shown(value: object) -> str:
    text = str(value)
    return text if re.fullmatch(r"[^\s\"=]+", text) else json.dumps(text, ensure_ascii=False)
