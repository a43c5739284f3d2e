"""``workroom bench truth``: load on a running server, and the truth about what it confirmed.

Clients of every kind (``essays``, ``projects``, ``plain``, ``editors``) write marked words,
feedback and fields in worker processes (``worker``), lose their connections, come back, and write
down whatever they asked and were told (``history``). Meanwhile things are broken on purpose
(``faults``, ``gates``, ``services``). Afterwards ``checker``, which knows nothing but those
histories, looks for what must not be. ``run`` holds it together.
"""
