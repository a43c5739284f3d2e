"""Pages, Yjs editors and a program in one essay at once, on links that break: no word is lost.

The whole run, ten minutes of it, is ``python -m bench.mixed``.
"""

from __future__ import annotations

from pathlib import Path

from bench.mixed.run import mixed

from tests.net.live import running


async def test_six_clients_of_four_kinds_end_with_the_same_text_and_every_word(
    tmp_path: Path,
) -> None:
    with running(tmp_path) as server:
        result = await mixed(server, seed=7, seconds=20.0)
    assert result.failures() == []
    assert min(result.saves.values()) > 5
    assert sum(result.breaks.values()) > 0
    assert result.total("kept") > result.total("lost") == 0
