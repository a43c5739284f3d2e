"""The history of an essay: what was changed when and by whom, and back.

What can be long (all feedback, every range of a text) is written off the event loop.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request, Response
from starlette.concurrency import run_in_threadpool

from workroom.ids import MAX_ID
from workroom.transports.rest import answers
from workroom.transports.rest.bodies import RevisionName
from workroom.transports.rest.fields import Number
from workroom.transports.rest.gate import Asking, routes
from workroom.transports.rest.paging import Paged
from workroom.transports.rest.render import (
    answer,
    attribution,
    essay,
    page,
    past_essay,
    revision,
)

router = routes("/api/essays/{essay_id}", "history")

Switch = Annotated[int, Query(ge=0, le=1)]
Since = Annotated[
    int | None,
    Query(ge=0, le=MAX_ID, description="Compare with this revision; 0 is before the first"),
]
At = Annotated[int | None, Query(ge=1, le=MAX_ID, description="After this revision; the last one")]


@router.get(
    "/revisions/",
    response_model=answers.Page[answers.Revision],
    summary="What was changed, when and by whom",
)
async def list_revisions(
    request: Request,
    essay_id: Number,
    by: Asking,
    paging: Paged,
    grouped: Switch = 0,
    named: Switch = 0,
) -> Response:
    """Every change of an essay, the last one first.

    With `grouped=1`, text edits of one person less than a minute apart are one item. With
    `named=1`, only revisions that have a name (each for itself).
    """
    limit, offset = paging
    past = by.library.revisions
    if named:
        found = await past.named(by.user, essay_id, limit=limit, offset=offset)
    else:
        found = await past.page(by.user, essay_id, groups=bool(grouped), limit=limit, offset=offset)
    asked = {"grouped": grouped, "named": named}
    return page(request, paging, found.items, found.total, revision, asked)


@router.get(
    "/revisions/{seq}/", response_model=answers.PastEssay, summary="An essay as it once stood"
)
async def read_revision(essay_id: Number, seq: Number, by: Asking, since: Since = None) -> Response:
    """Text and feedback as they stood after a revision, and where the text had been changed.

    `since` says since when; left out, `changes` is what this revision did itself. For a group, give
    the revision before its first.
    """
    seen = await by.library.revisions.one(by.user, essay_id, seq, since)
    return await run_in_threadpool(lambda: answer(past_essay(seen)))


@router.patch(
    "/revisions/{seq}/", response_model=answers.Revision, summary="Give a revision a name"
)
async def name_revision(essay_id: Number, seq: Number, body: RevisionName, by: Asking) -> Response:
    """Call a revision something, or take its name away. For who may edit the essay."""
    body.check()
    named = await by.library.revisions.name(by.user, essay_id, seq, body.name)
    return answer(revision(named))


@router.post(
    "/revisions/{seq}/restore/", response_model=answers.Essay, summary="Go back to a revision"
)
async def restore_revision(essay_id: Number, seq: Number, by: Asking) -> Response:
    """Make the text what it was after a revision: an edit like any other, itself in the history.

    Feedback stays; highlights whose words come back are on them again. What others type meanwhile
    is merged. For who may edit the essay; gives the essay as it is then.
    """
    await by.library.revisions.restore(by.user, essay_id, seq)
    return answer(essay(await by.library.essay(by.user, essay_id)))


@router.get("/attribution/", response_model=answers.Attribution, summary="Who wrote what")
async def read_attribution(essay_id: Number, by: Asking, seq: At = None) -> Response:
    """Who wrote each part of the text as it stands, or as it stood after revision `seq`."""
    found = await by.library.revisions.attribution(by.user, essay_id, seq)
    return await run_in_threadpool(lambda: answer(attribution(found)))
