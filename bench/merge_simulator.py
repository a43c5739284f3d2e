"""Simulated people save whole texts over slow links, and count the words that merging loses.

Time is virtual. Each client has a link of its own (FIFO, 10 to 500 ms one way, +-30 %), types words
that are nobody else's, deletes some, and sends its whole text a while after each. The server infers
what each save was written from, merges, and paces what it sends.

    python bench/merge_simulator.py --schedules 160 [--only replace] [--no-pongs]

Columns: words typed and delivered; *lost* of them, *doubled*, *back* (deleted, and there again, of
the deletions), *wrong* (base guessed wrong, of the saves). ``true`` rows tell the server the base.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from workroom.core.text.inference import Candidate, Reader
from workroom.core.text.mirror import Mirror

HOLD, HOLD_AT_MOST, TYPING_FOR = 0.7, 2.0, 30.0


@dataclass(frozen=True)
class Scenario:
    """Who takes part, and what the server is told."""

    kinds: tuple[str, ...] = ("replace",)
    clients: int = 4
    latency: tuple[float, float] = (0.01, 0.5)
    essay: int = 150
    wander: float = 0.1
    same_place: bool = False
    carets: bool = True
    pongs: bool = True
    true_base: bool = False


SCENARIOS = {
    "replace": Scenario(),
    "stubborn": Scenario(kinds=("stubborn",)),
    "same site": Scenario(kinds=("replace", "stubborn"), same_place=True),
    "ten clients": Scenario(kinds=("replace", "stubborn"), clients=10),
    "lan": Scenario(kinds=("replace", "stubborn"), latency=(0.005, 0.04)),
    "no caret": Scenario(kinds=("replace", "stubborn"), carets=False),
    "never": Scenario(kinds=("never", "replace")),
    "resend": Scenario(kinds=("resend", "replace")),
    "flush": Scenario(kinds=("flush", "replace")),
    "overwrite": Scenario(kinds=("overwrite", "replace")),
    "three short": Scenario(kinds=("replace", "stubborn"), clients=3, essay=60),
    "two wander": Scenario(kinds=("replace",), clients=2, wander=0.5),
}


@dataclass
class Tally:
    """What came of it."""

    words: int = 0
    lost: int = 0
    doubled: int = 0
    deletions: int = 0
    back: int = 0
    saves: int = 0
    wrong: int = 0
    diverged: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Count another schedule in."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


class Client:
    """A page with a text field, and the person in front of it."""

    def __init__(self, world: World, number: int, kind: str) -> None:
        self.world, self.number, self.kind = world, number, kind
        chance = world.chance
        self.down, self.up = (chance.uniform(*world.scenario.latency) for _ in "du")
        self.down_free = self.up_free = 0.0
        self.text = ""
        self.caret = 0
        self.base: int | str = 0  # the version that the text was written from, or "own"
        self.unsent: set[str] = set()
        self.dirty = self.timer = False
        self.waiting: tuple[int, str] | None = None
        self.typed_at = -9.0
        self.delay = chance.choice((0.0, 0.1, 0.3, 1.0))
        self.mine: list[str] = []

    def adopt(self, number: int, text: str) -> None:
        """Put the server's text on the screen, and the caret after the same letters."""
        before = self.text[max(0, self.caret - 12) : self.caret]
        at = text.find(before) if before else 0
        self.caret = at + len(before) if at >= 0 else min(self.caret, len(text))
        self.text, self.base = text, number

    def receive(self, number: int, text: str) -> None:
        """The server's text has arrived."""
        if self.kind == "never" and self.base == "own":
            return
        if self.kind == "stubborn":
            self.waiting = (number, text)
            self.take_when_idle()
            return
        if self.dirty and self.kind == "flush":
            self.send()
        if not self.dirty or self.kind == "overwrite":
            self.adopt(number, text)

    def take_when_idle(self) -> None:
        """Take the newest text as soon as nobody types."""
        if self.waiting is None:
            return
        if self.dirty or self.world.now - self.typed_at < 1.0:
            self.world.after(0.3, self.take_when_idle)
            return
        (number, text), self.waiting = self.waiting, None
        self.adopt(number, text)

    def act(self) -> None:
        """One thing that a person does, and then the next."""
        world, chance = self.world, self.world.chance
        if world.now > TYPING_FOR:
            return
        what = chance.random()
        if what < 0.12:
            self.delete([word for word in self.mine if self.has(word)])
        elif what < 0.18:
            self.delete([word for word in self.mine[-1:] if self.has(word)])
        elif what < 0.22 and self.delete([word for word in self.mine if self.has(word)]):
            self.type_word()
        elif what < 0.25:
            others = [word for word in self.text.split() if word.startswith("w")]
            self.delete([word for word in others if word not in self.mine])
        else:
            if what < 0.25 + world.scenario.wander:
                self.jump(chance.randint(0, len(self.text)))
            self.type_word()
        self.typed_at = world.now
        self.schedule()
        world.after(chance.uniform(0.1, 1.2), self.act)

    def has(self, word: str) -> bool:
        """Whether the word is on the screen."""
        return f" {word} " in f" {self.text} "

    def jump(self, place: int) -> None:
        """Put the caret at the word before ``place``."""
        self.caret = self.text.rfind(" ", 0, place) + 1

    def type_word(self) -> None:
        """Type a word of one's own, with the blanks that it needs."""
        word = self.world.new_word()
        self.mine.append(word)
        self.unsent.add(word)
        if not self.text[self.caret - 1 : self.caret].isspace():
            ends = self.text.find(" ", self.caret)  # never inside of a word
            self.caret = len(self.text) if ends < 0 else ends
        before, after = self.text[: self.caret], self.text[self.caret :]
        if before and not before[-1].isspace():
            word = f" {word}"
        if not after[:1].isspace():
            word = f"{word} "
        self.text = before + word + after
        self.caret = len(before) + len(word)

    def delete(self, candidates: list[str]) -> bool:
        """Delete one of these words, if there are any."""
        if not candidates:
            return False
        word = self.world.chance.choice(candidates)
        at = f" {self.text} ".index(f" {word} ")
        end = at + len(word)
        self.text = self.text[:at] + self.text[end + 1 :]
        self.caret = at
        self.world.deleted.add(word)
        return True

    def schedule(self) -> None:
        """Save a while from now."""
        self.dirty = True
        if not self.timer:
            self.timer = True
            self.world.after(self.delay, self.flush)

    def flush(self) -> None:
        """The delay is over."""
        self.timer = False
        if self.dirty:
            self.send()

    def send(self) -> None:
        """Save the whole text."""
        self.dirty = False
        world = self.world
        world.delivered |= {word for word in self.unsent if self.has(word)}
        self.unsent = set()
        text, base = self.text, self.base
        caret = self.caret if world.scenario.carets else None
        self.base = "own"
        world.upstream(self, lambda: world.server.save(self, text, caret, base))

    def resend(self) -> None:
        """A page that saves by the clock, whether anything was typed or not."""
        if self.world.now < TYPING_FOR:
            self.send()
            self.world.after(2.0, self.resend)


