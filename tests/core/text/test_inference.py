"""Which version a plain save was written from."""

from __future__ import annotations

import pytest

from workroom.core.text.change import Change, Hunk
from workroom.core.text.merging.evidence import KEPT_FOR, KEPT_VERSIONS, MIXES_AT_MOST
from workroom.core.text.merging.inference import FOREIGN_DELETION, JOIN_WITHIN, Reader, Saved
from workroom.core.text.mirror import KEPT_CHANGES, Mirror

ESSAY = "It was a dark and stormy night. The rain fell in torrents."


class Desk:
    """One essay, Ana's connection to it, and others who write too."""

    def __init__(self, text: str = ESSAY) -> None:
        self.mirror = Mirror(text)
        self.ana = Reader(self.mirror, "a")
        self.now = 100.0
        self.ana_gets_the_text()

    def ana_gets_the_text(self, *, arrives: bool = True) -> str:
        count = self.ana.sent(self.now)
        if arrives:
            self.ana.arrived(count, self.now)
        return self.mirror.text

    def ben_writes(self, words: str, at: int | None = None) -> str:
        length = len(self.mirror.text)
        change = Change.of(length, [Hunk(length if at is None else at, 0, words)])
        self.mirror.commit(self.mirror.seq + 1, change, "b")
        return self.mirror.text

    def ana_saves(
        self, text: str, caret: int | None = None, base_seq: int | None = None, after: float = 1.0
    ) -> Saved:
        self.now += after
        saved = self.ana.save(text, caret, self.now, base_seq=base_seq)
        assert saved.bridge.apply(text) == saved.change.apply(self.mirror.text)
        if not saved.change.is_empty:
            self.mirror.commit(self.mirror.seq + 1, saved.change, "a")
        self.ana.accepted(saved)
        return saved


def test_a_lone_writer_gets_what_was_typed() -> None:
    desk = Desk()
    for text in (ESSAY + " Except", ESSAY + " Except at", "It was dark."):
        desk.ana_saves(text)
        assert desk.mirror.text == text


def test_what_others_wrote_meanwhile_stays() -> None:
    desk = Desk()
    desk.ben_writes(" Lightning!")
    desk.ana_saves(ESSAY.replace("dark", "very dark"))
    assert desk.mirror.text == ESSAY.replace("dark", "very dark") + " Lightning!"


def test_who_goes_on_with_an_own_text_need_not_have_seen_the_others() -> None:
    desk = Desk()
    desk.ben_writes(" Lightning!")
    desk.ana_gets_the_text()  # and does not take it
    desk.ana_saves("So: " + ESSAY, caret=4)
    desk.ben_writes(" Thunder!")
    desk.ana_saves("So: then: " + ESSAY, caret=10)
    assert desk.mirror.text == "So: then: " + ESSAY + " Lightning! Thunder!"


def test_deleting_ones_last_word_is_not_taken_for_the_older_version() -> None:
    """The text is now what it was when it was sent; only the deletion explains the save."""
    desk = Desk()
    desk.ana_saves(ESSAY + " Except", caret=len(ESSAY) + 7)
    saved = desk.ana_saves(ESSAY, caret=len(ESSAY))
    assert desk.mirror.text == ESSAY and saved.base.is_own


def test_saving_again_what_was_saved_changes_nothing() -> None:
    desk = Desk()
    desk.ana_saves(ESSAY + " Except", caret=5)
    desk.ben_writes("Now: ", at=0)
    desk.ana_gets_the_text()
    saved = desk.ana_saves(ESSAY + " Except", caret=5, after=0.01)
    assert saved.change.is_empty and saved.base.is_own
    assert desk.mirror.text == "Now: " + ESSAY + " Except"


def test_a_version_that_has_arrived_and_was_taken_is_the_base() -> None:
    desk = Desk()
    desk.ana_saves(ESSAY + " Except")
    desk.ben_writes("Once. ", at=0)
    text = desk.ana_gets_the_text()
    saved = desk.ana_saves(text + " at")
    assert saved.base.number == 1 and not saved.base.is_own
    assert desk.mirror.text == text + " at"


@pytest.mark.parametrize(("seen_for", "stays"), [(0.05, True), (60.0, False)])
def test_others_words_can_be_deleted_by_who_has_seen_them(seen_for: float, stays: bool) -> None:
    """Just arrived, they may not have been seen: the same text comes of not having them."""
    desk = Desk()
    head = desk.ben_writes(" Lightning!")
    desk.ana_gets_the_text()
    desk.ana_saves(ESSAY, caret=len(ESSAY), after=seen_for)
    assert desk.mirror.text == (head if stays else ESSAY)


