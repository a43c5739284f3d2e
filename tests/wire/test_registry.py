"""Paths: which dialect, which room."""

from __future__ import annotations

import pytest

from tests.wire import vectors
from tests.wire.vectors import Vector
from workroom.protocol.essays import EssayDialect
from workroom.protocol.projects import ProjectDialect
from workroom.protocol.registry import Registry


@pytest.mark.parametrize(
    "vector", vectors.load("paths"), ids=lambda vector: ascii(vector["path"])[:40]
)
def test_a_path_leads_to_its_room_or_nowhere(vector: Vector) -> None:
    """One spelling for each number; nothing outside the documented paths."""
    route = Registry().match(vector["path"])
    if vector["dialect"] is None:
        assert route is None
    else:
        assert route is not None
        assert route.dialect.name == vector["dialect"]
        assert (route.room and str(route.room)) == vector["room"]


def test_a_registry_speaks_the_dialects_it_was_given() -> None:
    """So that the operator's limits hold."""
    essays, projects = EssayDialect(max_rooms=3), ProjectDialect(max_rooms=5)
    registry = Registry(essays, projects)
    for path, dialect, limit in (("/ws/essays/1/", essays, 3), ("/", projects, 5)):
        route = registry.match(path)
        assert route is not None
        assert route.dialect is dialect
        assert route.dialect.max_rooms == limit


@pytest.mark.parametrize("path", ["/yjs/essays/1", "/yjs/essays/1/"])
def test_yjs_editors_have_a_path_for_each_essay(path: str) -> None:
    route = Registry().match(path)
    assert route is not None
    assert (route.dialect.name, str(route.room)) == ("yjs", "essay:1")


@pytest.mark.parametrize(
    "path",
    [
        "/yjs/essays/",
        "/yjs/essays/0",
        "/yjs/essays/01",
        "/yjs/essays/+1",
        "/yjs/essays/1//",
        "/yjs/essays/9007199254740992",
        "/yjs/projects/1",
        "/yjs",
    ],
)
def test_no_other_path_is_one_of_theirs(path: str) -> None:
    assert Registry().match(path) is None
