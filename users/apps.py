"""Who."""

from __future__ import annotations

from django.apps import AppConfig


class UsersConfig(AppConfig):
    """Accounts, API keys and the ways in."""

    name = "users"
