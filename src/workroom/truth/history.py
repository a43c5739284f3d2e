"""What one client asked and was told: a file of JSON lines that is only ever appended to.

A line is handed to the system before anything else happens, so that a history ends where its
client ended, also when the whole tool is killed. Every line has ``e`` (what it is) and ``t``
(milliseconds since the run began). The first line says whose history it is. A client follows one
room, and reads one connection at a time.

``client``
    ``client``, ``kind`` (essay, project, plain, yjs), ``user``, ``room`` ("essay/3").
``open``, ``closed``
    The connection, with its ``node``; it ended, with a ``code``.
``join``, ``subscribed``, ``live``
    It asks for what came after ``since`` (without: for everything); ``seq`` and ``recovered`` of
    the answer; it has caught up.
``sent``
    ``op`` (the request_id) and what that does: ``add`` and ``cut`` (words), ``comment`` (a mark),
    ``resolve`` or ``uncomment`` (the mark, with the ``id``), ``set`` (fields). ``again``: it was
    sent before.
``acked``, ``refused``
    ``op``, with ``seq`` and the ``id`` of new feedback, or with ``code`` and ``retry``; ``unknown``
    where the server says that nobody knows whether it was stored.
``text``
    ``hash``, ``seq`` (not on plain connections), and ``text`` unless this process has written it
    down for that ``seq`` before.
``told``
    ``seq``, and ``set``: things by name with what they are now (null: gone). ``new``: they were
    told as new.
``fault``
    ``what`` the client did to its connection.
``end``
    The ``hash`` of the text that it ended with.

A file that begins with ``final`` holds the state as REST gave it in the end: a line for each room
and node, with ``room``, ``node``, ``seq``, ``hash``, ``text``, ``set``. One that begins with
``faults`` says what was done to servers.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

SUFFIX: Final = ".jsonl"

Record = dict[str, Any]


class History:
    """The pen. ``began`` is the ``time.time()`` at which the run began."""

    def __init__(self, path: Path, began: float, **first: object) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._began = began
        what = str(first.pop("e", "client"))
        self.note(what, **first)

    def note(self, event: str, /, **more: object) -> None:
        """Write one line down. Raises ``OSError``."""
        now = int(1000 * (time.time() - self._began))
        line = orjson.dumps({"e": event, "t": now, **more}) + b"\n"
        if os.write(self._file, line) != len(line):
            message = "the history does not fit on the disk"
            raise OSError(message)

    def close(self) -> None:
        """Nothing more will be written."""
        os.close(self._file)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a history, and where it stands."""

    file: str
    number: int
    record: Record

    @property
    def place(self) -> str:
        """As in ``c07.jsonl:153``."""
        return f"{self.file}:{self.number}"


def lines_of(path: Path) -> Iterator[Line]:
    """The lines of a history; one that was cut off by a crash ends it.

    Raises ``ValueError`` for a line that is no record.
    """
    with path.open("rb") as file:
        for number, text in enumerate(file, 1):
            if not text.endswith(b"\n"):
                return
            record = orjson.loads(text)
            if not isinstance(record, dict) or "e" not in record:
                message = f"{path.name}:{number} is no line of a history"
                raise ValueError(message)
            yield Line(path.name, number, record)


def digest(text: str) -> str:
    """Texts are the same when these are."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
