"""Buses: within one process, and by a Redis or Valkey server."""

from workroom.adapters.bus.memory import MemoryBus, Wire

__all__ = ["MemoryBus", "Wire"]
