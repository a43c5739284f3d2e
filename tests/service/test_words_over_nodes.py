"""Words that are put at one place on two nodes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from nodes_kit import Cluster, cluster, until
from workroom.core.commands import ApplyUpdate, SaveText
from workroom.core.text import Change, YText

UPON, OVER = "Once upon a time.", "Once over a time."


@pytest.fixture
async def two() -> AsyncIterator[Cluster]:
    made = await cluster(text=UPON)
    yield made
    await made.stop()


def typed_before_upon(two: Cluster) -> ApplyUpdate:
    """What an editor does that has the text as it was; Yjs puts its word behind ours."""
    editor = YText(two.nodes[1].room._text.state(), client_id=2**40)
    return ApplyUpdate(editor.edit(Change.of(len(UPON), [(5, 0, "quite ")])))


async def test_an_editor_on_another_node_types_where_a_save_has_put_a_word(two: Cluster) -> None:
    here, there = two.nodes
    emma, jane = await here.joins(two.people[0]), await there.joins(two.people[1])
    typed = typed_before_upon(two)
    there.bus.cut()

    await emma.asks(SaveText(OVER), "save")
    await jane.asks(typed, "type")

    there.bus.mend()
    await two.levels()
    assert two.texts == ["Once over quite  a time."] * 2


async def test_a_save_on_another_node_comes_where_an_editor_has_typed(two: Cluster) -> None:
    here, there = two.nodes
    emma, jane = await here.joins(two.people[0]), await there.joins(two.people[1])
    here.bus.cut()

    await jane.asks(typed_before_upon(two), "type")
    await emma.asks(SaveText(OVER), "save")

    here.bus.mend()
    await two.levels()
    assert two.texts == ["Once quite over a time."] * 2


async def test_of_two_nodes_that_store_at_one_moment_the_second_decides_anew(two: Cluster) -> None:
    here, there = two.nodes
    emma, jane = await here.joins(two.people[0]), await there.joins(two.people[1])
    typed = typed_before_upon(two)

    two.store.hold()
    saving = asyncio.ensure_future(emma.asks(SaveText(OVER), "save"))
    typing = asyncio.ensure_future(jane.asks(typed, "type"))
    await until(lambda: not there.room.settled and not here.room.settled)
    two.store.release()
    await asyncio.gather(typing, saving)

    await two.levels()
    assert two.texts[0] == two.texts[1]
    assert sorted(two.texts[0].split()) == ["Once", "a", "over", "quite", "time."]
