"""Feedback on essays."""

from __future__ import annotations

from fastapi import Request, Response

from workroom.protocol.essay_events import reply
from workroom.transports.rest import answers
from workroom.transports.rest.bodies import FeedbackChange, NewFeedback, ReplyBody
from workroom.transports.rest.fields import Number
from workroom.transports.rest.gate import Asking, routes
from workroom.transports.rest.paging import Paged
from workroom.transports.rest.render import answer, feedback, page

router = routes("/api", "feedback")


@router.get(
    "/essays/{essay_id}/feedback/",
    response_model=answers.Page[answers.Feedback],
    summary="The feedback on an essay",
)
async def list_feedback(request: Request, essay_id: Number, by: Asking, paging: Paged) -> Response:
    """All feedback on an essay, the oldest first, with highlights as they stand in the text now."""
    limit, offset = paging
    found = await by.library.remarks.on_essay(by.user, essay_id, limit=limit, offset=offset)
    return page(request, paging, found.items, found.total, feedback)


@router.post(
    "/essays/{essay_id}/feedback/",
    response_model=answers.Feedback,
    status_code=201,
    summary="Comment on an essay",
)
async def create_feedback(essay_id: Number, body: NewFeedback, by: Asking) -> Response:
    """Comment on a range of the text, on words that stand in it, or on the whole essay.

    The highlight belongs to the text from then on, and moves with it.
    """
    made = await by.library.remarks.add(by.user, essay_id, body.command())
    return answer(feedback(made), 201, f"/api/feedback/{made.shown.id}/")


@router.get("/feedback/{feedback_id}/", response_model=answers.Feedback, summary="Read feedback")
async def read_feedback(feedback_id: Number, by: Asking) -> Response:
    """One piece of feedback."""
    return answer(feedback(await by.library.remarks.one(by.user, feedback_id)))


@router.patch(
    "/feedback/{feedback_id}/", response_model=answers.Feedback, summary="Change feedback"
)
async def change_feedback(feedback_id: Number, body: FeedbackChange, by: Asking) -> Response:
    """Set what is given. For who wrote it, and for the owners of the essay.

    `status` is for everybody who may comment: `resolved` when it is done with, `open` again.
    """
    changed = await by.library.remarks.change(by.user, body.command(feedback_id))
    return answer(feedback(changed))


@router.delete(
    "/feedback/{feedback_id}/",
    status_code=204,
    response_class=Response,
    summary="Delete feedback",
)
async def delete_feedback(feedback_id: Number, by: Asking) -> Response:
    """Remove feedback and its replies. For who wrote it, and for the owners of the essay."""
    await by.library.remarks.delete(by.user, feedback_id)
    return Response(status_code=204)


@router.get(
    "/feedback/{feedback_id}/replies/",
    response_model=answers.Page[answers.Reply],
    summary="The replies to feedback",
)
async def list_replies(
    request: Request, feedback_id: Number, by: Asking, paging: Paged
) -> Response:
    """All replies to a piece of feedback, the oldest first."""
    limit, offset = paging
    found = await by.library.remarks.replies(by.user, feedback_id, limit=limit, offset=offset)
    return page(request, paging, found.items, found.total, reply)


@router.post(
    "/feedback/{feedback_id}/replies/",
    response_model=answers.Reply,
    status_code=201,
    summary="Reply to feedback",
)
async def create_reply(feedback_id: Number, body: ReplyBody, by: Asking) -> Response:
    """Answer a piece of feedback. For everybody who may comment on the essay."""
    made = await by.library.remarks.reply(by.user, feedback_id, body.checked())
    return answer(reply(made), 201, f"/api/feedback/{feedback_id}/replies/{made.id}/")


@router.get(
    "/feedback/{feedback_id}/replies/{reply_id}/",
    response_model=answers.Reply,
    summary="Read a reply",
)
async def read_reply(feedback_id: Number, reply_id: Number, by: Asking) -> Response:
    """One reply to a piece of feedback."""
    return answer(reply(await by.library.remarks.one_reply(by.user, feedback_id, reply_id)))


@router.patch(
    "/feedback/{feedback_id}/replies/{reply_id}/",
    response_model=answers.Reply,
    summary="Change a reply",
)
async def change_reply(
    feedback_id: Number, reply_id: Number, body: ReplyBody, by: Asking
) -> Response:
    """Rewrite a reply. For who wrote it, and for the owners of the essay."""
    changed = await by.library.remarks.change_reply(by.user, feedback_id, reply_id, body.checked())
    return answer(reply(changed))


@router.delete(
    "/feedback/{feedback_id}/replies/{reply_id}/",
    status_code=204,
    response_class=Response,
    summary="Delete a reply",
)
async def delete_reply(feedback_id: Number, reply_id: Number, by: Asking) -> Response:
    """Remove a reply. For who wrote it, and for the owners of the essay."""
    await by.library.remarks.delete_reply(by.user, feedback_id, reply_id)
    return Response(status_code=204)
