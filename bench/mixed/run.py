"""A run: six people and a server, trouble with the links, and what it came to."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from tests.net.live import Server

from bench.mixed.account import Account, Share
from bench.mixed.editors import Editor, Node, node
from bench.mixed.links import Link
from bench.mixed.pages import Page
from bench.mixed.people import Kind, Person, Setting
from bench.mixed.programs import Program
from bench.world import prose

PEOPLE: Final[dict[str, tuple[int, Kind]]] = {
    "emma": (1, "replace"),
    "jane": (2, "stubborn"),
    "sarah": (3, "replace"),
    "mike": (4, "yjs"),
    "john_doe": (456, "yjs"),
    "admin": (5, "rest"),
}
"""The demo's people: id, and what they write with."""

LATENCY: Final = (0.005, 0.25)
"""One way, drawn for each link; seconds, like all times here."""
TROUBLE: Final = (3.0, 25.0)
"""From one trouble of a link to the next."""
QUIET: Final = 60.0
"""Within which all must have the same text, when nobody types any more."""
MOST_LOST: Final = 0.0002
MOST_DOUBLED: Final = 0.0005
MOST_BACK: Final = 0.005
"""Shares of the words (of the deletions) that wrong guesses about plain clients may cost."""

Say = Callable[[str], None]


@dataclass
class Result:
    """What a run came to."""

    seed: int
    seconds: float
    text: str
    shares: dict[str, Share]
    saves: dict[str, int]
    breaks: dict[str, int]
    other_texts: dict[str, str]
    """Of those who ended with another text than the server's."""
    strange: list[str]
    culprits: dict[str, list[str]] = field(default_factory=dict)
    """For each word that is lost: the revisions that deleted letters of it, and whose they are."""

    def total(self, what: str) -> int:
        """A count over all authors."""
        values = (getattr(share, what) for share in self.shares.values())
        return sum(len(value) if isinstance(value, list) else value for value in values)

    def failures(self, spared: int = 0) -> list[str]:
        """What must not be.

        ``spared``: so many words lost, doubled or back may be wrong guesses about plain clients,
        whatever the share: in a short run one such word is more than what is promised of many.
        """
        typed = self.total("typed")
        gone = self.total("lost") + self.total("glued")
        doubled, back = self.total("doubled"), self.total("back")
        deleted = self.total("deleted_by_author") + self.total("deleted_by_others") + back
        surely = [word for word, by in self.culprits.items() if not (by and _is_plain(by[-1]))]
        checks = {
            f"ended with other texts: {sorted(self.other_texts)}": bool(self.other_texts),
            f"{gone} of {typed} words lost": gone > max(spared, MOST_LOST * typed),
            f"lost, and not by a save that says nothing: {surely}": bool(surely),
            f"{doubled} words doubled": doubled > max(spared, MOST_DOUBLED * typed),
            f"{back} of {deleted} deleted words back": back > max(spared, MOST_BACK * deleted),
            f"typed by nobody: {self.strange}": bool(self.strange),
        }
        return [what for what, wrong in checks.items() if wrong]


def _is_plain(who: str) -> bool:
    """Whether this person (the first word) writes with a page that says nothing."""
    _, kind = PEOPLE.get(who.split(maxsplit=1)[0], (0, None))
    return kind in ("replace", "stubborn")


async def mixed(server: Server, seed: int, seconds: float, say: Say = lambda _: None) -> Result:
    """Have six people write in a new essay of this (demo) server for so many seconds."""
    errors: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context))
    chance = random.Random(seed)
    text = "".join(f"{word}-{number} " for number, word in enumerate(prose(120).split()))
    essay = _new_essay(server, text)
    tokens = {name: server.token(name) for name in PEOPLE}
    account = Account(asyncio.get_running_loop().time, text)
    setting = Setting(essay, seconds, account)
    async with _people(server.ports[0], tokens, setting, chance) as people:
        living = asyncio.gather(*(person.lives() for person in people))
        await _trouble(people, setting, chance, say)
        final = await _quiet(server, people, essay)
        living.cancel()
        (ended,) = await asyncio.gather(living, return_exceptions=True)
    if isinstance(ended, Exception):
        raise ended
    if errors:
        raise RuntimeError(f"{errors[0]['message']}") from errors[0].get("exception")
    shares = account.settle(final)
    result = Result(
        seed,
        seconds,
        final,
        {person.name: shares.get(person.name, Share()) for person in people}
        | {"(before)": shares[""]},
        {person.name: person.saves for person in people},
        {person.name: person.breaks for person in people},
        {person.name: str(person.text) for person in people if person.text != final},
        account.strange(final),
    )
    gone = [word for share in shares.values() for word in share.lost + share.glued]
    result.culprits = _culprits(server, essay, gone)
    return result


