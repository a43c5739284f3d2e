"""Immutable values of which every message makes a dozen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(cls: type[T]) -> type[T]:
    """A dataclass with slots that nobody may assign to, which the type checker sees to.

    ``dataclass(frozen=True)`` also sees to it at run time, and for that sets every field through
    ``object.__setattr__``: such an object takes four times as long to make.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)