def test_a_deletion_that_was_undone_by_mistake_works_the_second_time() -> None:
    desk = Desk()
    desk.ana_saves(ESSAY + " Except", caret=len(ESSAY) + 7)
    for step in range(4):
        text = desk.ben_writes(f" Ben{step}")
        desk.ana_gets_the_text()
        desk.ana_saves(text + f" ana{step}", after=5)
    before = desk.mirror.text
    desk.ben_writes(" Lightning strikes!")
    desk.ana_gets_the_text()
    desk.ana_saves(before, caret=len(before), after=0.05)
    assert desk.mirror.text == before + " Lightning strikes!"
    desk.ana_gets_the_text()
    desk.ana_saves(before, caret=len(before), after=5)
    assert desk.mirror.text == before


def test_what_has_not_arrived_is_no_likely_base() -> None:
    desk = Desk()
    desk.ben_writes(" Lightning!")
    desk.ana_gets_the_text(arrives=False)
    saved = desk.ana_saves(ESSAY + " Thunder!")
    assert saved.base.number == 0
    assert desk.mirror.text == ESSAY + " Lightning! Thunder!"


def test_what_cannot_have_arrived_is_believed_when_nothing_else_explains_the_save() -> None:
    """A pong can be late; a text that continues a version word for word was written from it."""
    desk = Desk()
    text = desk.ben_writes(" " + "Lightning and thunder, all night long. " * 3)
    desk.ana_gets_the_text(arrives=False)
    saved = desk.ana_saves(text + "!")
    assert saved.base.number == 1 and desk.mirror.text == text + "!"


def test_who_keeps_an_own_text_is_learned() -> None:
    desk = Desk()
    own = ESSAY
    for step in range(8):
        desk.ben_writes(f"Line {step}. ", at=0)
        desk.ana_gets_the_text()
        own += f" word{step}"
        desk.ana_saves(own, caret=len(own))
    assert desk.ana._stubborn > 0.9
    assert desk.mirror.text.endswith(own)


def test_who_takes_the_newest_text_is_learned() -> None:
    desk = Desk()
    for step in range(8):
        desk.ben_writes(f"Line {step}. ", at=0)
        text = desk.ana_gets_the_text() + f" word{step}"
        desk.ana_saves(text, caret=len(text))
    assert desk.ana._stubborn < 0.1


def test_a_page_that_saves_first_and_takes_the_version_then_is_understood() -> None:
    desk = Desk()
    desk.ana_saves(ESSAY + " One", caret=len(ESSAY) + 4)
    desk.now += 1
    text = desk.ben_writes("Once. ", at=0)
    desk.ana_gets_the_text()
    desk.ana_saves(ESSAY + " One two", caret=len(ESSAY) + 8, after=0.0)  # was in its mailbox
    saved = desk.ana_saves(text + " three", caret=len(text) + 6)
    assert saved.base.number == 1
    assert desk.mirror.text.split() == [*text.split(), "two", "three"]


def test_a_version_older_than_the_base_is_no_base_any_more() -> None:
    desk = Desk()
    for step in range(3):
        desk.ben_writes(f"Line {step}. ", at=0)
        text = desk.ana_gets_the_text()
    desk.ana_saves(text + " on")
    assert [known.number for known in desk.ana._versions] == [3]
    assert desk.ana.own is not None and desk.ana.own.number == 3


def test_a_base_that_the_client_names_ends_the_guessing() -> None:
    desk = Desk()
    text = desk.ben_writes(" Lightning!")
    desk.ana_gets_the_text(arrives=False)
    saved = desk.ana_saves(ESSAY, base_seq=desk.mirror.seq)
    assert not saved.inferred and desk.mirror.text == ESSAY != text


def test_the_number_of_ones_own_save_means_that_text() -> None:
    desk = Desk()
    desk.ben_writes(" Lightning!")
    desk.ana_saves("So: " + ESSAY)
    saved = desk.ana_saves("So: then: " + ESSAY, base_seq=desk.mirror.seq)
    assert not saved.inferred and saved.base.is_own
    assert desk.mirror.text == "So: then: " + ESSAY + " Lightning!"


def test_the_version_named_stays_the_root_of_what_is_typed_on() -> None:
    """A client names the version that it took; its own saves since are understood."""
    desk = Desk()
    seq = desk.mirror.seq
    desk.ben_writes(" Lightning!")
    desk.ana_saves("So: " + ESSAY, base_seq=seq)
    desk.ana_saves("So: then: " + ESSAY, base_seq=seq)
    assert desk.mirror.text == "So: then: " + ESSAY + " Lightning!"


