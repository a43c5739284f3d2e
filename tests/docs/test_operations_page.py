from __future__ import annotations

import re

import pytest

from docs_kit import read, rows
from workroom.observe import REGISTRY

LISTED = rows(read("docs", "operations.md"))
_NAMED = re.compile(r"`[^`\n]*?(workroom_[a-z_]+)(?:\{(\w+)=[^}]*\})?[^`\n]*`")


def test_every_metric_is_on_the_page_with_its_kind_and_labels() -> None:
    for metric in REGISTRY.collect():
        name = f"{metric.name}_total" if metric.type == "counter" else metric.name
        assert LISTED[name][0].startswith(metric.type), name
        for sample in metric.samples:
            for label in set(sample.labels) - {"le"}:
                assert f"`{label}`" in LISTED[name][0], (name, label)


def test_no_metric_is_on_the_page_that_does_not_exist() -> None:
    real = {
        f"{metric.name}_total" if metric.type == "counter" else metric.name
        for metric in REGISTRY.collect()
    }
    assert {name for name in LISTED if name.startswith("workroom_")} == real


@pytest.mark.parametrize("page", ["operations.md", "sizing.md"])
def test_every_metric_that_an_alarm_is_to_be_set_on_exists_with_its_label(page: str) -> None:
    named = _NAMED.findall(
        re.sub(r"^```.*?^```$", "", read("docs", page), flags=re.MULTILINE | re.DOTALL)
    )
    assert len(named) > 5
    for full_name, label in named:
        name = full_name.removesuffix("_bucket")
        assert name in LISTED, name
        assert not label or f"`{label}`" in LISTED[name][0], (name, label)
