"""One room at work, and the way between it, the store and its members."""