def _new_essay(server: Server, text: str) -> int:
    body = {"title": "Mixed", "content": text}
    essay: int = server.rest("POST", "/api/essays/", "emma", body)[1]["id"]
    for number, _ in PEOPLE.values():
        if number != 1:
            path = f"/api/essays/{essay}/collaborators/{number}/"
            server.rest("PUT", path, "emma", {"rights": "edit"})
    return essay


@asynccontextmanager
async def _people(
    port: int, tokens: dict[str, str], setting: Setting, chance: random.Random
) -> AsyncIterator[list[Person]]:
    async with AsyncExitStack() as stack:
        links = [
            await stack.enter_async_context(
                Link(port, chance.uniform(*LATENCY), random.Random(chance.random()))
            )
            for _ in PEOPLE
        ]
        process = await stack.enter_async_context(node())
        yield [
            _person(setting, name, kind, link, (tokens[name], f"{chance.random()}", process))
            for (name, (_, kind)), link in zip(PEOPLE.items(), links, strict=True)
        ]


def _person(
    setting: Setting, name: str, kind: Kind, link: Link, more: tuple[str, str, Node]
) -> Person:
    token, seed, process = more
    if kind == "yjs":
        return Editor(setting, name, link, seed, token, process)
    if kind == "rest":
        return Program(setting, name, link, seed, token)
    return Page(setting, name, kind, link, seed, token)


async def _trouble(
    people: Sequence[Person], setting: Setting, chance: random.Random, say: Say
) -> None:
    """Break links, let them get stuck, and have people come back, until the time is over."""
    due = {person: chance.uniform(*TROUBLE) for person in people}
    told = 0.0
    while not setting.over:
        person = min(due, key=lambda each: due[each])
        await asyncio.sleep(min(due[person], setting.seconds + 0.1) - setting.now)
        if setting.over:
            return
        due[person] += chance.uniform(*TROUBLE)
        match chance.choice(("cut", "cut", "long cut", "stuck", "reload")):
            case "cut":
                person.cut(chance.uniform(0, 2))
            case "long cut":
                person.cut(chance.uniform(2, 12))
            case "stuck":
                person.link.get_stuck(chance.uniform(0.5, 4))
            case _:
                person.reloads()
        if setting.now >= told + 30:
            told = setting.now
            say(f"{told:5.0f} s  {len(setting.account.words)} words")


async def _quiet(server: Server, people: Sequence[Person], essay: int) -> str:
    """Wait until everybody has the server's text, or have had time enough; that text."""
    loop = asyncio.get_running_loop()
    until = loop.time() + QUIET
    calm_since = loop.time()
    final = ""
    while loop.time() < until:
        path = f"/api/essays/{essay}/"
        found: str = (await asyncio.to_thread(server.rest, "GET", path, "emma"))[1]["content"]
        if found != final or any(person.text != found for person in people):
            final, calm_since = found, loop.time()
        elif loop.time() > calm_since + 5:  # longer than anybody waits before a save
            break
        await asyncio.sleep(0.2)
    return final


def _culprits(server: Server, essay: int, gone: Sequence[str]) -> dict[str, list[str]]:
    """Which revisions deleted letters of these words."""
    found: dict[str, list[str]] = {word: [] for word in gone}
    path: str | None = f"/api/essays/{essay}/revisions/?limit=100" if gone else None
    while path:
        page = server.rest("GET", path, "emma")[1]
        for item in page["results"]:
            if item.get("removed"):
                _look(server, essay, item, found)
        path = page["next"]
    return found


def _look(server: Server, essay: int, item: dict[str, Any], found: dict[str, list[str]]) -> None:
    path = f"/api/essays/{essay}/revisions/{item['seq']}/"
    deleted = [change["deleted"] for change in server.rest("GET", path, "emma")[1]["changes"]]
    names = {number: name for name, (number, _) in PEOPLE.items()}
    for word, culprits in found.items():
        if any(word in each or (each.strip() and each.strip() in word) for each in deleted):
            by = names.get(item["author"]["id"], "?")
            culprits.insert(0, f"{by} in revision {item['seq']} (inferred: {item.get('inferred')})")
