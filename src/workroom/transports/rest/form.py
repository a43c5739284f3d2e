"""A form with one file in it (``multipart/form-data``, RFC 7578), read piece by piece.

Nothing of it is kept: a piece is handed on before the next one is read.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from email.message import Message
from typing import Final

from fastapi import Request
from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.exceptions import HTTPException

from workroom.errors import InvalidMessage
from workroom.protocol.reading import shown

FIELD: Final = "file"
_MOST_HEADERS: Final = 8
_LONGEST_HEADER: Final = 4096


class FileForm:
    """First ``name``, then ``pieces``.

    Both raise HTTPException 400 for what is no form, and InvalidMessage for one without, or with
    more than, one file.
    """

    def __init__(self, request: Request) -> None:
        """Raises HTTPException 415 for a body that is no form."""
        self._stream = request.stream()
        self._parser = MultipartParser(
            _boundary(request),
            {
                "on_part_begin": self._on_part_begin,
                "on_header_field": self._on_header_field,
                "on_header_value": self._on_header_value,
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers_finished,
                "on_part_data": self._on_part_data,
                "on_end": self._on_end,
            },
            max_header_count=_MOST_HEADERS,
            max_header_size=_LONGEST_HEADER,
        )
        self._name: str | None = None
        self._found: list[bytes] = []
        self._ended = False
        self._field = b""
        self._value = b""
        self._disposition = b""

    async def name(self) -> str:
        """Read up to the file; what it is called, empty if it has no name."""
        while self._name is None:
            if not await self._read():
                message = "is missing: send the file in a form, in the field of this name"
                raise InvalidMessage(message, field=FIELD)
        return self._name

    async def pieces(self) -> AsyncIterator[bytes]:
        """The file's content, up to the end of the form."""
        while True:
            found, self._found = b"".join(self._found), []
            if found:
                yield found
            elif not await self._read():
                return

    async def _read(self) -> bool:
        """Parse one more piece of the body; False at its end."""
        async for piece in self._stream:
            try:
                self._parser.write(piece)
            except FormParserError:
                message = "the body is no form as RFC 7578 describes it"
                raise HTTPException(400, message) from None
            return True
        if not self._ended:
            message = "the form is not whole: it ends before its last boundary"
            raise HTTPException(400, message)
        return False

    # What the parser calls

    def _on_part_begin(self) -> None:
        self._disposition = b""

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        if self._field.lower() == b"content-disposition":
            self._disposition = self._value
        self._field = self._value = b""

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        field = options.get(b"name", b"").decode(errors="replace")
        if field != FIELD:
            message = f"is not a field that can be set here; expected {FIELD}"
            raise InvalidMessage(message, field=shown(field) or FIELD)
        if self._name is not None:
            message = "is there twice: send one file at a time"
            raise InvalidMessage(message, field=FIELD)
        self._name = options.get(b"filename", b"").decode(errors="replace")

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._found.append(data[start:end])

    def _on_end(self) -> None:
        self._ended = True


def _boundary(request: Request) -> bytes:
    header = Message()
    header["content-type"] = request.headers.get("content-type", "")
    boundary = header.get_boundary()
    if header.get_content_type() != "multipart/form-data" or not boundary:
        message = "send the file as multipart/form-data"
        raise HTTPException(415, message)
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        message = "send the body without a Content-Encoding"
        raise HTTPException(415, message)
    if not 0 < len(boundary) <= 70 or not boundary.isascii():
        message = "the boundary of a form has at most 70 characters"
        raise HTTPException(415, message)
    return boundary.encode()
