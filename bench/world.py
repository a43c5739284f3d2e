"""The people and essays that are measured with, written to a fresh data directory."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from workroom.app import App, open_app
from workroom.config import Settings
from workroom.core.people import Right, Role, User
from workroom.ids import essay_room

_AT_ONCE: Final = 14
"""Essays, and people of each, that are made side by side: 200, who all wait for one database."""
_LIFETIME: Final = 6 * 3600
_WORDS: Final = tuple(
    re.findall(
        r"\w+",
        """
    the of and in that it was for with his they this from have not one word but what some
    can out other were all there when use your how said each she which their time will way
    about many then them write would like these long make thing see him two has look more
    day could come did number sound most people over know water than call first who may down
    side been now find student teacher argument paragraph evidence conclusion example
    structure literature character perspective comparison society experience understanding
    important question describes chapter language author audience develops reader meaning
    history
    """,
    )
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a token."""

    user: User
    token: str

    def path(self, essay: int) -> str:
        """Where this person's WebSocket for an essay is."""
        return f"/ws/essays/{essay}/?token={self.token}"


@dataclass(frozen=True, slots=True)
class Essay:
    """One essay, its author first among those who may edit, and the others who may read."""

    number: int
    writers: tuple[Person, ...]
    readers: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """An essay to be made. Names are full names of the writers; the first is the author."""

    content: str
    writers: tuple[str, ...]
    readers: int = 0


def prose(words: int, seed: int = 1) -> str:
    """That many words in sentences and paragraphs, the same for the same seed."""
    chance = random.Random(seed)
    sentences, left = [], words
    while left > 0:
        length = min(left, chance.randint(8, 20))
        chosen = " ".join(chance.choices(_WORDS, k=length))
        sentences.append(chosen[0].upper() + chosen[1:] + ".")
        left -= length
    paragraphs = [" ".join(sentences[at : at + 6]) for at in range(0, len(sentences), 6)]
    return "\n\n".join(paragraphs)


def make_world(
    data_dir: Path,
    wanted: Sequence[Wanted],
    database: str | None = None,
    secret: str | None = None,
) -> list[Essay]:
    """Create everything in the data directory, or in that database; nothing may be serving it.

    ``secret``: of the servers that will take the tokens; None: that of the data directory.
    """
    given = {
        "data_dir": data_dir,
        "database": database,
        "secret": secret,
        "newcomers_per_minute": sum(len(each.writers) + each.readers for each in wanted) or 1,
    }
    return asyncio.run(_make(wanted, Settings.model_validate(given)))


async def _make(wanted: Sequence[Wanted], settings: Settings) -> list[Essay]:
    app = await open_app(settings)
    try:
        return [*await _gather(_essay(app, at, each) for at, each in enumerate(wanted))]
    finally:
        await app.close()


async def _essay(app: App, at: int, wanted: Wanted) -> Essay:
    writers = [
        await _person(app, f"writer-{at}-{i}", name) for i, name in enumerate(wanted.writers)
    ]
    readers = await _gather(
        _person(app, f"reader-{at}-{i}", f"Reader {i}") for i in range(wanted.readers)
    )
    author = writers[0].user
    seen = await app.library.create_essay(
        author, title="Measured", prompt="", word_limit=None, content=wanted.content
    )
    room = essay_room(seen.state.id)
    rights = [(p, Right.EDIT) for p in writers[1:]] + [(p, Right.VIEW) for p in readers]
    for person, right in rights:
        await app.library.set_right(author, room, person.user.id, right)
    return Essay(seen.state.id, tuple(writers), tuple(readers))


async def _person(app: App, username: str, name: str) -> Person:
    user = await app.accounts.create_user(username, None, name=name, role=Role.STUDENT)
    return Person(user, await app.accounts.issue_token(user, lifetime=_LIFETIME))


async def _gather(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Do it side by side, so that the store can group the commits; not all at once."""
    turns = asyncio.Semaphore(_AT_ONCE)

    async def one(coroutine: Coroutine[Any, Any, T]) -> T:
        async with turns:
            return await coroutine

    return await asyncio.gather(*map(one, work))
