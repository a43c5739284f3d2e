"""Changes by example; their laws are in ``tests/laws/test_change_laws.py``."""

from __future__ import annotations

import pytest

from workroom.core.text.change import Builder, Change, Hunk, Side

TEXT = "hello world"


def change(*hunks: tuple[int, int, str]) -> Change:
    return Change.of(len(TEXT), hunks)


def test_a_change_says_what_it_keeps_deletes_and_inserts() -> None:
    assert change((0, 5, "Hi"), (11, 0, "!")).ops == ("Hi", -5, 6, "!")
    assert change((0, 5, "Hi"), (11, 0, "!")).apply(TEXT) == "Hi world!"


def test_neighbouring_hunks_are_one() -> None:
    assert list(change((2, 1, "a"), (3, 2, "b")).hunks()) == [Hunk(2, 3, "ab")]


def test_keeping_everything_is_empty() -> None:
    assert Change.keep(11).is_empty and Change.keep(11) == change()
    assert Change.keep(0).ops == () and Change.keep(0).is_empty
    assert not change((0, 1, "")).is_empty and not Change(("a",)).is_empty


def test_a_change_knows_both_lengths() -> None:
    longer = change((5, 0, " big"), (6, 1, ""))
    assert (longer.before, longer.after) == (11, 14)


@pytest.mark.parametrize(
    "hunks", [[(5, 0, "a"), (2, 0, "b")], [(2, 4, ""), (5, 1, "")], [(10, 2, "")], [(0, -1, "a")]]
)
def test_hunks_must_be_sorted_and_within_the_text(hunks: list[tuple[int, int, str]]) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        change(*hunks)


def test_applying_to_a_text_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="11 code points"):
        change((0, 1, "")).apply("hello")


def test_composing_changes_that_do_not_meet_is_refused() -> None:
    with pytest.raises(ValueError, match="longer"):
        change((0, 1, "")).compose(change((1, 1, "")))
    with pytest.raises(ValueError, match="shorter"):
        change((0, 0, "ab")).compose(change((1, 1, "")))
    with pytest.raises(ValueError, match="shorter"):
        change((11, 0, "ab")).compose(change((1, 1, "")))


def test_composing_with_nothing_gives_the_other_change() -> None:
    typed = change((5, 0, "!"))
    assert typed.compose(Change.keep(12)) is typed
    assert Change.keep(11).compose(typed) is typed


def test_what_is_typed_and_deleted_again_is_no_change() -> None:
    typed = change((5, 0, "abc"))
    assert typed.compose(Change.of(14, [(5, 3, "")])) == Change.keep(11)


def test_a_part_of_an_insertion_can_be_deleted() -> None:
    typed = change((5, 0, "abc"))
    assert typed.compose(Change.of(14, [(6, 1, "")])) == change((5, 0, "ac"))


def test_inverting_needs_the_text_before() -> None:
    assert change((0, 5, "Hi")).invert(TEXT) == Change.of(8, [(0, 2, "hello")])
    with pytest.raises(ValueError, match="not of 2"):
        change((0, 5, "Hi")).invert("Hi")


def test_text_inserted_at_a_position_is_on_the_side_asked_for() -> None:
    typed = change((5, 0, "XX"))
    assert (typed.map(5, Side.BEFORE), typed.map(5, Side.AFTER)) == (5, 7)
    assert (typed.map(4, Side.AFTER), typed.map(6, Side.BEFORE)) == (4, 8)


def test_a_position_inside_replaced_text_goes_to_an_edge_of_the_replacement() -> None:
    replaced = change((2, 4, "XXX"))
    assert [replaced.map(at, Side.BEFORE) for at in (2, 3, 5, 6)] == [2, 2, 2, 5]
    assert [replaced.map(at, Side.AFTER) for at in (2, 3, 5, 6)] == [2, 5, 5, 5]


def test_a_position_outside_of_the_text_is_refused() -> None:
    for position in (-1, 12):
        with pytest.raises(ValueError, match="outside"):
            change((0, 1, "")).map(position, Side.BEFORE)
        with pytest.raises(ValueError, match="outside"):
            Change.keep(11).map(position, Side.AFTER)


def test_the_log_holds_numbers_and_strings() -> None:
    assert change((0, 5, "Hi"), (6, 0, "my ")).encode() == ["Hi", -5, 1, "my ", 5]


@pytest.mark.parametrize(
    "raw",
    [
        None,
        "abc",
        {"ops": []},
        [1.5],
        [True],
        [None],
        [["a"]],
        [0],
        [""],
        [1, 2],
        ["a", "b"],
        [-1, "a"],
        [-1, -2],
    ],
)
def test_garbage_in_the_log_is_refused(raw: object) -> None:
    with pytest.raises(ValueError, match="change"):
        Change.decode(raw)


def test_a_builder_puts_what_it_gets_into_normal_form() -> None:
    build = Builder()
    for step in range(2):
        build.keep(step)
        build.keep(2)
        build.delete(1)
        build.insert("a")
        build.insert("")
        build.insert("b")
        build.delete(1)
    assert build.change().ops == (2, "ab", -2, 3, "ab", -2)
