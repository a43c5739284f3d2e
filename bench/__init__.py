"""Measures the running server against the usual ways to do the same. See ``README.md``."""
