"""Use cases of REST and the command line."""
