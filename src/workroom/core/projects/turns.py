"""Whose task goes to the workers next, so that nobody waits behind all the tasks of somebody else.

A broker gives tasks out in the order in which it got them. So it gets few at a time: no more wait
there than are run, or ``LEAST``. The others wait in the table, and next comes the oldest task of
whoever has the fewest with the workers.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from heapq import heapify, heappop, heapreplace
from typing import Final

from workroom.ids import TaskId, UserId

LEAST: Final = 2
"""Tasks that may wait with the broker however few run: a worker that is done finds the next one."""


@dataclass(frozen=True, slots=True)
class Place:
    """An open task, as far as its turn goes."""

    id: TaskId
    type: str
    requested_by: UserId
    running: bool
    due_at: int | None
    """When it may be handed to the broker (ms); None: the broker or a worker has it."""


def next_in_turn(line: Iterable[Place], now: int) -> list[TaskId]:
    """The tasks of one queue that its broker is to get now; ``line``: the oldest first.

    Of those that wait it needs no more of each user than run, and ``LEAST``.
    """
    running = 0
    theirs: Counter[UserId] = Counter()
    waiting: dict[UserId, deque[tuple[int, TaskId]]] = defaultdict(deque)
    for number, each in enumerate(line):
        if each.due_at is None:
            theirs[each.requested_by] += 1
            running += each.running
        elif each.due_at <= now:
            waiting[each.requested_by].append((number, each.id))
    room = max(LEAST, running) - (theirs.total() - running)
    users = [(theirs[user], mine[0][0], user) for user, mine in waiting.items()]
    heapify(users)
    chosen: list[TaskId] = []
    while users and len(chosen) < room:
        has, _, user = users[0]
        chosen.append(waiting[user].popleft()[1])
        if waiting[user]:
            heapreplace(users, (has + 1, waiting[user][0][0], user))
        else:
            heappop(users)
    return chosen
