"""The wire formats, held to ``vectors/wire/*.json``."""
