"""The rules of NEON.md as questions: does each hold on the connected database, under these settings, in this tree?"""
