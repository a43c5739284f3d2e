"""What stays on its words while the text changes."""
