"""Answers that are files: in parts on request (RFC 9110, section 14), and safe to look at.

Who may have a file is checked each time: caches may keep it, and must ask before they use it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from workroom.ports.blobs import Blob
from workroom.transports.rest.problem import problem

_PIECE: Final = 256 * 1024
_RANGE: Final = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
_POLICY: Final = "default-src 'none'; frame-ancestors 'none'; sandbox"


class FileResponse(Response):
    """Sends a part of a blob, and closes it whatever happens."""

    def __init__(self, blob: Blob, part: range, status: int, headers: Mapping[str, str]) -> None:
        super().__init__(None, status, headers)
        self._blob = blob
        self._part = part

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send head and body; each piece is read when the one before has been taken."""
        del scope, receive
        try:
            start = {"type": "http.response.start", "status": self.status_code}
            await send({**start, "headers": self.raw_headers})
            at, end = self._part.start, self._part.stop
            while at < end:
                piece = await self._blob.read(at, min(_PIECE, end - at))
                at += len(piece)
                if not piece:
                    break  # cut off on the disk: the client sees that bytes are missing
                message = {"type": "http.response.body", "body": piece, "more_body": True}
                await send(message)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            await self._blob.close()


async def send_file(
    request: Request, blob: Blob, *, tag: str, media_type: str, name: str
) -> Response:
    """The file, the part of it that is asked for, or that nothing has changed.

    ``tag`` names this content and no other.
    """
    headers = {
        "ETag": f'"{tag}"',
        "Cache-Control": "private, no-cache",
        "Vary": "Authorization",
        "Accept-Ranges": "bytes",
        "Content-Security-Policy": _POLICY,
    }
    if _matches(request.headers.get("if-none-match"), headers["ETag"]):
        await blob.close()
        return Response(None, 304, headers)
    asked = _asked(request, blob.size, headers["ETag"])
    if asked is not None and not asked:
        await blob.close()
        said = {"Content-Range": f"bytes */{blob.size}"}
        return problem("range_not_satisfiable", "the file is shorter than that", headers=said)
    part = range(blob.size) if asked is None else asked
    headers["Content-Type"] = media_type
    headers["Content-Disposition"] = _disposition(name)
    headers["Content-Length"] = str(len(part))
    if asked is not None:
        headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{blob.size}"
    return FileResponse(blob, part, 200 if asked is None else 206, headers)


def _asked(request: Request, size: int, tag: str) -> range | None:
    """The bytes that a Range asks for, which may be none at all; None: no Range that counts.

    One that is malformed, of several parts, or of another content than this, is as if it were not
    there.
    """
    asked = _RANGE.fullmatch(request.headers.get("range", ""))
    if asked is None or request.headers.get("if-range", tag) != tag:
        return None
    first, last = asked.groups()
    if not first:
        return range(max(0, size - int(last)), size) if last else None
    if last and int(last) < int(first):
        return None
    return range(int(first), min(size, int(last) + 1) if last else size)


def _matches(condition: str | None, tag: str) -> bool:
    if condition is None:
        return False
    tags = [each.strip().removeprefix("W/") for each in condition.split(",")]
    return "*" in tags or tag in tags


def _disposition(name: str) -> str:
    """Saved, never opened, when it is looked at by its address; under the name it came with."""
    plain = re.sub(r'[^ -~]|["\\%]', "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
