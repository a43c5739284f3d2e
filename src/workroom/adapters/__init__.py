"""What the ports stand for in earnest: databases, keys, passwords, the clock."""
