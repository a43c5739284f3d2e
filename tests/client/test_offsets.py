from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workroom.client import offsets
from workroom.core.text import from_utf16, to_utf16, utf16_length

TEXTS = st.text(alphabet=st.sampled_from("aé€👋\U0001f469\u0301\n"), max_size=30)


@given(TEXTS, st.data())
def test_a_position_there_and_back_is_the_same(text: str, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(text)))
    assert offsets.from_utf16(text, offsets.to_utf16(text, position)) == position


@given(TEXTS)
def test_the_client_counts_as_the_server_does(text: str) -> None:
    length = offsets.utf16_length(text)
    assert length == utf16_length(text)
    for position in range(len(text) + 1):
        assert offsets.to_utf16(text, position) == to_utf16(text, position)
    for offset in range(length + 1):
        assert offsets.from_utf16(text, offset) == from_utf16(text, offset)


@pytest.mark.parametrize(("text", "place"), [("ab", 3), ("ab", -1), ("", 1), ("👋", 3)])
def test_a_place_outside_of_the_text_is_refused(text: str, place: int) -> None:
    with pytest.raises(ValueError, match="is not in a text of"):
        offsets.from_utf16(text, place)
    with pytest.raises(ValueError, match="is not in a text of"):
        offsets.to_utf16(text, place)
