"""Backups, sealed and on record, and the drills that restore them."""
