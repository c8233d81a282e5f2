"""Errors that nobody handled, reported to Sentry when SENTRY_DSN is set; off otherwise, and nothing is imported."""

from __future__ import annotations

from django.conf import settings
from django.utils.module_loading import import_string

BEGIN = "hub.errors_reporting.sentry.begin"


def start(process: str) -> None:
    """Begins to report when SENTRY_DSN is set; `process` is web, worker or clock."""
    if settings.SENTRY_DSN:
        import_string(BEGIN)(process, dsn=settings.SENTRY_DSN)