@pytest.mark.parametrize("named", [True, False])
def test_who_puts_own_words_into_each_text_that_comes_doubles_nothing(named: bool) -> None:
    """The text crosses saves on the way; what it does not have yet, the page keeps."""
    desk = Desk()
    desk.ana_saves(ESSAY + " It", caret=len(ESSAY) + 3)
    taken = desk.ben_writes("Ben says: ", at=0)
    desk.ana_gets_the_text(arrives=False)
    count = desk.ana._sent
    for words in (" It poured", " It poured all"):
        desk.ana_saves(ESSAY + words, caret=len(ESSAY) + len(words), after=0.1)
    desk.ben_writes("Today ", at=0)
    desk.ana.arrived(count, desk.now)
    mixed = f"Ben says: {ESSAY} It poured all day"
    seq = next(v.seq for v in desk.ana._versions if v.text == taken)
    saved = desk.ana_saves(mixed, caret=len(mixed), base_seq=seq if named else None, after=0.2)
    assert saved.base.is_mixed
    assert desk.mirror.text == f"Today {mixed}"
    mixed += " long."
    desk.ana_saves(mixed, caret=len(mixed), base_seq=seq if named else None)
    assert desk.mirror.text == f"Today {mixed}"


def crossing(desk: Desk, own: str, *, by_ben: str) -> int:
    """Ben's version and a save of Ana's meet on the way; the version's number."""
    desk.ben_writes(by_ben, at=0)
    seq = desk.mirror.seq
    desk.ana_gets_the_text(arrives=False)
    desk.ana_saves(ESSAY + own, after=0.1)
    desk.ana.arrived(desk.ana._sent, desk.now)
    return seq


def test_a_number_that_two_texts_go_by_stays_the_root_of_what_is_typed_on() -> None:
    """A version crosses a save that changes nothing, which goes by the same number then."""
    desk = Desk()
    theirs = desk.ben_writes("Hail. ", at=0)
    seq = desk.mirror.seq
    desk.ana_gets_the_text(arrives=False)
    desk.ana_saves(ESSAY, base_seq=seq - 1, after=0.1)
    desk.ana.arrived(desk.ana._sent, desk.now)
    text = f"{ESSAY} Yes."
    desk.ana_saves(text, caret=len(text), base_seq=seq)
    saved = desk.ana_saves(f"{text} No.", caret=len(text) + 4, base_seq=seq)
    assert saved.base.is_own
    assert desk.mirror.text == f"{theirs} Yes. No."


def test_the_version_named_is_meant_as_it_was_sent_where_no_own_words_are_in_the_text() -> None:
    """The page put it over words on their way; what it shows instead did not delete them."""
    desk = Desk()
    seq = crossing(desk, " Lightning struck.", by_ben="Ben: hail. ")
    text = f"Ben: rain. {ESSAY}"
    saved = desk.ana_saves(text, caret=9, base_seq=seq)
    assert not saved.base.is_own and not saved.base.is_mixed
    assert desk.mirror.text == f"{text} Lightning struck."


def test_the_version_named_is_meant_with_own_words_where_some_are_in_the_text() -> None:
    desk = Desk()
    seq = crossing(desk, " Lightning struck.", by_ben="Ben: hail. ")
    text = f"Ben: hail. {ESSAY} Lightning fell."
    saved = desk.ana_saves(text, caret=len(text) - 1, base_seq=seq)
    assert saved.base.is_mixed
    assert desk.mirror.text == text


def test_who_was_seen_to_keep_own_words_can_delete_them() -> None:
    desk = Desk()
    seq = crossing(desk, " Lightning struck.", by_ben="Ben: hail. ")
    desk.ana._mixing = 1.0
    text = f"Ben: hail. {ESSAY}"
    desk.ana_saves(text, caret=len(text), base_seq=seq)
    assert desk.mirror.text == text


def test_a_long_paragraph_of_which_much_was_on_its_way_can_be_begun_anew() -> None:
    """The version has the first part of it; the page, known to keep own words, deletes all."""
    desk = Desk()
    paragraph = "what is typed on and on by somebody who thinks of nothing else and for long. " * 6
    desk.ana_saves(f"{ESSAY}\n\n[1] {paragraph[:180]}")
    version = desk.ben_writes("Ben. ", at=0)
    count = desk.ana.sent(desk.now)
    desk.ana_saves(f"{ESSAY}\n\n[1] {paragraph}", after=0.1)
    desk.ana.arrived(count, desk.now)
    desk.ana._mixing = MIXES_AT_MOST
    text = version.removesuffix(paragraph[:180])
    desk.ana_saves(text, caret=len(text), after=0.1)
    assert desk.mirror.text == text