class Server:
    """The room: one mirror, one reader per client, and the pacing."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.mirror = Mirror(" ".join(f"e{number}" for number in range(world.scenario.essay)))
        self.readers: dict[Client, Reader] = {}
        self.heard: dict[Client, float] = {}
        self.held: dict[Client, float] = {}

    def join(self, client: Client) -> None:
        """The client subscribes."""
        author = chr(0x100 + client.number)
        self.readers[client] = Reader(self.mirror, author, has_pongs=self.world.scenario.pongs)
        self.heard[client] = -9.0
        self.send(client)

    def send(self, client: Client) -> None:
        """Send the head to the client, with a ping behind it."""
        self.held.pop(client, None)
        world, text, count = self.world, self.mirror.text, self.readers[client].sent(self.world.now)
        number = count - 1

        def arrive() -> None:
            # The pong first: the browser answers before the page's script runs.
            pong = self.readers[client].arrived
            world.upstream(client, lambda: pong(count, world.now))
            client.receive(number, text)

        world.downstream(client, arrive)

    def save(self, client: Client, text: str, caret: int | None, base: int | str) -> None:
        """A save has arrived."""
        world, reader = self.world, self.readers[client]
        known = reader.own if base == "own" else self._version(reader, base)
        saved = (
            reader.save_from([known] if known else [], text, caret, world.now)
            if world.scenario.true_base
            else reader.save(text, caret, world.now)
        )
        world.tally.saves += 1
        world.tally.wrong += known is not None and saved.base.text != known.text
        if not saved.change.is_empty:
            self.mirror.commit(self.mirror.seq + 1, saved.change, chr(0x100 + client.number))
        reader.accepted(saved)
        self.heard[client] = world.now
        world.after(HOLD, lambda: self.flush(client))
        if not saved.change.is_empty:
            for other in self.readers:
                if other is not client:
                    self.tell(other)
        same = self.mirror.text == text
        if same and reader.settled and client not in self.held:
            return
        if world.now - self.held.get(client, world.now) >= HOLD_AT_MOST:
            self.send(client)
        else:
            self.tell(client)

    def _version(self, reader: Reader, number: int | str) -> Candidate | None:
        return next((known for known in reader._versions if known.number == number), None)

    def tell(self, client: Client) -> None:
        """Send the head, unless the client is typing."""
        if self.world.now - self.heard[client] < HOLD:
            self.held.setdefault(client, self.world.now)
        else:
            self.send(client)

    def flush(self, client: Client) -> None:
        """The client has paused, perhaps: send what was held back."""
        if client in self.held and self.world.now - self.heard[client] >= HOLD - 1e-9:
            self.send(client)


class World:
    """Virtual time, links, and the score."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self.scenario = scenario
        self.chance = random.Random(seed)
        self.now = 0.0
        self._queue: list[tuple[float, int, Callable[[], object]]] = []
        self._order = itertools.count()
        self._words = itertools.count()
        self._tag = seed
        self.deleted: set[str] = set()
        self.delivered: set[str] = set()
        self.tally = Tally()
        self.server = Server(self)
        kinds = scenario.kinds
        self.clients = [Client(self, at, kinds[at % len(kinds)]) for at in range(scenario.clients)]

    def new_word(self) -> str:
        """A word that is nobody else's."""
        letters = "".join(
            self.chance.choice("abcdefghij") for _ in range(self.chance.randint(1, 6))
        )
        return f"w{next(self._words)}{letters}"

    def after(self, delay: float, action: Callable[[], object]) -> None:
        """Do something later."""
        heapq.heappush(self._queue, (self.now + delay, next(self._order), action))

    def downstream(self, client: Client, action: Callable[[], object]) -> None:
        """Send something to the client."""
        at = self.now + client.down * self.chance.uniform(0.7, 1.3)
        client.down_free = max(client.down_free + 1e-6, at)
        self.after(client.down_free - self.now, action)

    def upstream(self, client: Client, action: Callable[[], object]) -> None:
        """Send something to the server."""
        at = self.now + client.up * self.chance.uniform(0.7, 1.3)
        client.up_free = max(client.up_free + 1e-6, at)
        self.after(client.up_free - self.now, action)

    def run(self) -> Tally:
        """Run the schedule to its end."""
        place = self.chance.randint(0, len(self.server.mirror.text))
        for client in self.clients:
            client.text = self.server.mirror.text
            own_place = self.chance.randint(0, len(client.text))
            client.jump(place if self.scenario.same_place else own_place)
            self.server.join(client)
            self.after(self.chance.uniform(0, 2), client.act)
            if client.kind == "resend":
                self.after(2.0, client.resend)
        while self._queue:
            self.now, _, action = heapq.heappop(self._queue)
            action()
        return self._score()

    def _score(self) -> Tally:
        tally, final = self.tally, self.server.mirror.text
        count = Counter(final.split())
        kept = self.delivered - self.deleted
        tally.words = len(kept)
        lost = [word for word in kept if not count[word]]
        tally.lost = len(lost)
        tally.doubled = sum(count[word] > 1 for word in kept)
        tally.deletions = len(self.deleted)
        tally.back = sum(count[word] > 0 for word in self.deleted)
        tally.diverged = sum(
            client.text != final for client in self.clients if client.kind != "never"
        )
        tally.examples = [f"seed {self._tag}: {' '.join(lost)}"] if lost else []
        return tally


