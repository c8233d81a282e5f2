"""The project as an app: its commands and checks are found, and every process knows the broker."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig
from django.db.backends.signals import connection_created

from hub.celery import app as celery_app
from hub.logs import log_what_nobody_caught
from hub.metrics import connections

__all__ = ["HubConfig", "celery_app"]


class HubConfig(AppConfig):
    name = "hub"

    def ready(self) -> None:
        """What looks at models or settings waits for them; every connection to the database is watched."""
        import_module("hub.neon.after_migrating")
        import_module("hub.neon.checks").stop_on_errors()
        import_module("hub.model_checks")
        connection_created.connect(connections.watch, dispatch_uid="hub.metrics")
        log_what_nobody_caught()
