"""Workroom: the real-time collaboration server for essays and projects."""

__version__ = "0.1.0"

__all__ = ["__version__"]
