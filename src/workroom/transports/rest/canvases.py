"""The pictures and recordings of projects."""

from __future__ import annotations

from typing import Any, Final

from fastapi import Request, Response

from workroom.core.canvas import CanvasKind, Media
from workroom.protocol.canvases import canvas_fields
from workroom.transports.rest import answers
from workroom.transports.rest.fields import Number
from workroom.transports.rest.files import send_file
from workroom.transports.rest.form import FIELD, FileForm
from workroom.transports.rest.gate import Asking, SignedInRoute, routes
from workroom.transports.rest.paging import Paged
from workroom.transports.rest.render import answer, page
from workroom.transports.rest.settings import RestSettings

Json = dict[str, Any]


class UploadRoute(SignedInRoute):
    """A route whose body is a file: it takes as long as a slow line needs for it."""

    def seconds(self, settings: RestSettings) -> float:
        """Until the answer has to be there."""
        return settings.upload_seconds


router = routes("/api", "canvases")
_uploads = routes("/api", "canvases", UploadRoute)

_FORM: Final[Json] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {FIELD: {"type": "string", "format": "binary"}},
                    "required": [FIELD],
                    "additionalProperties": False,
                }
            }
        },
    }
}
_BYTES: Final[Json] = {"schema": {"type": "string", "format": "binary"}}
_FILE: Final[dict[int | str, Json]] = {
    200: {"description": "The file", "content": {"*/*": _BYTES}},
    206: {"description": "A part of it", "content": {"*/*": _BYTES}},
    304: {"description": "You have it already"},
}
_PREVIEW: Final[dict[int | str, Json]] = {
    200: {
        "description": "The preview",
        "content": {
            "image/webp": _BYTES,
            "application/json": {"schema": {"$ref": "#/components/schemas/Waveform"}},
        },
    },
    206: {"description": "A part of it", "content": {"*/*": _BYTES}},
    304: {"description": "You have it already"},
}


def preview_type(media: Media) -> str:
    """What its preview is."""
    return "image/webp" if media.kind is CanvasKind.IMAGE else "application/json"


@router.get(
    "/projects/{project_id}/canvases/",
    response_model=answers.Page[answers.Canvas],
    summary="The canvases of a project",
)
async def list_canvases(
    request: Request, project_id: Number, by: Asking, paging: Paged
) -> Response:
    """All pictures and recordings of a project, the oldest first."""
    limit, offset = paging
    found = await by.library.canvases.in_project(by.user, project_id, limit=limit, offset=offset)
    return page(request, paging, found.items, found.total, canvas_fields)


@_uploads.post(
    "/projects/{project_id}/canvases/",
    response_model=answers.Canvas,
    status_code=201,
    summary="Upload a picture or a recording",
    openapi_extra=_FORM,
)
async def create_canvas(request: Request, project_id: Number, by: Asking) -> Response:
    """Upload a picture (PNG, JPEG, WebP, GIF) or a recording (WAV, FLAC, OGG, MP3).

    It is taken for what it is by its content, whatever its name says. Who is in the project is told
    at once.
    """
    await by.library.canvases.may_upload(by.user, project_id)
    form = FileForm(request)
    name = await form.name()
    made = await by.library.canvases.upload(by.user, project_id, name, form.pieces())
    return answer(canvas_fields(made), 201, f"/api/canvases/{made.id}/")


@router.get("/canvases/{canvas_id}/", response_model=answers.Canvas, summary="Read a canvas")
async def read_canvas(canvas_id: Number, by: Asking) -> Response:
    """What a canvas is, without its content."""
    return answer(canvas_fields(await by.library.canvases.one(by.user, canvas_id)))


@router.get(
    "/canvases/{canvas_id}/file/",
    response_class=Response,
    responses=_FILE,
    summary="The file of a canvas",
)
async def read_canvas_file(request: Request, canvas_id: Number, by: Asking) -> Response:
    """The file as it was uploaded, byte for byte; in parts if a Range asks for one."""
    canvas, blob = await by.library.canvases.open(by.user, canvas_id)
    media = canvas.media
    return await send_file(
        request, blob, tag=media.key, media_type=media.media_type, name=media.name
    )


@router.get(
    "/canvases/{canvas_id}/thumbnail/",
    response_class=Response,
    responses=_PREVIEW,
    summary="A canvas at a glance",
)
async def read_canvas_thumbnail(request: Request, canvas_id: Number, by: Asking) -> Response:
    """Of a picture, a small WebP (480 pixels at most); of a recording, its waveform as JSON."""
    canvas, blob = await by.library.canvases.preview(by.user, canvas_id)
    media = canvas.media
    return await send_file(
        request,
        blob,
        tag=f"{media.key}-preview",
        media_type=preview_type(media),
        name=f"{media.name}.{preview_type(media).partition('/')[2]}",
    )


@router.delete(
    "/canvases/{canvas_id}/",
    status_code=204,
    response_class=Response,
    summary="Delete a canvas",
)
async def delete_canvas(canvas_id: Number, by: Asking) -> Response:
    """Delete a canvas with its file. For everybody who may edit the project."""
    await by.library.canvases.delete(by.user, canvas_id)
    return Response(status_code=204)


router.routes.extend(_uploads.routes)
