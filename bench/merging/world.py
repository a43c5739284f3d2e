"""Virtual time, links, and the score of one schedule."""

from __future__ import annotations

import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Literal

from bench.merging.clients import Client
from bench.merging.scenarios import Scenario
from bench.merging.servers import LastSaveWins, Parcel, RoomServer, Server

Way = Literal["plain", "base_seq", "last save wins"]
WAYS: Final[tuple[Way, ...]] = ("plain", "base_seq", "last save wins")
"""Clients that say nothing · that say what they wrote from · a server that does not merge."""


@dataclass
class Tally:
    """What came of it."""

    schedules: int = 0
    words: int = 0
    """Typed, sent to the server, and not deleted by anybody."""
    lost: int = 0
    """Of these, no word of its own in the final text."""
    doubled: int = 0
    """Of these, there twice."""
    letters: int = 0
    missing: int = 0
    """Letters of these words that are nowhere in the final text."""
    deletions: int = 0
    back: int = 0
    """Words that were deleted and are there."""
    saves: int = 0
    wrong: int = 0
    """Saves that were taken to be written from another text than they were."""
    diverged: int = 0
    """Clients that take the server's text and end with another one."""
    failed: list[int] = field(default_factory=list)
    """Seeds of the schedules with a word lost or doubled, or a client that diverged."""

    def add(self, other: Tally) -> None:
        """Count another schedule in."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


class World:
    """One schedule: a scenario, and a seed that decides everything else."""

    def __init__(
        self,
        scenario: Scenario,
        seed: int,
        way: Way = "plain",
        *,
        note: Callable[[str], object] | None = None,
    ) -> None:
        self.scenario, self.seed, self.way = scenario, seed, way
        self.chance = random.Random(seed)
        self.now = 0.0
        self._middle = self.chance.random()
        self.tally = Tally(schedules=1)
        self._say = note
        self._queue: list[tuple[float, int, Callable[[], object]]] = []
        self._order, self._words = itertools.count(), itertools.count()
        self._free: dict[tuple[int, str], float] = {}
        self._alarm: float | None = None
        self._typed: set[str] = set()
        self._deleted: set[str] = set()
        essay = " ".join(f"e{number}" for number in range(scenario.essay))
        count = self.chance.randint(*scenario.clients)
        self.server = self._server(essay, count)
        turn = self.chance.randrange(len(scenario.kinds)) if count < len(scenario.kinds) else 0
        self.clients = [
            Client(self, at, scenario.kinds[(turn + at) % len(scenario.kinds)])
            for at in range(count)
        ]

    def _server(self, essay: str, clients: int) -> Server:
        if self.way == "last save wins":
            return LastSaveWins(essay, self._deliver)
        note = self._note if self._say else None
        return RoomServer(essay, clients, lambda: self.now, self._deliver, note=note)

    def run(self) -> Tally:
        """Run the schedule to its end."""
        for client in self.clients:
            self.server.join(client.number)
        while self._queue:
            self.now, _, action = heapq.heappop(self._queue)
            action()
        return self._score()

    # ---- what clients use --------------------------------------------------------------------

    def after(self, delay: float, action: Callable[[], object]) -> None:
        """Do something later."""
        heapq.heappush(self._queue, (self.now + delay, next(self._order), action))

    def new_word(self) -> str:
        """A word that is nobody else's."""
        count = self.chance.randint(1, 6)
        return f"w{next(self._words)}{''.join(self.chance.choices('abcdefghij', k=count))}"

    def place(self, length: int) -> int:
        """Where in a text of that length somebody begins."""
        return int(length * (self._middle if self.scenario.same_place else self.chance.random()))

    def typed(self, words: set[str]) -> None:
        """These words are on their way to the server."""
        self._typed |= words

    def was_typed(self, word: str) -> bool:
        """Whether somebody has sent this word, whole."""
        return word in self._typed

    def deleted(self, words: set[str]) -> None:
        """So is a text without these."""
        self._deleted |= words

    def save(self, client: Client, text: str, caret: int | None) -> None:
        """Send a text to the server."""
        base_seq = client.taken if self.way == "base_seq" else None
        written_from, base = client.base_text, client.base

        def arrive() -> None:
            taken_from = self.server.save(client.number, text, caret, base_seq)
            self.tally.saves += 1
            if taken_from is not None and taken_from != written_from:
                self.tally.wrong += 1
                self._note(f"  WRONG: c{client.number} wrote from {base}")

        self._note(f"c{client.number} ({client.kind}) saves from {base}, caret {caret}: {text}")
        self._travel(client.number, "up", client.up, arrive)

    # ---- links and the server's clock --------------------------------------------------------

    def _travel(self, client: int, way: str, latency: float, action: Callable[[], object]) -> None:
        """Have something arrive at the other end, behind all that was sent before."""
        at = self.now + latency * self.chance.uniform(0.7, 1.3)
        at = self._free[client, way] = max(self._free.get((client, way), 0.0) + 1e-6, at)

        def arrive() -> None:
            action()
            self._set_alarm()

        self.after(at - self.now, arrive)

    def _deliver(self, number: int, parcel: Parcel) -> None:
        client = self.clients[number]

        def arrive() -> None:
            # The pong first: a browser answers before the page's script runs.
            if parcel.probe is not None:
                pong = partial(self.server.pong, number, parcel.probe)
                self._travel(number, "up", client.up, pong)
            client.saved(parcel.acks)
            if parcel.text is not None:
                client.receive(parcel.seq, parcel.text)
                self._note(f"c{number} ({client.kind}) got {parcel.seq}, has {client.base}")

        self._travel(number, "down", client.down, arrive)

    def _set_alarm(self) -> None:
        due = self.server.deadline()
        if due is not None and (self._alarm is None or due < self._alarm):
            self._alarm = due
            self.after(max(0.0, due - self.now), self._ring)

    def _ring(self) -> None:
        if self._alarm is not None and self._alarm <= self.now + 1e-9:
            self._alarm = None
            self.server.tick()
            self._set_alarm()

    # ---- the score ---------------------------------------------------------------------------

    def _note(self, what: str) -> None:
        if self._say:
            self._say(f"{self.now:7.3f}  {what}")

    def _score(self) -> Tally:
        tally, final = self.tally, self.server.text
        there = Counter(final.split())
        kept = self._typed - self._deleted
        tally.words = len(kept)
        lost = sorted(word for word in kept if not there[word])
        doubled = sorted(word for word in kept if there[word] > 1)
        back = sorted(word for word in self._deleted if there[word])
        tally.lost, tally.doubled, tally.back = len(lost), len(doubled), len(back)
        tally.deletions = len(self._deleted)
        wanted = Counter("".join(kept))
        tally.letters = wanted.total()
        wanted.update("".join(f"e{number}" for number in range(self.scenario.essay)))
        extra = Counter("".join([*back, *(word * (there[word] - 1) for word in doubled)]))
        tally.missing = (wanted - (Counter(final) - extra)).total()
        tally.diverged = sum(
            client.text != final for client in self.clients if client.kind != "never"
        )
        if lost or doubled or tally.diverged:
            tally.failed = [self.seed]
        self._note(f"lost {lost}, doubled {doubled}, back {back}, diverged {tally.diverged}")
        return tally


def play(case: tuple[Scenario, int, Way]) -> Tally:
    """One schedule, from its beginning to its score."""
    return World(*case).run()
