"""Use cases and the rooms at work: the order of effects, concurrency, time limits."""
