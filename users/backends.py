"""Signing in with email and password."""

from __future__ import annotations

from django.contrib.auth.backends import ModelBackend


class EmailBackend(ModelBackend):
    """Django's own, by the manager's get_by_natural_key.

    Its name of its own tells Django's check of the user model that the sign-in field need not be unique as a column:
    two seals of one address differ, and its index is what is unique.
    """
