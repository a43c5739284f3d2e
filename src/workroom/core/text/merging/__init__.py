"""Which text a save was written from, and what its author changed."""
