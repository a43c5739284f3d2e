"""Mending a text comes to the same as cleaning it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workroom.core.text import clean_text, mending

MESSY = st.text(st.sampled_from("ab\r\n\0é😀"), max_size=40)


@given(MESSY, st.integers(1, 30))
def test_mending_leads_to_the_clean_text(text: str, times: int) -> None:
    text *= times
    change = mending(text)
    assert (text if change is None else change.apply(text)) == clean_text(text)


@pytest.mark.parametrize("text", ["\r" * 500_000 + "\n", "\r\n" * 250_000, "\r\0" * 250_000])
def test_a_text_of_nothing_else_takes_no_longer(text: str) -> None:
    started = time.process_time()
    mending(text)
    assert time.process_time() - started < 1.0