PASSAGE = "what they type on and on has to look like words, w"


def begun_anew(
    desk: Desk, typed: str, end: str, *, left: str = "", named: bool = False, by_ben: str = "Ben. "
) -> Saved:
    """Ana deletes a passage; a version met the end of it on the way. ``left``: in its place.

    What stood at the end of her screen then, that or the version, does not show.
    """
    desk.ana_saves(f"{ESSAY}\n\n[1] {typed}")
    version = desk.ben_writes(by_ben, at=0)
    seq, count = desk.mirror.seq, desk.ana.sent(desk.now)
    desk.ana_saves(f"{ESSAY}\n\n[1] {typed}{end}", after=0.1)
    desk.ana.arrived(count, desk.now)
    text = version.removesuffix(typed) + left
    return desk.ana_saves(text, len(text), base_seq=seq if named else None, after=0.1)


@pytest.mark.parametrize("end", ["hat", "hat they type", " and"])
def test_of_a_passage_that_is_deleted_no_end_is_left_that_was_still_on_its_way(end: str) -> None:
    desk = Desk()
    saved = begun_anew(desk, PASSAGE, end)
    assert desk.mirror.text == f"Ben. {ESSAY}\n\n[1] "
    assert saved.mixes is None
    text = desk.mirror.text
    for words in ("w", "wh", "wha", "what"):
        desk.ana_saves(text + words, caret=len(text + words), after=0.04)
    assert desk.mirror.text == f"{text}what"


@pytest.mark.parametrize(
    ("typed", "end"),
    [
        ("rain", " hail"),  # no passage goes, but a word
        ("It rained ", "and hailed"),
        ("rain", "; hail"),
        (PASSAGE, "ho cares, and who reads all this?"),  # no end, but a passage of its own
        (PASSAGE, "ho?\n\nhail"),
    ],
)
def test_what_was_still_on_its_way_is_not_deleted_with_what_stood_before_it(
    typed: str, end: str
) -> None:
    desk = Desk()
    begun_anew(desk, typed, end)
    assert end.rsplit(maxsplit=1)[-1] in desk.mirror.text


def test_who_names_the_version_deletes_no_end_that_it_does_not_have() -> None:
    desk = Desk()
    begun_anew(desk, PASSAGE, " and hail", named=True)
    assert desk.mirror.text.endswith(" and hail")


@pytest.mark.parametrize("left", ["something else", f"Moved: {PASSAGE}"])
def test_who_puts_something_in_the_place_of_a_passage_keeps_what_came_behind_it(left: str) -> None:
    desk = Desk()
    begun_anew(desk, PASSAGE, " and hail", left=left)
    assert desk.mirror.text.endswith(" and hail")


def test_an_end_is_no_end_where_somebody_else_wrote_before_it() -> None:
    desk = Desk()
    desk.ana_saves(f"{ESSAY} {PASSAGE}")
    begun = desk.ben_writes(" Ben says so.")
    desk.ana_gets_the_text()
    desk.ana_saves(begun + " and", caret=len(begun) + 4)
    version = desk.ben_writes("Ben. ", at=0)
    count = desk.ana.sent(desk.now)
    desk.ana_saves(begun + " and hail", caret=len(begun) + 9, after=0.1)
    desk.ana.arrived(count, desk.now)
    desk.ana_saves(version[: len("Ben. ") + len(ESSAY)], caret=len("Ben. ") + len(ESSAY), after=0.1)
    assert "hail" in desk.mirror.text


def test_who_deleted_something_on_its_way_too_does_not_get_it_back() -> None:
    desk = Desk()
    desk.ana_saves(f"{ESSAY}\n\n[1] {PASSAGE}")
    version = desk.ben_writes("Ben. ", at=0)
    count = desk.ana.sent(desk.now)
    shorter = ESSAY.replace("dark and ", "")
    desk.ana_saves(f"{shorter}\n\n[1] {PASSAGE}hat", after=0.1)
    desk.ana.arrived(count, desk.now)
    text = version.removesuffix(PASSAGE)
    desk.ana_saves(text, caret=len(text), after=0.1)
    assert "dark" not in desk.mirror.text


