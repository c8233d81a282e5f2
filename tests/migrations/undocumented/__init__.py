"""Migrations of a test: one that does not say what it is for."""
