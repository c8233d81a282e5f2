"""The project as an app: its commands and checks are found, and every process knows the broker."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig

from hub.celery import app as celery_app

__all__ = ["HubConfig", "celery_app"]


class HubConfig(AppConfig):
    name = "hub"

    def ready(self) -> None:
        """What looks at models or settings, and therefore waits for them."""
        import_module("hub.model_checks")
        import_module("hub.neon.after_migrating")
        import_module("hub.neon.checks").stop_on_errors()
