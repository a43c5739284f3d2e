"""Feedback on essays."""

from __future__ import annotations

from fastapi import Request, Response

from workroom.transports.rest import answers
from workroom.transports.rest.bodies import FeedbackChange, NewFeedback
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
    """Set what is given. For who wrote it, and for the owners of the essay."""
    changed = await by.library.remarks.change(by.user, body.command(feedback_id))
    return answer(feedback(changed))


@router.delete(
    "/feedback/{feedback_id}/",
    status_code=204,
    response_class=Response,
    summary="Delete feedback",
)
async def delete_feedback(feedback_id: Number, by: Asking) -> Response:
    """Remove feedback. For who wrote it, and for the owners of the essay."""
    await by.library.remarks.delete(by.user, feedback_id)
    return Response(status_code=204)
