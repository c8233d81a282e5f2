"""The one way in which the benchmark fails."""

from __future__ import annotations


class WorkWentWrong(Exception):
    """A job did not succeed, a request was refused, or the books do not balance."""
