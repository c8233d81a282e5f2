"""A stand-in for Google's generative HTTP API, on the wire: `python -m generations.simulator --help`.

It runs as a process of its own, imports nothing of the hub and needs no database. Development, the demonstration
and the tests talk to it through the real SDK; with real credentials the same code talks to Google.
"""
