"""Tasks, from being begun by people to their end, whatever happens to workers."""