def test_what_others_put_behind_a_passage_is_not_deleted_with_it() -> None:
    desk = Desk()
    typed = "what they type on and on has to look like words, w"
    desk.ana_saves(f"{ESSAY} {typed}")
    seen = desk.mirror.text
    desk.ana_gets_the_text()
    desk.ben_writes(" and ho, says Ben")
    desk.ana_saves(seen.removesuffix(typed), caret=len(ESSAY) + 1, after=0.1)
    assert desk.mirror.text.split() == f"{ESSAY} and ho, says Ben".split()


def test_own_words_that_a_version_brought_back_do_not_show_that_the_page_kept_them() -> None:
    desk = Desk()
    crossing(desk, " Lightning struck.", by_ben="Ben: hail. ")
    desk.now += 0.5
    text = desk.ana_gets_the_text()
    saved = desk.ana_saves(f"{text} Oh.", caret=len(text) + 4, after=0.01)
    assert desk.mirror.text == f"{text} Oh."
    assert saved.mixes is None


def test_own_words_that_a_page_put_elsewhere_are_neither_doubled_nor_lost() -> None:
    """Both wrote at the end; the page put its words before Ben's, the server behind them."""
    desk = Desk()
    desk.ben_writes(" hail")
    seq = desk.mirror.seq
    desk.ana_gets_the_text(arrives=False)
    desk.ana_saves(ESSAY + " lightning", after=0.1)
    desk.ana.arrived(desk.ana._sent, desk.now)
    assert desk.mirror.text == f"{ESSAY} hail lightning"
    text = f"{ESSAY} lightning hail thunder"
    desk.ana_saves(text, caret=len(text), base_seq=seq)
    assert sorted(desk.mirror.text.split()) == sorted(text.split())
    desk.ana_saves(f"{text} sun", caret=len(text) + 4, base_seq=seq)
    assert sorted(desk.mirror.text.split()) == sorted(f"{text} sun".split())


def test_of_equal_versions_the_newest_may_still_be_on_its_way_to_the_screen() -> None:
    """Ben wrote and deleted a word: a save from before can be followed by one from after that."""
    desk = Desk()
    desk.ben_writes("Once. ", at=0)
    change = Change.of(len(desk.mirror.text), [Hunk(0, 6, "")])
    desk.mirror.commit(desk.mirror.seq + 1, change, "b")
    assert desk.ana_gets_the_text() == ESSAY
    desk.ana_saves(ESSAY + " Lightning.", caret=len(ESSAY) + 11, after=0.1)
    text = ESSAY + " Thunder."  # the page took the version, and her words were gone
    desk.ana_saves(text, caret=len(text), after=0.4)
    assert "Lightning." in desk.mirror.text and "Thunder." in desk.mirror.text


def test_a_word_that_another_version_brought_was_not_typed() -> None:
    """The page saved before it took Ben's version, and then deleted something in that."""
    desk = Desk()
    desk.ben_writes("Ben ", at=0)
    desk.ana_gets_the_text()
    desk.ana_saves(ESSAY + " It", caret=len(ESSAY) + 3, after=0.05)
    text = f"Ben {ESSAY}"
    desk.ana_saves(text + " It", caret=3, after=0.3)
    assert desk.mirror.text.count("Ben") == 1


def test_who_was_away_for_long_doubles_nothing_of_what_they_had_saved() -> None:
    """A new connection, whose page names the version that it took before it saved."""
    desk = Desk()
    seq = desk.mirror.seq
    text = f"{ESSAY} Lightning struck."
    desk.ana_saves(text, base_seq=seq)
    desk.ben_writes("Ben says: ", at=0)
    desk.ana = Reader(desk.mirror, "a")
    desk.ana_gets_the_text()
    desk.ana_saves(f"{text} Twice.", base_seq=seq)
    assert desk.mirror.text == f"Ben says: {text} Twice."
    desk.ana_saves(f"{text} Twice or more.", base_seq=seq)
    assert desk.mirror.text == f"Ben says: {text} Twice or more."


def test_what_somebody_wrote_elsewhere_is_not_deleted_by_who_has_not_seen_it() -> None:
    """The same person in two windows: the second names a version from before."""
    desk = Desk()
    seq = desk.mirror.seq
    desk.ana_saves(f"{ESSAY} Lightning struck.", base_seq=seq)
    desk.ana = Reader(desk.mirror, "a")
    desk.ana_gets_the_text()
    desk.ana_saves(f"So: {ESSAY}", base_seq=seq)
    assert desk.mirror.text == f"So: {ESSAY} Lightning struck."


