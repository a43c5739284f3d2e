"""Simulated people write in one essay over slow links, and the words it costs are counted.

Time is virtual: half a minute of writing takes a twentieth of a second, and a seed gives the same
schedule again. ``python -m bench.merging --help`` says how to run it; ``docs/merging.md`` has the
results.
"""
