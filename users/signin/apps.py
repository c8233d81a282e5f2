"""The console, as Django finds it."""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class ConsoleConfig(AdminConfig):
    """Django's admin behind our sign-in."""

    default_site = "users.signin.console.ConsoleSite"