def test_a_version_that_this_client_was_never_sent_can_be_named_too() -> None:
    desk = Desk()
    for word in (" One.", " Two.", " Three."):
        desk.ben_writes(word)
    saved = desk.ana_saves("Now: " + ESSAY, base_seq=desk.mirror.seq - 2)  # without the first, too
    assert not saved.inferred
    assert desk.mirror.text == "Now: " + ESSAY + " Two. Three."
    desk.ana_saves("Now, then: " + ESSAY, base_seq=saved.base.seq)
    assert desk.mirror.text == "Now, then: " + ESSAY + " Two. Three."


def test_a_base_that_is_forgotten_is_inferred() -> None:
    desk = Desk()
    desk.ben_writes(" Lightning!")
    desk.ana_gets_the_text()
    desk.ana.mirror = Mirror(desk.mirror.text, seq=desk.mirror.seq)  # read back from the store
    assert desk.ana.versions(0) == []
    assert desk.ana.save(ESSAY + " Lightning!!", None, desk.now, base_seq=0).inferred


def test_much_of_others_is_not_deleted_without_proof_that_it_had_been_seen() -> None:
    desk = Desk("Title. ")
    foreign = desk.ben_writes("words of Ben " * (FOREIGN_DELETION // 10))
    desk.ana = Reader(desk.mirror, "a")  # a new connection, with an old text
    desk.ana_gets_the_text(arrives=False)
    saved = desk.ana_saves("Title. Mine. ")
    assert saved.additions_only and desk.mirror.text == foreign.replace("Title. ", "Title. Mine. ")
    desk.ana_saves("Title. Mine, too. ")
    assert desk.mirror.text == foreign.replace("Title. ", "Title. Mine, too. ")


def test_much_of_others_can_be_deleted_by_who_has_it() -> None:
    desk = Desk("Title. " + "words of Ben " * (FOREIGN_DELETION // 10))
    assert not desk.ana_saves("Title. ").additions_only
    assert desk.mirror.text == "Title. "


def test_letters_go_on_with_the_word_that_was_just_left_unfinished() -> None:
    """The page took a text without the "wor" that was under way, and the person typed on."""
    for pause, expected in ((0.2, "A world"), (JOIN_WITHIN + 1, "A wor ld")):
        desk = Desk("A ")
        desk.ana_saves("A wor", caret=5)
        desk.ana.arrived(desk.ana.sent(desk.now), desk.now)
        saved = desk.ana.save_from([desk.ana._versions[0]], "A ld", 4, desk.now + pause)
        assert saved.change.apply(desk.mirror.text) == expected


def test_a_word_typed_on_an_older_version_is_a_word_of_its_own() -> None:
    desk = Desk("A ")
    desk.ana_saves("A wor", caret=5)
    saved = desk.ana.save_from([desk.ana._versions[0]], "A words", 7, desk.now + 0.2)
    assert saved.change.apply(desk.mirror.text) == "A wor words"


def test_the_versions_kept_have_a_bound() -> None:
    desk = Desk()
    for _ in range(2 * KEPT_VERSIONS):
        desk.ben_writes("x")
        desk.ana_gets_the_text(arrives=False)
    assert len(desk.ana._versions) == KEPT_VERSIONS
    desk.now += KEPT_FOR + 1
    desk.ana.arrived(10**6, desk.now)
    desk.ana_gets_the_text()
    assert len(desk.ana._versions) == 2


def test_in_a_long_text_too_what_was_written_from_outlasts_a_link_that_is_stuck() -> None:
    """Six people write three seconds of text while a save is on its way."""
    desk = Desk("long " * 8000)
    desk.ben_writes("Of late. ")
    text = desk.ana_gets_the_text()
    for word in range(24):
        desk.ben_writes(f"ben{word} ")
        desk.ana_gets_the_text(arrives=False)
    saved = desk.ana_saves(f"{text}ana ", caret=len(text) + 4)
    assert saved.base.text == text
    assert desk.mirror.text.split()[-25:] == [*(f"ben{word}" for word in range(24)), "ana"]


def test_versions_that_were_sent_elsewhere_before_are_remembered_in_any_order() -> None:
    """Who comes back was sent some of them through the connection before, in another order."""
    desk = Desk("long " * 8000)
    for word in range(16):
        desk.ben_writes(f"ben{word} ")
    for back in (*range(8), *range(15)):
        count = desk.ana.sent(desk.now, desk.mirror.version_at(desk.mirror.seq - back))
    desk.ana.arrived(count, None)
    text = desk.mirror.text
    assert desk.ana_saves(f"{text}ana ").base.text == text


def test_a_client_that_was_sent_nothing_counts_as_having_the_head() -> None:
    desk = Desk()
    desk.ana = Reader(desk.mirror, "a")
    saved = desk.ana_saves(ESSAY + "!")
    assert saved.base.text == ESSAY and desk.mirror.text == ESSAY + "!"


@pytest.mark.parametrize("named", [True, False])
def test_a_version_that_the_mirror_has_forgotten_is_no_base(named: bool) -> None:
    desk = Desk("A ")
    for _ in range(KEPT_CHANGES + 2):
        desk.ben_writes("x")
    text = desk.mirror.text
    saved = desk.ana_saves(text + "!", base_seq=0 if named else None)
    assert saved.inferred and saved.base.text == text and desk.mirror.text == text + "!"


def test_the_caret_tells_two_explanations_apart() -> None:
    """Both versions are one hunk away; the person stands at only one of them."""
    desk = Desk("one two three four")
    desk.ana_saves("one two three four five", caret=23)
    desk.mirror.commit(9, Change.of(23, [Hunk(4, 4, "")]), "b")
    desk.ana_gets_the_text()
    saved = desk.ana_saves("one two three four", caret=18, after=0.05)
    assert saved.base.is_own and desk.mirror.text == "one three four"


def test_a_word_that_stands_there_is_not_taken_for_typed_again() -> None:
    """From the first version she would have typed Ben's word as well."""
    desk = Desk()
    text = desk.ben_writes(" Lightning")
    desk.ana_gets_the_text()
    saved = desk.ana_saves(text + " strikes!", after=0.05)
    assert saved.base.number == 1 and desk.mirror.text == text + " strikes!"


def test_a_version_that_came_while_the_page_waited_to_save_was_not_typed_on() -> None:
    """She put a word where Ben put one, half a second before her page saved it, as it does."""
    desk = Desk()
    own = ESSAY
    for word in ("One", "two", "three", "four", "five", "six"):
        own += f" {word}"
        desk.ana_saves(own, caret=len(own), after=1.0)
    desk.ana_gets_the_text()
    desk.now += 0.7
    head = desk.ben_writes(" Ben", at=len(ESSAY))
    desk.ana_gets_the_text()
    typed = own.replace(ESSAY, ESSAY + " Ana")
    desk.ana_saves(typed, caret=len(ESSAY) + 4, after=0.5)
    assert sorted(desk.mirror.text.split()) == sorted([*head.split(), "Ana"])


def test_where_two_readings_are_as_good_nothing_goes_that_only_one_deletes() -> None:
    """She took back what Ben wrote, or has not seen it and changed nothing: his words stay."""
    desk = Desk("one two three")
    desk.ana_saves("one two three four", caret=18)
    desk.now += 1
    head = desk.ben_writes(" Ben", at=18)
    desk.ana_gets_the_text()
    desk.ana_saves("one two three four", caret=18, after=0.3)
    assert desk.mirror.text == head


def test_a_text_that_is_another_one_all_over_is_compared_with_few_versions() -> None:
    words = [f"word{at}" for at in range(400)]
    desk = Desk(" ".join(words))
    for _ in range(20):
        desk.ben_writes(" more")
        desk.ana_gets_the_text()
    changed = " ".join(f"x{word}" if at % 2 else word for at, word in enumerate(words))
    bases = [(0.0, each) for each in desk.ana._candidates()]
    readings = desk.ana._readings(bases, changed, None, desk.now)
    assert len(readings) == 1


def test_the_pong_of_the_latest_version_says_how_long_the_link_is() -> None:
    desk = Desk()
    assert desk.ana.round_trip == 0.0
    count = desk.ana.sent(desk.now)
    desk.ana.arrived(count, desk.now + 0.25)
    assert desk.ana.round_trip == pytest.approx(0.25)
    desk.ana.arrived(count + 5, desk.now + 9)  # a number that was never sent
    assert desk.ana.round_trip == pytest.approx(0.25)


# ---- carets that slip -------------------------------------------------------------------------

BEFORE_DARK = ESSAY.index("dark")


class Typist(Desk):
    """Ana types a letter at a time, before "dark"; her page keeps the caret's offset."""

    def __init__(self, at: int = BEFORE_DARK) -> None:
        super().__init__()
        self.screen, self.caret = ESSAY, at
        self.types("ver")

    def types(self, letters: str) -> Saved:
        """Each letter is a save; returns the last."""
        for letter in letters:
            self.screen = self.screen[: self.caret] + letter + self.screen[self.caret :]
            self.caret += 1
            saved = self.ana_saves(self.screen, self.caret, after=0.15)
        return saved

    def erases(self, letters: int) -> None:
        self.caret -= letters
        self.screen = self.screen[: self.caret] + self.screen[self.caret + letters :]
        self.ana_saves(self.screen, self.caret, after=0.15)

    def gets_what_crossed(self, letters: str, *, by_ben: str = "", at: int = 0) -> None:
        """A text that is sent before these letters come in is on her screen behind them."""
        if by_ben:
            self.ben_writes(by_ben, at)
        text = self.ana_gets_the_text(arrives=False)
        self.types(letters)
        self.ana.arrived(self.ana._sent, self.now)
        self.screen = text


def text_with(words: str) -> str:
    return ESSAY[:BEFORE_DARK] + words + ESSAY[BEFORE_DARK:]


def test_letters_typed_where_the_caret_slipped_to_go_on_with_their_word() -> None:
    desk = Typist()
    desk.gets_what_crossed("yl")
    desk.types("ong ")
    assert desk.mirror.text == text_with("verylong ")


@pytest.mark.parametrize("at", [0, BEFORE_DARK, BEFORE_DARK + 8])
def test_so_they_do_where_others_write(at: int) -> None:
    desk = Typist()
    desk.gets_what_crossed("yl", by_ben="Ben. ", at=at)
    desk.types("o")
    desk.ben_writes("Oh! ", at=0)
    desk.types("ng")
    assert desk.mirror.text.replace("Ben. ", "") == f"Oh! {text_with('verylong')}"
    assert desk.mirror.text.count("Ben. ") == 1


def test_a_letter_taken_back_there_is_taken_from_that_word() -> None:
    desk = Typist()
    desk.gets_what_crossed("yl")
    desk.types("unt")
    desk.erases(2)
    desk.types("x ")
    assert desk.mirror.text == text_with("verylux ")


def test_what_somebody_puts_into_that_word_is_not_taken_back_with_it() -> None:
    desk = Typist()
    desk.gets_what_crossed("yl")
    desk.types("ong")
    desk.ben_writes("BEN ", at=desk.mirror.text.index("ong") + 1)
    desk.types("s")
    assert desk.mirror.text == text_with("veryloBEN ngs")
    for _ in "ongs":
        desk.erases(1)
        assert desk.mirror.text.count("BEN ") == 1
    assert desk.mirror.text == text_with("veryloBEN ng")


def test_a_caret_can_slip_again_before_the_word_is_done() -> None:
    desk = Typist()
    desk.gets_what_crossed("yl", by_ben="Ben. ")
    desk.types("o")
    desk.gets_what_crossed("n", by_ben="Oh! ")
    desk.types("g ")
    assert desk.mirror.text == "Oh! Ben. " + text_with("verylong ")


def test_the_next_word_stays_where_it_is_typed() -> None:
    desk = Typist()
    desk.gets_what_crossed("y")
    desk.types(" ")
    desk.caret = desk.screen.index("night")
    desk.types("wild ")
    assert desk.mirror.text == text_with("very ").replace("night", "wild night")


def test_who_goes_to_another_place_types_there() -> None:
    desk = Typist()
    desk.gets_what_crossed("y")
    desk.caret = desk.screen.index("ormy")
    desk.types("orm")
    assert desk.mirror.text == text_with("very").replace("stormy", "stormormy")


def test_a_word_that_comes_whole_is_none_that_goes_on() -> None:
    desk = Typist()
    desk.gets_what_crossed("y")
    desk.screen = desk.screen[: desk.caret] + "wild " + desk.screen[desk.caret :]
    desk.ana_saves(desk.screen, desk.caret + 5, after=0.15)
    assert "wild " in desk.mirror.text and "verywild" not in desk.mirror.text


def test_where_the_caret_stood_in_a_text_that_is_fallen_back_to_is_not_known() -> None:
    """The store refused what it then had after all: what that save told is forgotten."""
    desk = Typist(at=len(ESSAY))
    seq = desk.mirror.seq
    desk.screen = desk.ana_gets_the_text(arrives=False)
    desk.ana_saves("It", 2, after=0.15)
    own = desk.ana.own
    desk.ana.lost(seq)
    assert own is not None and desk.ana.own is not own
    desk.ana.fall_back(own)
    desk.ana.arrived(desk.ana._sent, desk.now)
    desk.types("y")
    assert desk.mirror.text.endswith("y")
