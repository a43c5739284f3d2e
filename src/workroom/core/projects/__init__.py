"""The room of a project: its state, its canvases, and the tasks that work on them."""
