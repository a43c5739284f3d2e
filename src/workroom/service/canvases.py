"""The pictures and recordings of projects, one request at a time: for REST and the like.

Every change goes through the hub, as in ``library.py``; the bytes of a file are kept elsewhere, and
always longer than anybody can learn of them: kept before the canvas is in the log, removed after it
is out of it. Every coroutine raises Unavailable when the store or the files cannot be reached.
"""

from __future__ import annotations

from typing import cast

from workroom.core.commands import RemoveCanvas
from workroom.core.events import CanvasShown
from workroom.core.people import User
from workroom.core.permissions import Verb
from workroom.core.project import ProjectRoom, shown_canvases
from workroom.errors import NotFound
from workroom.ids import BlobKey, CanvasId, project_room
from workroom.ports.blobs import Blob, BlobStore
from workroom.service.hub import Hub
from workroom.service.remarks import Slice


def preview_key(key: BlobKey) -> BlobKey:
    """Where the small picture of a picture, or the waveform of a recording, is kept."""
    return BlobKey(f"{key}.preview")


class Canvases:
    """The use cases of canvases."""

    def __init__(self, hub: Hub, blobs: BlobStore) -> None:
        self._hub = hub
        self._blobs = blobs

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
            await self._blobs.delete(_keys(canvas.media.key))

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


def _not_found(canvas_id: int) -> NotFound:
    return NotFound(f"there is no canvas {canvas_id} that you may see")
