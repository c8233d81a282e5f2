"""The rules of NEON.md as questions: whether each holds on the connected database, under these settings, in this tree."""
