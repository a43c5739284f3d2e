"""Looking into files that strangers sent: always in a process of its own."""

from workroom.adapters.media.inspector import ChildInspector

__all__ = ["ChildInspector"]
