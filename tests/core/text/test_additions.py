"""Changes that do less than a save seems to."""

import pytest

from workroom.core.text import diff
from workroom.core.text.merging.additions import unmoved


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("a mine theirs end", "a theirs mine end", "a mine theirs end"),
        ("a mine theirs end", "a theirs mine more end", "a mine more theirs end"),
        ("mine theirs end", "theirs mine more end", "mine more theirs end"),
        ("a mine b c d end", "a b c d end mine", "a mine b c d end"),
        ("a mine b end", "a b end", "a b end"),  # deleted, and nowhere else
        ("a an b c d end", "a b c d an end", "a b c d an end"),  # too short to be sure
    ],
)
def test_words_that_were_only_moved_stay_where_they_were(
    before: str, after: str, expected: str
) -> None:
    assert unmoved(diff(before, after), before).apply(before) == expected
