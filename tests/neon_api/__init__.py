"""Neon's API, and what the hub does with it, against a stand-in over HTTP."""
