"""Several servers for the same rooms: what they tell each other, and how rooms follow."""
