"""What decides: rooms, their text and their rules, without I/O, clocks or chance."""
