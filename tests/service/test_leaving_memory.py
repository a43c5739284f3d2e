"""What is not needed any more is freed at once, and not when the garbage collector finds it."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Callable, Iterator

import pytest

from hub_kit import member_of
from workroom.adapters.store import MemoryStore
from workroom.core.commands import AddFeedback, ChangeProject, Command, Leave, SaveText
from workroom.core.entries import EssayCreated, ProjectCreated
from workroom.core.feedback import FeedbackType
from workroom.core.limits import RoomRules
from workroom.core.people import User
from workroom.ids import FeedbackId, essay_room, project_room
from workroom.ports.accounts import NewUser
from workroom.service.hub import SWEEP_EVERY, Hub
from workroom.testing.clock import FakeClock
from workroom.testing.scenario import EMMA, SARAH

ESSAY, PROJECT = essay_room(1), project_room(1)


@pytest.fixture(autouse=True)
def no_collector() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


async def _hub(clock: FakeClock) -> Hub:
    store = MemoryStore()
    await store.create_user(NewUser(EMMA.username, EMMA.name, EMMA.role, id=EMMA.id))
    ids = iter(range(1, 1_000))
    hub = Hub(store, clock, RoomRules(), lambda: next(ids))
    await hub.start()
    await hub.create(ESSAY, [EssayCreated("Title", "", None)], EMMA)
    await hub.create(PROJECT, [ProjectCreated("Title", "", "draft", {})], EMMA)
    return hub


async def _unloaded(hub: Hub, clock: FakeClock) -> None:
    async with asyncio.timeout(60):
        while list(hub.hosts()):
            clock.advance(SWEEP_EVERY)
            await asyncio.sleep(0)


@pytest.mark.parametrize("saves", [1, 100], ids=["little written", "worth a checkpoint"])
async def test_an_essay_that_was_written_in_is_freed_when_it_leaves_memory(saves: int) -> None:
    clock = FakeClock()
    hub = await _hub(clock)
    member = await member_of(hub, 1, EMMA)
    for number in range(saves):
        await member.asks(SaveText("word " * (number + 1)), f"save-{number}")
    comment = AddFeedback(FeedbackId(1), FeedbackType("general"), "Good", 0, 4)
    await member.asks(comment, "comment")
    await member.asks(Leave(), "leave")
    room = weakref.ref(await hub.look(ESSAY, EMMA))

    await _unloaded(hub, clock)

    assert room() is None
    await hub.stop()


async def test_a_project_is_freed_when_it_leaves_memory() -> None:
    clock = FakeClock()
    hub = await _hub(clock)
    await hub.execute(PROJECT, ChangeProject({"title": "Another"}), EMMA)
    room = weakref.ref(await hub.look(PROJECT, EMMA))

    await _unloaded(hub, clock)

    assert room() is None
    await hub.stop()


class Watched(str):
    """A text that says when it is freed."""

    __slots__ = ("__weakref__",)


REFUSED: dict[str, tuple[User, Callable[[str], Command]]] = {
    "too long": (EMMA, SaveText),
    "from a version that never was": (EMMA, lambda text: SaveText(text, base_seq=99)),
    "outside of the text": (
        EMMA,
        lambda text: AddFeedback(FeedbackId(1), FeedbackType("general"), text, 0, 4_000),
    ),
    "without the right": (SARAH, SaveText),
}


@pytest.mark.parametrize("why", REFUSED)
async def test_what_is_refused_is_freed_when_its_author_was_told(why: str) -> None:
    hub = await _hub(FakeClock())
    user, command = REFUSED[why]
    member = await member_of(hub, 1, user)

    async def refused() -> weakref.ref[Watched]:
        text = Watched("word " * 200_000)
        answer = await member.asks(command(text), "request")
        assert member.refusals[-1] is answer
        return weakref.ref(text)

    text = await refused()
    assert text() is None
    await hub.stop()
