"""What goes wrong with backups, drills and Neon's API, each in one line that says what to do."""

from __future__ import annotations


class OperationFailed(Exception):
    """It was not done, and nothing of it is left behind; the message is for the operator."""


class BackupBroken(OperationFailed):
    """The stored backup is not what was written: another key, cut short, or changed."""