def simulate(case: tuple[Scenario, int]) -> Tally:
    """One schedule."""
    return World(*case).run()


def main() -> None:
    """Run and print the table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--schedules", type=int, default=40)
    options.add_argument("--first-seed", type=int, default=0)
    options.add_argument("--only", default="")
    options.add_argument("--no-pongs", action="store_true")
    options.add_argument("--examples", action="store_true")
    given = options.parse_args()
    print(f"{'':22}{'words':>8}{'lost':>16}{'doubled':>10}{'back':>9}{'wrong':>9}{'div':>5}")
    with ProcessPoolExecutor() as pool:
        for name, scenario in SCENARIOS.items():
            if given.only not in name:
                continue
            for true_base in (False, True):
                case = Scenario(
                    **vars(scenario) | {"true_base": true_base, "pongs": not given.no_pongs}
                )
                seeds = range(given.first_seed, given.first_seed + given.schedules)
                total = Tally()
                for tally in pool.map(simulate, [(case, seed) for seed in seeds], chunksize=4):
                    total.add(tally)
                _report(f"{name}{' (true)' if true_base else ''}", total, examples=given.examples)


def _report(name: str, total: Tally, *, examples: bool) -> None:
    words, deletions, saves = (max(1, n) for n in (total.words, total.deletions, total.saves))
    print(
        f"{name:22}{total.words:8}{total.lost:6} = {total.lost / words:7.3%}"
        f"{total.doubled / words:10.3%}{total.back / deletions:9.2%}"
        f"{total.wrong / saves:9.2%}{total.diverged:5}",
        flush=True,
    )
    if examples:
        print("   ", *total.examples, sep="\n    ")


if __name__ == "__main__":
    main()
