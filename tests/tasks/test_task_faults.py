"""Whatever dies while tasks run, every task ends, and everybody is told of it once.

``TASKS_OF_CHAOS`` says how many tasks the random test runs (12 by default).
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from websockets.exceptions import WebSocketException

from tests.free_ports import free_port
from tests.net.live import Server, python_client
from tests.tasks.task_kit import (
    PATIENCE,
    Watcher,
    alive,
    begin,
    demo,
    descendants,
    join,
    kill,
    processes,
    take_down,
    task,
    until,
    watching,
)

TASKS = int(os.environ.get("TASKS_OF_CHAOS", "12"))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with demo(tmp_path / "data") as running:
        yield running


async def running(server: Server, watcher: Watcher, task_type: str = "count_steps") -> str:
    """A task that a worker has begun, and is not through with."""
    task_id = await begin(server, task_type)
    await until(lambda: watcher.of("task_progress", task_id), "a worker")
    return task_id


def attempts(watcher: Watcher, task_id: str) -> dict[int, list[int]]:
    """The progress told in each attempt, for an extended connection."""
    found: dict[int, list[int]] = {}
    for each in watcher.of("task_progress", task_id):
        found.setdefault(each["attempt"], []).append(each["progress"])
    return found


@pytest.mark.parametrize("victims", ["children", "worker", "broker", "keeper"])
async def test_a_task_survives_the_death_of(server: Server, victims: str) -> None:
    async with watching(server, "jane", extended=True) as jane:
        task_id = await running(server, jane)
        waiting = [await begin(server, "count_steps") for _ in range(3)]
        kill(getattr(processes(server.pid), victims))
        for each in (task_id, *waiting):
            assert (await jane.completed(each))["result"]["status"] == "completed"
            for steps in attempts(jane, each).values():
                assert steps == sorted(steps)
        for each in (task_id, *waiting):
            assert len(jane.of("task_completed", each)) == 1


async def test_a_passing_failure_of_before_does_not_count_when_the_worker_dies(
    server: Server,
) -> None:
    async with watching(server, "jane") as jane:
        result = (await jane.completed(await begin(server, "stagger")))["result"]
    assert result == {**result, "status": "completed", "attempt": 3}


async def test_nothing_outlives_a_server_that_was_killed_and_tasks_go_on_after_it(
    server: Server,
) -> None:
    async with watching(server, "jane") as jane:
        task_id = await running(server, jane)
    family = descendants(server.pid)
    assert len(family) >= 4
    server.kill()
    await until(lambda: not any(map(alive, family)), "the end of all processes")
    server.start()
    async with watching(server, "jane") as jane:
        assert (await jane.completed(task_id))["result"]["status"] == "completed"


async def test_nothing_outlives_a_server_that_was_stopped(server: Server) -> None:
    async with watching(server, "jane") as jane:
        await running(server, jane, "spin")
    family = descendants(server.pid)
    assert server.stop(signal.SIGTERM) == 0
    assert not any(map(alive, family))


async def test_a_path_too_long_for_a_socket_is_no_hindrance(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    with demo(deep) as running_there:
        async with watching(running_there, "jane") as jane:
            task_id = await begin(running_there, "analyze_image_emotion")
            assert (await jane.completed(task_id))["result"]["status"] == "completed"


async def test_a_second_server_in_the_same_directory_leaves_the_first_its_broker(
    server: Server,
) -> None:
    other = f"sqlite:///{server.data_dir / 'other.db'}"
    socket = server.data_dir / "broker" / "broker.sock"
    async with watching(server, "jane") as jane:
        await running(server, jane)  # the broker is there
        inode = socket.stat().st_ino
        with demo(server.data_dir, WORKROOM_DATABASE=other) as second:
            await until(lambda: processes(second.pid).keeper, "the second keeper")
        assert socket.stat().st_ino == inode
        kill(processes(server.pid).worker)  # a new one has to find the broker
        task_id = await begin(server, "count_steps")
        assert (await jane.completed(task_id))["result"]["status"] == "completed"


async def test_a_server_begins_its_broker_when_the_one_before_has_ended(server: Server) -> None:
    socket = server.data_dir / "broker" / "broker.sock"
    async with watching(server, "jane") as jane:
        await running(server, jane)
    first = processes(server.pid)
    os.kill(first.worker[0], signal.SIGSTOP)  # its end takes a while, and the broker's follows
    server.kill()
    server.start()
    await until(lambda: processes(server.pid).broker, "the second broker")
    assert not alive(first.broker[0])
    async with watching(server, "jane") as jane:
        task_id = await running(server, jane)
        assert (await jane.completed(task_id))["result"]["status"] == "completed"
    assert socket.exists()


# ---- chaos -------------------------------------------------------------------------------------


class Returning(Watcher):
    """Somebody whose connection ends now and then, and who always comes back."""

    async def stay(self, over: asyncio.Event, chance: random.Random | None) -> None:
        """``chance`` None: leave only when the server does."""
        url = self.server.project_url(self.server.token(self.username))  # after restarts as well
        while not over.is_set():
            try:
                async with python_client(url) as client:
                    take_down(client, self)
                    await join(client)
                    seconds = 3600.0 if chance is None else chance.uniform(0.5, 3)
                    ended = asyncio.ensure_future(over.wait())
                    await asyncio.wait(
                        (client.closed, ended),
                        timeout=seconds,
                        return_when=asyncio.FIRST_COMPLETED,
                    )
                    ended.cancel()
                    self.ends.append(time.monotonic())  # it may take a while to hang up
            except (OSError, WebSocketException, AssertionError, TimeoutError):
                pass
            self.ends.append(time.monotonic())
            await asyncio.sleep(0.05)


async def torment(
    server: Server, chance: random.Random, over: asyncio.Event, witness: Watcher
) -> list[str]:
    """Kill something every second or two; what was killed.

    Two blows at most fall before the witness hears of a task again: on a slow machine it takes
    longer to get up.
    """
    done: list[str] = []
    heard = blows = 0

    async def restart() -> None:
        server.kill()
        await asyncio.to_thread(server.start)

    def told() -> int:
        return len(witness.of("task_progress"))

    def up_again() -> bool:
        return told() > heard or over.is_set()

    while not over.is_set():
        await asyncio.sleep(chance.uniform(1, 3))
        if told() > heard:
            blows = 0
        elif blows == 2:
            await until(up_again, "progress after two blows")
            blows = 0
        heard, blows = told(), blows + 1
        what = chance.choice(["children", "children", "worker", "broker", "server"])
        here = processes(server.pid)
        if what == "server":
            await restart()
        else:
            victims = getattr(here, what)
            kill(victims[:1])
        done.append(what)
    return done


@pytest.mark.timeout(1800)
async def test_every_task_ends_and_is_told_once_whatever_is_killed(tmp_path: Path) -> None:
    seed = int(os.environ.get("CHAOS_SEED", "7"))
    chance, ports = random.Random(seed), (free_port(), free_port())
    fixed = {"WORKROOM_PORT": str(ports[0]), "WORKROOM_PROJECT_PORT": str(ports[1])}
    with demo(tmp_path / "data", **fixed, WORKROOM_TASK_ATTEMPTS="20", TEST_STEPS="15") as server:
        over, calm = asyncio.Event(), asyncio.Event()
        for name in ("jane", "mike"):
            server.token(name)  # while there is a server to ask
        stays, returns = Returning(server, "jane"), Returning(server, "mike")
        people = [
            asyncio.ensure_future(stays.stay(over, None)),
            asyncio.ensure_future(returns.stay(over, random.Random(seed + 1))),
        ]
        storm = asyncio.ensure_future(torment(server, chance, calm, stays))
        begun = [await _persistently(lambda: begin(server, "count_steps")) for _ in range(TASKS)]
        limit = 60 + 1.5 * TASKS
        both = (stays, returns)
        half = time.monotonic() + limit
        while time.monotonic() < half and not all(stays.of("task_completed", t) for t in begun):
            await asyncio.sleep(0.2)
            if sum(1 for t in begun if stays.of("task_completed", t)) > 0.8 * TASKS:
                calm.set()
        calm.set()
        killed = await storm
        last = time.monotonic()
        for each in begun:
            for one in both:
                await one.completed(each)
        stuck = time.monotonic() - last
        over.set()
        await asyncio.gather(*people)
        states = [(await task(server, each))["state"] for each in begun]
    assert set(states) <= {"completed", "failed"}
    twice = {one.username: told_twice(one, begun) for one in both}
    again = {one.username: len(excused) for one in both for excused in [told_again(one, begun)]}
    print(
        f"{TASKS} tasks, seed {seed}: killed {killed}; states "
        f"{ {state: states.count(state) for state in set(states)} }; told twice {twice}; "
        f"told again after a broken connection {again}; the last ended {stuck:.1f} s after calm"
    )
    assert twice == {"jane": [], "mike": []}
    for one in both:
        for each in begun:
            assert_never_back(one, each)


def told_again(one: Watcher, begun: list[str]) -> list[str]:
    """Tasks of which somebody heard twice, over two connections: the first broke right after."""
    found = []
    for each in begun:
        times = [at for at, _ in one.timed("task_completed", each)]
        if len(times) > 1 and any(times[0] <= end <= times[0] + 1.0 for end in one.ends):
            found.append(each)
    return found


def told_twice(one: Watcher, begun: list[str]) -> list[str]:
    """Tasks of which somebody heard twice without that excuse."""
    excused = set(told_again(one, begun))
    return [t for t in begun if len(one.of("task_completed", t)) > 1 and t not in excused]


def assert_never_back(one: Watcher, task_id: str) -> None:
    """A bar goes back only to begin again at 0."""
    steps = [each["progress"] for each in one.of("task_progress", task_id)]
    for before, after in itertools.pairwise(steps):
        assert after >= before or after == 0, steps


async def _persistently(work: Callable[[], Awaitable[str]]) -> str:
    """Try until it succeeds: the server may be down just now."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return await work()
        except (OSError, AssertionError, IndexError):
            assert time.monotonic() < end
            await asyncio.sleep(0.1)
