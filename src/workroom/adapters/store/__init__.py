"""Where rooms and accounts are kept: on one SQLite file, or in memory."""

from workroom.adapters.store.memory import MemoryStore
from workroom.adapters.store.sqlite import SqliteStore

__all__ = ["MemoryStore", "SqliteStore"]
