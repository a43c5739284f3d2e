"""The pictures and recordings of projects, one request at a time: for REST and the like.

Every change goes through the hub, as in ``library.py``; the bytes of a file are kept elsewhere, and
always longer than anybody can learn of them: kept before the canvas is in the log, removed after it
is out of it. Every coroutine raises Unavailable when the store or the files cannot be reached.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, cast
from weakref import WeakValueDictionary

from workroom.core.canvas import HEAD_BYTES, Media, clean_name, sniffed
from workroom.core.commands import AddCanvas, RemoveCanvas
from workroom.core.events import CanvasShown
from workroom.core.people import User
from workroom.core.permissions import Verb
from workroom.core.projects.room import ProjectRoom, require_place, shown_canvases
from workroom.errors import (
    NotFound,
    PermissionDenied,
    RateLimited,
    Refused,
    TooLarge,
    Unavailable,
    UnsupportedFile,
    WorkroomError,
)
from workroom.ids import BlobKey, CanvasId, UserId, project_room
from workroom.observe import UPLOADS, logger
from workroom.ports.blobs import Blob, BlobStore, Draft
from workroom.ports.media import Finding, MediaInspector
from workroom.service.hub import Hub
from workroom.service.slices import Slice

KINDS: Final = "PNG, JPEG, WebP, GIF; WAV, FLAC, OGG, MP3"
ABANDONED_AFTER: Final = 3600.0
"""Seconds after which a file that no canvas has belongs to nobody; an upload takes less."""
_LOOKED_UP_AT_ONCE: Final = 500
_PREVIEW: Final = ".preview"

log = logger("canvases")


@dataclass(frozen=True, slots=True)
class UploadRules:
    """How much may be uploaded."""

    file_bytes: int = 25 * 2**20
    at_once: int = 4
    """Uploads of one user at the same time."""


def preview_key(key: BlobKey) -> BlobKey:
    """Where the small picture of a picture, or the waveform of a recording, is kept."""
    return BlobKey(f"{key}{_PREVIEW}")


def file_key(key: BlobKey) -> BlobKey:
    """The key of the file to which a preview belongs, or of the file itself."""
    return BlobKey(key.removesuffix(_PREVIEW))


class Canvases:
    """The use cases of canvases."""

    def __init__(
        self,
        hub: Hub,
        blobs: BlobStore,
        inspector: MediaInspector,
        new_key: Callable[[], BlobKey],
        rules: UploadRules | None = None,
    ) -> None:
        """``new_key``: 32 random hexadecimal digits, never the same twice."""
        self._hub = hub
        self._blobs = blobs
        self._inspector = inspector
        self._new_key = new_key
        self._rules = rules or UploadRules()
        self._uploading: Counter[UserId] = Counter()
        self._looking: WeakValueDictionary[UserId, asyncio.Lock] = WeakValueDictionary()

    @property
    def most_bytes(self) -> int:
        """Of all files of one project together."""
        return self._hub.rules.project_file_bytes

    # ---- uploads ----------------------------------------------------------------------------

    async def may_upload(self, user: User, number: int) -> None:
        """Raises NotFound, PermissionDenied or QuotaExceeded, before anything is read of a file."""
        await self._require_place(user, number, 1)

    async def upload(
        self, user: User, number: int, name: str, pieces: AsyncIterator[bytes]
    ) -> CanvasShown:
        """Take a file into a project. On return it is stored and everybody was told.

        Raises NotFound, PermissionDenied, RateLimited, TooLarge, QuotaExceeded, and what
        ``MediaInspector`` does; then nothing is left of the file; nor after an error of
        ``pieces``, which passes through.
        """
        with self._turn(user.id), _counted() as outcome:
            draft = await self._blobs.draft()
            try:
                media_type = await self._receive(draft, pieces)
                await self._require_place(user, number, draft.size)  # before others wait for it
                # One after the other: a user's files must not keep others' waiting.
                async with self._looking.setdefault(user.id, asyncio.Lock()):
                    finding = await self._inspector.inspect(draft.fileno(), media_type)
                canvas = await self._add(user, number, clean_name(name), draft, finding)
            finally:
                await draft.discard()
            outcome.append(canvas.media.kind.value)
            return canvas

    async def _receive(self, draft: Draft, pieces: AsyncIterator[bytes]) -> str:
        """Take the bytes down; their media type, as they begin."""
        head, media_type = b"", None
        async for piece in pieces:
            if draft.size + len(piece) > self._rules.file_bytes:
                message = f"a file has at most {self._rules.file_bytes} bytes"
                raise TooLarge(message, field="file")
            if media_type is None and len(head := head + piece[:HEAD_BYTES]) >= HEAD_BYTES:
                media_type = _kind(head)
            await draft.write(piece)
        return media_type or _kind(head)

    async def _add(
        self, user: User, number: int, name: str, draft: Draft, finding: Finding
    ) -> CanvasShown:
        """Keep the bytes, then put the canvas into the log."""
        key, size = self._new_key(), draft.size
        media = Media(finding.media_type, name, size, finding.facts, key)
        canvas_id = CanvasId((await self._hub.store.new_ids("canvas", 1))[0])
        try:
            await self._keep_preview(preview_key(key), finding.preview)
            await draft.keep(key)
        except Unavailable:
            await self._remove(list(_keys(key)))
            raise
        try:
            await self._hub.execute(project_room(number), AddCanvas(canvas_id, media), user)
        except (Refused, PermissionDenied):
            # Not for Unavailable, which leaves it open what a broken store will remember: a file
            # that nobody needs is swept later, one that was deleted is lost.
            await self._remove(list(_keys(key)))
            raise
        return await self.one(user, canvas_id)

    async def _keep_preview(self, key: BlobKey, content: bytes) -> None:
        draft = await self._blobs.draft()
        try:
            await draft.write(content)
            await draft.keep(key)
        finally:
            await draft.discard()

    async def _require_place(self, user: User, number: int, size: int) -> None:
        """As it is now; that there still is a place in the end, the room sees to."""
        room = cast("ProjectRoom", await self._hub.look(project_room(number), user, Verb.EDIT))
        require_place(room.confirmed, size, self.most_bytes)

    @contextmanager
    def _turn(self, user_id: UserId) -> Iterator[None]:
        if self._uploading[user_id] >= self._rules.at_once:
            message = f"at most {self._rules.at_once} files at a time can be uploaded"
            raise RateLimited(message, retry_after=5.0)
        self._uploading[user_id] += 1
        try:
            yield
        finally:
            self._uploading[user_id] -= 1
            self._uploading += Counter()  # drops the zeros

    # ---- what is there ----------------------------------------------------------------------

    async def in_project(
        self, user: User, number: int, *, limit: int, offset: int
    ) -> Slice[CanvasShown]:
        """The canvases of a project, oldest first. Raises NotFound."""
        room = cast("ProjectRoom", await self._hub.look(project_room(number), user))
        ids = list(room.confirmed.canvases)
        shown = shown_canvases(room.confirmed, room.people, ids[offset : offset + limit])
        return Slice(shown, len(ids))

    async def one(self, user: User, canvas_id: int, verb: Verb = Verb.VIEW) -> CanvasShown:
        """One canvas, if the user may do ``verb`` with it. Raises NotFound, PermissionDenied."""
        room = await self._project_with(user, canvas_id, verb)
        found = shown_canvases(room.confirmed, room.people, [CanvasId(canvas_id)])
        if not found:  # deleted this very moment
            raise _not_found(canvas_id)
        return found[0]

    async def open(self, user: User, canvas_id: int) -> tuple[CanvasShown, Blob]:
        """A canvas and its bytes; close them. Raises NotFound."""
        canvas = await self.one(user, canvas_id)
        return canvas, await self._open(canvas, canvas.media.key)

    async def preview(self, user: User, canvas_id: int) -> tuple[CanvasShown, Blob]:
        """A canvas and its preview; close it. Raises NotFound."""
        canvas = await self.one(user, canvas_id)
        return canvas, await self._open(canvas, preview_key(canvas.media.key))

    async def delete(self, user: User, canvas_id: int) -> None:
        """Take a canvas out of its project. Raises NotFound, PermissionDenied."""
        room = await self._project_with(user, canvas_id, Verb.EDIT)
        canvas = room.confirmed.canvases.get(CanvasId(canvas_id))
        await self._hub.execute(room.id, RemoveCanvas(CanvasId(canvas_id)), user)
        if canvas is not None:
            await self._remove(list(_keys(canvas.media.key)))

    async def forget(self, room: ProjectRoom) -> None:
        """Remove the files of a project that was deleted."""
        canvases = room.confirmed.canvases.values()
        await self._remove([key for each in canvases for key in _keys(each.media.key)])

    async def sweep(self, age: float = ABANDONED_AFTER) -> int:
        """Remove files that no canvas has; returns how many.

        They are what a crash left behind, between a file and its canvas. ``age`` in seconds:
        younger ones may still get theirs.
        """
        kept = await self._blobs.kept_before(age)
        removed = 0
        for start in range(0, len(kept), _LOOKED_UP_AT_ONCE):
            some = kept[start : start + _LOOKED_UP_AT_ONCE]
            used = await self._hub.store.keys_in_use({file_key(each) for each in some})
            unused = [each for each in some if file_key(each) not in used]
            await self._blobs.delete(unused)
            removed += len(unused)
        if removed:
            log.info("files_swept", files=removed)
        return removed

    async def _remove(self, keys: list[BlobKey]) -> None:
        """Remove files that no canvas has any more. What cannot be done now, a sweep does."""
        try:
            await self._blobs.delete(keys)
        except Unavailable:
            log.warning("files_not_removed", files=len(keys))

    async def _open(self, canvas: CanvasShown, key: BlobKey) -> Blob:
        blob = await self._blobs.open(key)
        if blob is None:
            raise _not_found(canvas.id)
        return blob

    async def _project_with(self, user: User, canvas_id: int, verb: Verb) -> ProjectRoom:
        """The project of a canvas. The refusal never says which project that would be."""
        room = await self._hub.store.project_of_canvas(CanvasId(canvas_id))
        if room is None:
            raise _not_found(canvas_id)
        try:
            return cast("ProjectRoom", await self._hub.look(room, user, verb))
        except NotFound:
            raise _not_found(canvas_id) from None


def _keys(key: BlobKey) -> tuple[BlobKey, BlobKey]:
    return key, preview_key(key)


def _kind(head: bytes) -> str:
    media_type = sniffed(head)
    if media_type is None:
        what = "is none of these by its content" if head else "is empty; expected one of these"
        message = f"the file {what}: {KINDS}"
        raise UnsupportedFile(message, field="file")
    return media_type


@contextmanager
def _counted() -> Iterator[list[str]]:
    """Count how an upload ended; whoever has it done says as what."""
    outcome: list[str] = []
    try:
        yield outcome
    except WorkroomError:
        outcome = ["refused"]
        raise
    except BaseException:
        outcome = ["given_up"]
        raise
    finally:
        UPLOADS.labels(*outcome).inc()


def _not_found(canvas_id: int) -> NotFound:
    return NotFound(f"there is no canvas {canvas_id} that you may see")
