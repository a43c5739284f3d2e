"""Wire formats: bytes to commands, events to bytes, and nothing else."""
