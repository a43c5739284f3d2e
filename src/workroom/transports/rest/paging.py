"""Lists come in pages: ``?limit=`` of 1 to 100 (50) from ``?offset=`` (0) on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, NamedTuple
from urllib.parse import urlencode

from fastapi import Depends, Query

from workroom.ids import MAX_ID

MOST: Final = 100
USUAL: Final = 50


class Paging(NamedTuple):
    """Which part of a list is wanted."""

    limit: int
    offset: int

    def neighbours(
        self, path: str, total: int, asked: Mapping[str, int | str] | None = None
    ) -> tuple[str | None, str | None]:
        """Relative links to the page before and the page after this one; None: there is none.

        ``asked``: what else the query says; what is 0 or empty is left out.
        """
        given = {name: value for name, value in (asked or {}).items() if value}
        more = f"&{urlencode(given)}" if given else ""
        limit, offset = self
        before = after = None
        if offset > 0:
            # Never further back than the list is long, and no item twice on the way.
            start = max(0, min(offset, total) - limit)
            size = min(limit, offset - start) if offset <= total else limit
            before = f"{path}?limit={size}&offset={start}{more}"
        if offset + limit < total:
            after = f"{path}?limit={limit}&offset={offset + limit}{more}"
        return before, after


async def _paging(
    limit: Annotated[int, Query(ge=1, le=MOST, description="How many at most")] = USUAL,
    offset: Annotated[int, Query(ge=0, le=MAX_ID, description="How many to skip")] = 0,
) -> Paging:
    return Paging(limit, offset)


Paged = Annotated[Paging, Depends(_paging)]
LONGEST_SEARCH: Final = 200
"""Characters."""
Searched = Annotated[
    str,
    Query(
        max_length=LONGEST_SEARCH,
        description="Only those with all of these words, or parts of words, in the title or the "
        "author's name; neither case nor accents count",
    ),
]
