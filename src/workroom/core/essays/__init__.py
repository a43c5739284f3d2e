"""The room of an essay: its state, its text, who writes and reads it, and what each is told."""
