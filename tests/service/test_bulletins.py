"""What comes over the bus and is not of this installation, or of another version of it."""

from __future__ import annotations

import asyncio
import hmac
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub_kit import ESSAY
from nodes_kit import SECRET, cluster, of_type, until
from workroom.core.commands import SaveText
from workroom.core.entries import Record
from workroom.core.people import Role, User
from workroom.core.signals import Arrived
from workroom.ids import UserId, essay_room
from workroom.service.nodes.bulletins import _READERS, SEAL, Bulletin, Ended, Scribe, Stored

STRANGER = User(UserId(99), "mallory", "Mallory", Role.ADMIN, None)
TOPIC = f"room:{ESSAY}"
RECORD = Record(2, "TextEdited", UserId(1), 0, b"{}", None)

scraps: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats() | st.text(max_size=5),
    lambda some: (
        st.lists(some, max_size=6) | st.dictionaries(st.text(max_size=3), some, max_size=3)
    ),
    max_leaves=12,
)
envelopes = st.tuples(
    st.just("another") | scraps,
    st.just(1) | scraps,
    st.none() | st.just(str(ESSAY)) | scraps,
    st.sampled_from(sorted(_READERS)) | scraps,
    scraps,
)


def _sealed(written: bytes) -> bytes:
    key = hmac.digest(SECRET, b"workroom bus", "sha256")
    return hmac.digest(key, written, "sha256")[:SEAL] + written


@given(st.lists(envelopes, max_size=8))
def test_what_another_version_says_disturbs_nobody(said: list[tuple[Any, ...]]) -> None:
    async def story() -> None:
        made = await cluster(1, text="one")
        emma = await made.nodes[0].joins(made.people[0])
        ear = made.nodes[0].hub.neighbours
        assert ear is not None

        for envelope in said:
            ear.heard(TOPIC, _sealed(orjson.dumps(envelope)))

        assert (await emma.asks(SaveText("one two"), "r"))["seq"] == made.head()
        assert made.texts == ["one two"]
        await made.stop()

    asyncio.run(story())


@pytest.mark.parametrize(
    "news", [Stored((RECORD,), (STRANGER,)), Arrived(STRANGER), Ended(None, UserId(1))]
)
async def test_who_does_not_know_the_secret_is_not_heard(news: Any) -> None:
    made = await cluster(1, text="one")
    emma = await made.nodes[0].joins(made.people[0])
    ear = made.nodes[0].hub.neighbours
    assert ear is not None
    bulletin = Bulletin("forger", 1, ESSAY, news)

    ear.heard(TOPIC, Scribe(b"another secret").write(bulletin))
    good = Scribe(SECRET).write(bulletin)
    for place in range(0, len(good), 7):
        ear.heard(TOPIC, good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])
        ear.heard(TOPIC, good[:place])

    assert made.texts == ["one"]
    assert ear._peers == {}
    assert STRANGER.id not in made.nodes[0].room.presence.user_ids()
    assert (await emma.asks(SaveText("one two"), "r"))["seq"] == made.head()
    await made.stop()


async def test_a_room_that_is_not_there_is_not_listened_to() -> None:
    made = await cluster(2, text="one")
    a, b = made.nodes

    assert await b.hub.peek(essay_room(12345)) is None
    jane = await b.joins(made.people[1])
    emma = await a.joins(made.people[0])
    await emma.asks(SaveText("one two"), "r")

    assert b.bus._topics == {"all", TOPIC}
    await until(lambda: of_type(jane, "essay_update")[-1]["content"] == "one two")
    await made.stop()
