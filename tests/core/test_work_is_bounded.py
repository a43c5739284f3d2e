"""One legal message cannot hold up everybody else: what a save looks at is bounded.

Work is counted and not timed. What the worst messages take is a table of ``bench/text_work.py``.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from typing import Any, SupportsIndex
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from workroom.core.essays.state import words_after
from workroom.core.text import (
    Anchor,
    Change,
    Highlight,
    alignment,
    attach,
    clean_text,
    move_all,
    words,
)
from workroom.core.text.alignment import common_prefix, common_suffix
from workroom.core.text.highlights import returning

diffing: Any = import_module("workroom.core.text.diff")  # the package exports its function instead
diff: Callable[..., Change] = diffing.diff

N = 100_000
FLAG = "\U0001f1e9\U0001f1ea"


def put(text: str, at: int, inserted: str, deleted: int = 1) -> str:
    return text[:at] + inserted + text[at + deleted :]


def letters(count: int, alphabet: str, seed: int = 1) -> str:
    return "".join(random.Random(seed).choices(alphabet, k=count))


def every(text: str, step: int, inserted: str) -> str:
    return inserted.join(text[at : at + step] for at in range(0, len(text), step))


BLOCKS = [letters(26, "abcdefgh", seed) for seed in range(N // 226)]
CLUSTER = "a" + "\u0301" * 499
PROSE = " ".join(letters(5, "abcdefghijklm", seed) for seed in range(N // 6))
PAIRS = {
    "no blanks": ("x" * N, put("x" * N, N // 2, "y")),
    "one cluster": ("a" + "\u0301" * N, put("a" + "\u0301" * N, N // 2, "\u0302")),
    "long clusters": (CLUSTER * 200, put(CLUSTER, 250, "\u0302") * 200),
    "flags": (FLAG * (N // 2), put(FLAG * (N // 2), N // 2 + 1, FLAG[0], 0)),
    "flags parted": (FLAG * (N // 2), every(FLAG * (N // 2), 201, "x")),
    "random words": (letters(N, "abcdef "), letters(N, "abcdef ", 2)),
    "random letters and blanks": (letters(N, "ab "), letters(N, "ab ", 2)),
    "sentences": ("a. " * (N // 3), "a. b. " * (N // 6)),
    "Han": ("日本" * (N // 2), put("本日" * (N // 2), N // 2, "国")),
    "an edit in each line": ("\n".join(BLOCKS * 5), "!\n".join(BLOCKS * 5)),
    "runs that grew": (("x" * 200).join(BLOCKS), ("x" * 201).join(BLOCKS)),
    "blanks that grew": ((" " * 200).join(BLOCKS), (" " * 201).join(BLOCKS)),
    "seeds that nearly match": (("a" * 12 + "c" + "a" * 11) * (N // 24), "y" + "a" * N),
    "a word in twenty": (PROSE, every(PROSE, 120, "zz")),
}


class Counts(dict[str, int]):
    """How much was done, by kind."""

    def wrap(
        self, name: str, function: Callable[..., Any], size: Callable[..., int]
    ) -> Callable[..., Any]:
        def counted(*given: Any) -> Any:
            self[name] = self.get(name, 0) + size(*given)
            return function(*given)

        return counted


@contextmanager
def counting() -> Iterator[Counts]:
    counts = Counts()

    def one(*_given: Any) -> int:
        return 1

    with ExitStack() as patches:
        for owner, name, size in (
            (diffing, "tokens", len),
            (diffing, "is_word", len),
            (diffing, "in_word", one),
            (words.Clusters, "splits", one),
            (diffing, "common_prefix", one),
            (alignment, "common_suffix", one),
            (alignment, "_near", one),
        ):
            wrapped = counts.wrap(name, getattr(owner, name), size)
            patches.enter_context(patch.object(owner, name, wrapped))
        yield counts


@pytest.mark.parametrize("name", PAIRS)
def test_the_work_of_a_diff_does_not_grow_with_the_text(name: str) -> None:
    old, new = PAIRS[name]
    with counting() as counts:
        change = diff(old, new, len(new) // 2)
    hunks = list(change.hunks())
    assert change.apply(old) == new
    assert len(hunks) <= diffing._HUNKS
    steps, ends = diffing._STEPS, 4 * max(alignment.REGIONS, diffing._HUNKS)
    assert counts.get("tokens", 0) <= diffing._LETTERS
    assert counts.get("is_word", 0) <= diffing._LETTERS
    assert counts.get("splits", 0) <= 2 * (steps + ends)
    assert counts.get("in_word", 0) <= 4 * (2 * steps + 2 * ends)
    assert counts.get("_near", 0) <= alignment.REGIONS


@pytest.mark.parametrize("name", PAIRS)
def test_the_search_for_agreements_is_bounded(name: str) -> None:
    old, new = PAIRS[name]
    passed = 0

    class Watched(alignment.Allowance):
        def take(self, amount: int) -> bool:
            nonlocal passed
            passed += amount if amount > 1 else 0
            assert super().take(amount) or amount == 1
            return self.left >= 0

    with patch.object(alignment, "Allowance", Watched), patch.object(alignment, "SEARCHED", N):
        assert diff(old, new).apply(old) == new
    assert passed <= N


class Watched(str):
    """A text that counts the letters copied out of it."""

    __slots__ = ("copied",)
    copied: int

    def __getitem__(self, place: SupportsIndex | slice) -> str:
        piece = super().__getitem__(place)
        self.copied = getattr(self, "copied", 0) + len(piece)
        return piece


@pytest.mark.parametrize("same", [0, 1, 100, 5_000])
def test_common_ends_look_no_farther_than_they_reach(same: int) -> None:
    """Between a thousand edits, each look to the end of the text would be a pass over all of it."""
    old = Watched("x" * same + "b" + "x" * N)
    new = "x" * same + "c" + "x" * N
    assert common_prefix(old, new, 0, 0, len(new)) == same
    assert old.copied <= 8 * same + 300
    old = Watched("x" * N + "b" + "x" * same)
    new = "x" * N + "c" + "x" * same
    assert common_suffix(old, new, len(old), len(new), len(new)) == same
    assert old.copied <= 8 * same + 300


@st.composite
def edited(draw: DrawFn) -> tuple[str, str]:
    """A text with long words, clusters and runs of flags, and another version of it."""
    piece = st.sampled_from(["a", "b ", "word. ", "x" * 9, "\u0301", "\u200d", FLAG[0], "漢", "\n"])
    pieces = draw(st.lists(piece, max_size=60))
    old = "".join(pieces)
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(pieces)))
        pieces[at : at + draw(st.integers(0, 2))] = [draw(piece)]
    return old, "".join(pieces)


LIMITS = ("_STEPS", "_WIDEST", "_LETTERS", "_ALL_PAIRS", "_SENTENCE_ENDS")


@contextmanager
def limits(each: int, hunks: int) -> Iterator[None]:
    with ExitStack() as patches:
        for name in LIMITS:
            patches.enter_context(patch.object(diffing, name, each))
        patches.enter_context(patch.object(diffing, "_HUNKS", hunks))
        patches.enter_context(patch.object(alignment, "REGIONS", hunks))
        patches.enter_context(patch.object(alignment, "SEARCHED", 10 * each))
        yield


@given(edited(), st.integers(0, 40) | st.none(), st.sampled_from([0, 3, 10, N]), st.integers(1, 3))
def test_a_diff_over_its_limits_still_leads_to_the_new_text(
    pair: tuple[str, str], caret: int | None, each: int, hunks: int
) -> None:
    old, new = pair
    with limits(each, hunks):
        change = diff(old, new, caret)
    assert change.apply(old) == new
    assert len(list(change.hunks())) <= hunks


@given(edited(), st.integers(0, 40) | st.none())
def test_a_diff_within_its_limits_is_what_it_is_without_any(
    pair: tuple[str, str], caret: int | None
) -> None:
    limited = diff(*pair, caret)
    with limits(10**9, 10**9):
        assert diff(*pair, caret) == limited


def test_the_hunks_nearest_to_each_other_become_one() -> None:
    old = " ".join(f"w{at}" for at in range(400))
    new = old.replace("w10 ", "v ").replace("w12 ", "v ").replace("w200 ", "v ")
    with patch.object(diffing, "_HUNKS", 2):
        found = [(old[at : at + gone], put) for at, gone, put in diff(old, new).hunks()]
    assert found == [("w10 w11 w12", "v w11 v"), ("w200", "v")]


def test_a_word_too_long_to_keep_whole_is_changed_to_the_letter() -> None:
    """And one that is not, as a whole: see ``tests/core/text/test_diff.py``."""
    for text, letter in (("x" * N, "y"), ("a" + "\u0301" * N, "\u0302")):
        assert list(diff(text, put(text, N // 2, letter)).hunks()) == [(N // 2, 1, letter)]


def test_flags_are_parted_however_long_their_run_is() -> None:
    run = FLAG * 10_000
    clusters = words.Clusters(f"x{run}y{run}")
    inside = [2, 20_000, 20_003, 30_003, 39_999, 40_001]
    between = [0, 1, 3, 10_001, 20_001, 20_002, 20_004, 40_002]
    places = random.Random(1).sample(inside + between, k=len(inside + between))
    assert sorted(filter(clusters.splits, places)) == inside


def test_a_run_of_flags_is_walked_along_once() -> None:
    clusters = words.Clusters(FLAG * 10_000)
    with patch.object(words, "_flags_before", wraps=words._flags_before) as walk:
        assert sum(map(clusters.splits, range(20_000))) == 10_000
    assert walk.call_count == 1


def test_lone_carriage_returns_are_looked_at_once() -> None:
    """The bound is the timeout of all tests: as it once was, this took minutes."""
    assert clean_text("\r" * 500_000) == "\r" * 500_000
    assert clean_text("\r" * 500_000 + "\n") == "\n"
    assert clean_text("\r" * 500_000 + "x\r\r\r\r\r\r\n") == "\r" * 500_000 + "x\n"
    assert clean_text("\r\r\r\r\r\r\n" * 50_000) == "\n" * 50_000


hard = st.text("ab \u00a0\u2028\n\u0301\r漢😀", max_size=20) | st.sampled_from(
    ["x" * 700, " " * 700, "ab" * 600 + " c", "\u0301" * 80, "\u2028" * 80, "a " * 90]
)


@given(st.lists(hard, min_size=1, max_size=4).map("".join), st.data())
def test_words_are_counted_exactly_whatever_changes(old: str, data: st.DataObject) -> None:
    hunks, at = [], 0
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(at, len(old)))
        gone = data.draw(st.integers(0, len(old) - at))
        hunks.append((at, gone, data.draw(hard)))
        at += gone
    change = Change.of(len(old), hunks)
    new = change.apply(old)
    assert words_after(len(old.split()), change, old, new) == len(new.split())


# ---- highlights ---------------------------------------------------------------------------------


class Searched(str):
    """A text that counts the letters that were searched."""

    __slots__ = ("passed",)
    passed: int

    def find(self, *given: Any) -> int:
        words, start, stop = given
        at = super().find(words, start, stop)
        end = at + len(words) if at >= 0 else min(stop, len(self))
        self.passed = getattr(self, "passed", 0) + max(0, end - start)
        return at


def marks(text: str, count: int, size: int) -> dict[int, Highlight]:
    step = (len(text) - size) // count
    return {at: attach(text, at * step, at * step + size) for at in range(count)}


def replaced(old: str, new: str) -> Change:
    return Change.of(len(old), [(0, len(old), new)])


@pytest.mark.parametrize("size", [3, 300, 90_000])
@pytest.mark.parametrize(("old", "new"), [PAIRS["random words"], PAIRS["sentences"]])
def test_the_search_for_lost_highlights_is_bounded(old: str, new: str, size: int) -> None:
    seen = Searched(f"{new} {'b' * (returning._LONG // 2)}")
    gone = move_all(marks(old, 1000, size), replaced(old, seen), old, seen)
    assert seen.passed <= returning.SEARCHED + len(seen) + size
    again = Searched(f"k{seen}")
    move_all(gone, Change.of(len(seen), [(0, 0, "k")]), seen, again)
    assert getattr(again, "passed", 0) <= returning.SEARCHED + len(again) + size


def test_a_change_within_many_wide_highlights_is_found_among_its_places_at_once() -> None:
    text = PROSE
    wide = marks(text, 500, len(text) - 1000)
    change = Change.of(len(text), [(at, 1, "zz") for at in range(0, len(text) - 50, 50)])
    seen = Searched(change.apply(text))
    moved = move_all(wide, change, text, seen)
    assert len(moved) == 500 and all(mark.anchor is Anchor.CHANGED for mark in moved.values())
    assert getattr(seen, "passed", 0) <= returning.SEARCHED + len(seen)


def test_many_edits_in_the_holes_of_many_highlights_are_looked_at_a_bounded_number_of_times() -> (
    None
):
    """As it once was, 1,000 places in the holes of 1,000 highlights made a million searches."""
    other = "never the same " * 2000
    gone = move_all(marks(PROSE, 1000, 40), replaced(PROSE, other), PROSE, other)
    assert all(mark.orphaned for mark in gone.values())
    edits = [(at, 1, "zz") for at in range(0, len(other) - 30, 30)]
    change = Change.of(len(other), edits)
    with patch.object(returning.Edits, "find", autospec=True, side_effect=lambda *_: -1) as find:
        after = move_all(gone, change, other, change.apply(other))
    assert find.call_count <= returning.SEARCHED // returning._A_SEARCH
    assert all(mark.orphaned for mark in after.values())


def test_a_text_deleted_and_put_back_has_all_its_highlights_again() -> None:
    whole = marks(PROSE, 1000, 40)
    gone = move_all(whole, replaced(PROSE, "x"), PROSE, "x")
    assert all(mark.orphaned for mark in gone.values()) and len(gone) == 1000
    assert move_all(gone, replaced("x", PROSE), "x", PROSE) == whole


@given(st.integers(0, 390), st.integers(1, 200), st.data())
def test_what_the_index_finds_is_what_a_search_finds(
    start: int, size: int, data: st.DataObject
) -> None:
    """No two letters of this text are the same, so that there is one place for any words."""
    text = "".join(map(chr, range(0x4E00, 0x4E00 + 400)))
    mark = {0: attach(text, start, min(400, start + size))}
    keep = data.draw(st.integers(0, start))
    change = Change.of(400, [(keep, 400 - keep, data.draw(st.sampled_from(["", "x"])))])
    without = change.apply(text)
    gone = move_all(mark, change, text, without)
    back = change.invert(text)
    searched = move_all(gone, back, without, text)
    with patch.object(returning, "_LONG", 0):
        assert move_all(gone, back, without, text) == searched == mark


@given(edited(), st.integers(0, 5), st.data())
def test_a_highlight_that_is_not_searched_for_is_somewhere_in_the_text(
    pair: tuple[str, str], most: int, data: st.DataObject
) -> None:
    old, new = pair
    start = data.draw(st.integers(0, len(old)))
    mark = {0: attach(old, start, data.draw(st.integers(start, len(old))))}
    with patch.object(returning, "SEARCHED", most), patch.object(returning, "LOOKED_UP", most):
        after = move_all(mark, diff(old, new), old, new).get(0, mark[0])
    assert 0 <= after.start <= after.end <= len(new)
    assert after.orphaned == (not mark[0].is_point and after.start == after.end)
    assert after.anchor is not Anchor.EXACT or new[after.start : after.end] == after.quote
