"""Words, tokens and clusters."""

from __future__ import annotations

import pytest

from workroom.core.text.words import in_word, splits_cluster, tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("don't stop", ["don", "'", "t", " ", "stop"]),
        ("snake_case 42.", ["snake_case", " ", "42", "."]),
        ("étude E\u0301tude", ["étude", " ", "E\u0301tude"]),
        ("नमस्ते दुनिया", ["नमस्ते", " ", "दुनिया"]),
        ("漢字ab", ["漢", "字", "ab"]),
        ("ดีก", ["ดี", "ก"]),
        ("می\u200cخواهم", ["می\u200cخواهم"]),
        ("😀😀 ☎", ["😀😀", " ", "☎"]),
        (
            "so🏴\U000e0067\U000e0062\U000e007f, 🇩🇪x",
            ["so🏴\U000e0067\U000e0062\U000e007f", ",", " ", "🇩🇪x"],
        ),
        ("漢👍🏽字", ["漢", "👍🏽", "字"]),
        ("", []),
    ],
)
def test_text_is_cut_into_words_blanks_and_signs(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected
    assert "".join(tokens(text)) == text


def test_letters_digits_underscores_emoji_and_their_marks_are_in_words() -> None:
    assert all(map(in_word, "aZ9_éß\u0301यी😀❤\ufe0f🏽🇩\U000e0067"))
    assert not any(map(in_word, " .'\n—€"))


def test_scripts_without_blanks_have_no_words() -> None:
    assert not any(map(in_word, "漢かカดี"))


@pytest.mark.parametrize(
    "cluster",
    [
        "e\u0301",
        "e\u0301\u0302",
        "👩\u200d👩\u200d👧",
        "👍🏽",
        "🇩🇪",
        "☺\ufe0f",
        "\r\n",
        "नि",
        "1\ufe0f\u20e3",
    ],
)
def test_a_cluster_is_never_cut(cluster: str) -> None:
    text = f"x{cluster}y"
    cuts = [at for at in range(len(text) + 1) if not splits_cluster(text, at)]
    assert cuts == [0, 1, len(text) - 1, len(text)]


def test_flags_are_cut_between_pairs() -> None:
    text = "🇩🇪🇫🇷"
    assert [splits_cluster(text, at) for at in range(5)] == [False, True, False, True, False]


def test_ordinary_letters_are_cut_anywhere() -> None:
    text = "añ 漢a\n"
    assert not any(splits_cluster(text, at) for at in range(-1, len(text) + 2))
