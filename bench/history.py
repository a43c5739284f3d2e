"""What a long-lived essay costs: loading it, keeping it in memory, and reading its past.

    python bench/history.py [--edits 100000] [--units 10000] [--repeat 9] [--scattered]
                            [--keep DIR] [--before]

Makes an essay of about ``--units`` characters by ``--edits`` edits of three people who type and
delete in bursts all over the text, and stores it in a fresh SQLite file as the server would.
``--scattered`` puts each letter at another random place: the worst that a Yjs document can be
given. ``--keep`` keeps the file there, and takes it when it is there already. Then it measures, in
processes of their own:

* *load*: from the store to a room that can be joined and read;
* *document*: what the first edit, or the first Yjs editor, waits for besides;
* *memory*: what the process grows by when it loads that room, and with the document;
* *checkpoint*: how long the event loop stands still for one;
* *chapter*: what telling one chapter for a milestone takes on the history's thread, and for how
  long the event loop had to wait for the interpreter meanwhile;
* *revision*, *page*, *groups*, *attribution*: at random places.

Times are medians and the longest of ``--repeat`` (five times as often for the last line).
``--before`` loads without checkpoints, from the first entry: the cost of having none.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

from workroom.adapters.store import SqliteStore
from workroom.core.entries import Entry, EssayCreated, Fact, Record
from workroom.core.essays.revisions import CHAPTER, passages
from workroom.core.essays.state import EssayState, evolve, first_state
from workroom.core.essays.text import EssayText
from workroom.core.limits import RoomRules
from workroom.core.people import Right, Role
from workroom.core.text import Change, Mirror, YText
from workroom.ids import EssayId, UserId, essay_room
from workroom.ports.accounts import NewUser
from workroom.ports.store import Append, AppendResult, Checkpoint, RoomSummary
from workroom.service.rooms.checkpoints import CHECKPOINT_EVERY
from workroom.service.rooms.history import History
from workroom.service.rooms.life import EssayDraft, draft, revive
from workroom.service.rooms.records import to_record

ESSAY = essay_room(1)
PEOPLE = (UserId(1), UserId(2), UserId(3))
BATCH = 500
_IDS = count(10)


def new_client_id() -> int:
    return next(_IDS)


@dataclass
class Writers:
    """People who type in bursts, and delete when the essay is long enough."""

    units: int
    scattered: bool = False
    rng: random.Random = field(default_factory=lambda: random.Random(1))
    left: int = 0
    at: int = 0
    who: UserId = PEOPLE[0]
    deletes: bool = False

    def next(self, text: str) -> tuple[Change, UserId]:
        """What happens to the text next, and who does it."""
        size, rng = len(text), self.rng
        if self.left == 0:
            self.left = 1 if self.scattered else rng.randint(5, 60)
            self.who, self.at = rng.choice(PEOPLE), rng.randint(0, size)
            self.deletes = size > self.units and rng.random() < 0.75
        self.left -= 1
        self.at = min(self.at, size)
        if self.deletes and self.at:
            self.at -= 1
            return Change.of(size, [(self.at, 1, "")]), self.who
        letter = rng.choice("etaoinshrdlu    ,.")
        change = Change.of(size, [(self.at, 0, letter)])
        self.at += 1
        return change, self.who


async def stored(store: SqliteStore, append: Append) -> None:
    done: asyncio.Future[AppendResult] = asyncio.get_running_loop().create_future()
    store.append(append, done.set_result)
    await done


async def write(store: SqliteStore, edits: int, writers: Writers) -> None:
    """The whole log, and the checkpoint that the server would have written last."""
    for user in PEOPLE:
        await store.create_user(NewUser(f"user{user}", f"User {user}", Role.STUDENT, id=user))
    text = EssayText.of(YText(client_id=new_client_id()), Mirror())
    at = 1_800_000_000_000
    state: EssayState | None = None
    records, last = [], 0
    for seq in range(1, edits + 2):
        fact: Fact = EssayCreated("A long essay", "", None)
        who = PEOPLE[0]
        if seq > 1:
            change, who = writers.next(text.text)
            fact = text.commit(change, seq, who)
        at += writers.rng.choice((150, 200, 300, 90_000 if writers.left == 0 else 250))
        entry = Entry(seq, who, at, fact)
        state = first_state(EssayId(1), entry) if state is None else evolve(state, entry)
        records.append(to_record(entry))
        checkpoint = None
        if seq == edits + 2 - CHECKPOINT_EVERY:  # so long ago that the next one is nearly due
            checkpoint = seq
        if len(records) == BATCH or seq == edits + 1 or checkpoint:
            made = _written(state, text) if checkpoint else None
            await stored(store, _append(state, last, records, made))
            records, last = [], seq
    text.close()


def _written(state: EssayState, text: EssayText) -> Checkpoint:
    return EssayDraft(state, text.state(), text.head().authors).checkpoint()


def _append(state: EssayState, last: int, records: list[Record], made: Checkpoint | None) -> Append:
    summary = RoomSummary(
        state.title, state.author, state.created_at, state.updated_at, state.updated_by, {}
    )
    rights = dict.fromkeys(PEOPLE, Right.EDIT) if last == 0 else None
    return Append(ESSAY, last, tuple(records), summary, rights, checkpoint=made)


async def loading(store: SqliteStore, *, before: bool) -> tuple[float, float]:
    """Milliseconds from the file to a room, and from there to its Yjs document."""
    begin = time.perf_counter()
    found = await store.load(ESSAY)
    assert found is not None
    if before:
        records = await store.records(ESSAY, 0, found.seq)
        found = replace(found, checkpoint=None, records=tuple(records))
    room = revive(found, RoomRules(), new_client_id)
    loaded = time.perf_counter()
    draft(room)
    made = time.perf_counter()
    room.close()
    return (loaded - begin) * 1e3, (made - loaded) * 1e3


def resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


async def growing(store: SqliteStore) -> tuple[float, float, list[float]]:
    """MiB that this process grows by, with the document, and milliseconds of nine checkpoints."""
    await store.check()
    gc.collect()
    empty = resident()
    found = await store.load(ESSAY)
    assert found is not None
    room = revive(found, RoomRules(), new_client_id)
    del found
    gc.collect()
    read = resident()
    draft(room)
    gc.collect()
    full = resident()
    stalls = []
    for _ in range(9):
        begin = time.perf_counter()
        draft(room)
        stalls.append((time.perf_counter() - begin) * 1e3)
    return read - empty, full - empty, stalls


async def asked(name: str, repeat: int, ask: Callable[[], Awaitable[object]]) -> None:
    times = []
    for _ in range(repeat):
        begin = time.perf_counter()
        await ask()
        times.append((time.perf_counter() - begin) * 1e3)
    told(name, times)


def told(name: str, times: list[float]) -> None:
    print(f"{name:14} median {median(times):7.1f} ms   longest {max(times):7.1f} ms")


def median(times: list[float]) -> float:
    return sorted(times)[len(times) // 2]


async def waits(over: asyncio.Event) -> list[float]:
    """How late the loop comes, in milliseconds, each time that it is asked to come at once."""
    late = []
    while not over.is_set():
        begin = time.perf_counter()
        await asyncio.sleep(0)
        late.append((time.perf_counter() - begin) * 1e3)
        await asyncio.sleep(0.001)
    return late


async def past(store: SqliteStore, head: int, repeat: int) -> None:
    history, rng = History(store), random.Random(2)
    over = asyncio.Event()
    watching = asyncio.ensure_future(waits(over))
    begin = time.perf_counter()
    await history.keep_up(ESSAY)
    took = (time.perf_counter() - begin) * 1e3
    over.set()
    chapters = max(1, head // CHAPTER)
    print(f"{'chapter':14} {took / chapters:7.1f} ms each, {chapters} of them")
    late = await watching
    told("  loop waits", late)

    async def attribution() -> None:
        telling = await history.tell(ESSAY, head)
        await history.run(lambda: passages(telling.moment))

    async def page() -> None:
        after = rng.randint(0, head - 50)
        await history.revisions(ESSAY, after, after + 50)

    _, total = await history.groups(ESSAY, head, limit=1, offset=0)
    repeat *= 5
    await asked("revision", repeat, lambda: history.tell(ESSAY, rng.randint(1, head)))
    await asked("page of 50", repeat, page)
    await asked(
        "groups, 50",
        repeat,
        lambda: history.groups(ESSAY, head, limit=50, offset=rng.randint(0, total)),
    )
    await asked("attribution", repeat, attribution)
    history.close()


async def main(options: argparse.Namespace, path: Path, *, fresh: bool) -> None:
    store = SqliteStore(path)
    await store.open()
    if fresh:
        await write(store, options.edits, Writers(options.units, scattered=options.scattered))
    if options.child == "load":
        await store.check()
        times = [await loading(store, before=options.before) for _ in range(options.repeat)]
        told("load", [loaded for loaded, _ in times])
        told("document", [made for _, made in times])
    elif options.child == "memory":
        read, full, stalls = await growing(store)
        print(f"{'memory':14} {read:14.1f} MiB, with the document {full:.1f} MiB")
        told("checkpoint", stalls)
    elif options.child == "past":
        found = await store.load(ESSAY)
        assert found is not None
        await past(store, found.seq, options.repeat)
    await store.close()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--edits", type=int, default=100_000)
    parser.add_argument("--units", type=int, default=10_000)
    parser.add_argument("--repeat", type=int, default=9)
    parser.add_argument("--scattered", action="store_true")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--before", action="store_true")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    options = arguments()
    with tempfile.TemporaryDirectory() as directory:
        path = (options.keep or Path(directory)) / "history.db"
        sys.setswitchinterval(0.0005)
        asyncio.run(main(options, path, fresh=not path.exists()))
        if options.child is None:
            for child in ("load", "memory") if options.before else ("load", "memory", "past"):
                command = [*sys.orig_argv, "--child", child, "--keep", str(path.parent)]
                subprocess.run(command, check=True, env=os.environ)
