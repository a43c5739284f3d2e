"""The text at the head and its recent changes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workroom.core.text import mirror as module
from workroom.core.text.change import Change, Hunk
from workroom.core.text.mirror import KEPT_CHANGES, KEPT_LETTERS, NOBODY, Mirror


def write(mirror: Mirror, seq: int, at: int, words: str, author: str = "a") -> Change:
    change = Change.of(len(mirror.text), [Hunk(at, 0, words)])
    mirror.commit(seq, change, author)
    return change


def test_a_commit_moves_the_head_and_notes_who_wrote() -> None:
    mirror = Mirror("text", seq=3)
    write(mirror, 4, 0, "my ", "a")
    write(mirror, 9, 7, "!", "b")
    assert (mirror.text, mirror.authors, mirror.seq) == ("my text!", f"aaa{NOBODY * 4}b", 9)


def test_a_mirror_can_start_with_known_authors() -> None:
    assert Mirror("ab", authors="xy").authors == "xy"
    with pytest.raises(ValueError, match="author"):
        Mirror("ab", authors="x")


@pytest.mark.parametrize("seq", [2, 3])
def test_numbers_must_increase(seq: int) -> None:
    mirror = Mirror("text", seq=3)
    with pytest.raises(ValueError, match="after 3"):
        write(mirror, seq, 0, "x")


def test_a_change_of_another_text_is_refused_and_changes_nothing() -> None:
    mirror = Mirror("text", seq=3)
    with pytest.raises(ValueError, match="code points"):
        mirror.commit(4, Change.keep(9), "a")
    assert (mirror.text, mirror.authors, mirror.seq) == ("text", NOBODY * 4, 3)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 5), st.text("ab ", max_size=4))))
def test_every_recent_text_can_be_had_again(edits: list[tuple[int, int, str]]) -> None:
    mirror = Mirror("some text", seq=5)
    versions = [mirror.head()]
    for step, (at, deleted, inserted) in enumerate(edits):
        at = min(at, len(mirror.text))
        hunk = Hunk(at, min(deleted, len(mirror.text) - at), inserted)
        mirror.commit(7 + 2 * step, Change.of(len(mirror.text), [hunk]), chr(97 + step % 3))
        versions.append(mirror.head())
    for version in versions:
        assert mirror.version_at(version.seq) == version
        assert mirror.number_at(version.seq) == version.seq
    assert mirror.version_at(6) == versions[0] and mirror.number_at(6) == 5
    assert mirror.version_at(4) is None and mirror.number_at(4) is None


def _grown(mirror: Mirror, count: int, word: str, author: str) -> None:
    for number in range(count):
        write(mirror, mirror.seq + 2, number * 7 % (len(mirror.text) + 1), word, author)


def _everything(mirror: Mirror) -> list[object]:
    """All that can be asked of the numbers up to a little behind the head."""
    numbers = [*range(0, mirror.seq, max(1, mirror.seq // 20)), mirror.seq, mirror.seq + 1]
    return [
        (mirror.version_at(n), mirror.number_at(n), mirror.since(n), mirror.authors_since(n))
        for n in numbers
    ]


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 600), st.integers(0, 600), st.integers(0, 300), st.integers(0, 1))
def test_what_is_taken_back_was_never_there(kept: int, dropped: int, more: int, gap: int) -> None:
    mirror, other = Mirror("some text", seq=5), Mirror("some text", seq=5)
    for each in (mirror, other):
        _grown(each, kept, "x", "a")
    end = mirror.seq
    _grown(mirror, dropped, "yy", "b")

    mirror.take_back(end + gap)
    assert mirror.head() == other.head()
    for each in (mirror, other):
        _grown(each, more, "z", "c")

    assert _everything(mirror) == _everything(other)


def test_what_is_forgotten_cannot_be_gone_back_to_and_nothing_happens() -> None:
    mirror = Mirror("")
    _grown(mirror, 2 * KEPT_CHANGES, "x", "a")
    before = _everything(mirror)

    with pytest.raises(LookupError, match="forgotten"):
        mirror.take_back(2)

    assert _everything(mirror) == before


def test_old_texts_can_be_had_again_as_long_as_their_changes_are_kept() -> None:
    mirror = Mirror("")
    texts = {0: ""}
    for seq in range(1, 3 * KEPT_CHANGES // 2):
        write(mirror, seq, len(mirror.text) // 2, "x", chr(97 + seq % 3))
        texts[seq] = mirror.text
    kept = [seq for seq in texts if mirror.reaches(seq)]
    assert KEPT_CHANGES // 2 <= len(kept) <= KEPT_CHANGES + 1
    for seq in kept[::97]:
        version = mirror.version_at(seq)
        assert version is not None and version.text == texts[seq]
    assert mirror.version_at(kept[0] - 1) is None


def test_since_leads_from_any_recent_text_to_the_head() -> None:
    mirror = Mirror("", seq=10)
    texts = {10: ""}
    for step in range(1, 40):
        write(mirror, 10 + 3 * step, (7 * step) % step, "xy ", chr(97 + step % 3))
        texts[10 + 3 * step] = mirror.text
    for seq, text in texts.items():
        for number in (seq, seq + 1, seq + 2):  # numbers of other entries fall in between
            change, authors = mirror.since(number), mirror.authors_since(number)
            assert change is not None and change.apply(text) == mirror.text
            assert authors is not None
            assert authors.ops == () or [type(op) for op in authors.ops] == [
                type(op) for op in change.ops
            ]


def test_since_the_head_nothing_has_changed() -> None:
    mirror = Mirror("text", seq=3)
    for seq in (3, 4):
        assert mirror.since(seq) == mirror.authors_since(seq) == Change.keep(4)


def test_what_was_composed_once_is_not_composed_again() -> None:
    mirror = Mirror("text")
    for seq in range(1, 9):
        write(mirror, seq, 0, "x")
    first = mirror.since(2)
    assert mirror.since(2) is first
    last = write(mirror, 9, 0, "y")
    assert first is not None and mirror.since(2) == first.compose(last)


def test_the_cache_has_a_bound() -> None:
    mirror = Mirror("text")
    for seq in range(1, 200):
        write(mirror, seq, 0, "x")
    for seq in range(1, 190):
        mirror.since(seq)
    assert len(mirror._changes._composed) == module._CACHED


def test_old_changes_are_forgotten_and_asking_for_them_is_answered_with_none() -> None:
    mirror = Mirror("text")
    for seq in range(1, KEPT_CHANGES + 1):
        write(mirror, seq, 0, "x")
    early, late = mirror.since(1), mirror.since(KEPT_CHANGES - 1)
    assert early is not None and late is not None
    write(mirror, KEPT_CHANGES + 1, 0, "x")
    forgotten = (KEPT_CHANGES + 2) // 2
    assert mirror.since(forgotten - 1) is None is mirror.authors_since(1)
    kept = mirror.since(forgotten)
    assert kept is not None and kept.before == 4 + forgotten
    assert mirror.since(KEPT_CHANGES - 1) == Change.of(KEPT_CHANGES + 3, [Hunk(0, 0, "xx")])


def test_a_few_large_changes_are_forgotten_too() -> None:
    mirror = Mirror("")
    large = "x" * (KEPT_LETTERS // 3)
    for seq in range(1, 5):
        write(mirror, seq, 0, large)
    assert mirror.since(1) is None
    assert mirror.since(2) is not None


def test_a_mirror_says_how_far_back_it_reaches() -> None:
    mirror = Mirror("x", seq=5)
    for seq in range(6, KEPT_CHANGES + 7):
        mirror.commit(seq, Change.keep(len(mirror.text)), "a")
    assert not mirror.reaches(5) and mirror.since(5) is None
    assert mirror.reaches(mirror.seq) and mirror.since(mirror.seq) is not None
