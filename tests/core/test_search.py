from __future__ import annotations

import unicodedata
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workroom.core import search as search_module
from workroom.core.search import Search


@pytest.mark.parametrize(
    ("looked_for", "title"),
    [
        ("harbour", "Colours of the Harbour"),
        ("OURS harb", "Colours of the Harbour"),
        ("strasse", "Die Straße"),
        ("STRASSE", "die straße"),
        ("zoe", "Zoë"),
        ("zoë", "Zoe"),
        ("ﬁn", "The fine print"),
        ("שלום", "שָׁלוֹם"),
        ("i̇stanbul", "İSTANBUL"),
        ("๑๒", "ข้อ ๑๒"),
    ],
)
def test_case_accents_and_forms_of_letters_do_not_count(looked_for: str, title: str) -> None:
    search = Search.of(looked_for)
    assert search is not None
    assert search.finds(title)


def test_all_parts_have_to_stand_somewhere_and_none_over_two_texts() -> None:
    search = Search.of("emma harbour")
    assert search is not None
    assert search.finds("The harbour", "Emma Brown")
    assert not search.finds("The harbour", "Jane Smith")
    joined = Search.of("ouremma")
    assert joined is not None
    assert not joined.finds("The harbour", "emma")


@pytest.mark.parametrize("syllable", ["가", "ᾧ", "Ế"])
def test_a_title_of_whole_syllables_is_found_by_its_end(syllable: str) -> None:
    search = Search.of(syllable)
    assert search is not None
    assert search.finds(f"{'한' * 199}{syllable}")


def test_signs_that_stand_for_many_letters_do_not_make_a_search_long() -> None:
    search = Search.of("harbour")
    assert search is not None
    titles = ["\ufdfa" * 199 + chr(0x4E00 + number) for number in range(20)]
    search_module._taken_apart.cache_clear()
    with patch.object(unicodedata, "category", side_effect=unicodedata.category) as looked_at:
        assert not any(map(search.finds, titles))
    assert looked_at.call_count <= 20 * 800


def test_a_title_is_taken_apart_once_however_often_it_is_searched() -> None:
    search_module._taken_apart.cache_clear()
    with patch.object(unicodedata, "category", side_effect=unicodedata.category) as looked_at:
        for parts in ("d", "di", "die"):
            assert Search((parts,)).finds("Die Straße")
    assert looked_at.call_count == len("die strasse")


@pytest.mark.parametrize("nothing", ["", " \t\n", "\u0301\u0301"])
def test_looking_for_nothing_is_no_search(nothing: str) -> None:
    assert Search.of(nothing) is None


@given(st.text(max_size=10), st.text(max_size=10), st.text(max_size=10))
def test_whatever_stands_there_is_found(before: str, word: str, after: str) -> None:
    search = Search.of(word)
    # Marks of letters that were cut apart go with the letter before them.
    assert search is None or search.finds(f"{before} {word} {after}")
