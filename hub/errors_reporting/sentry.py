"""Sentry's SDK, told to say as little as it can. Imported only when a DSN is set."""

from __future__ import annotations

from typing import Any

import sentry_sdk
from django.conf import settings
from sentry_sdk.integrations.celery import CeleryIntegration
from sentry_sdk.integrations.django import DjangoIntegration
from sentry_sdk.integrations.logging import LoggingIntegration

from hub.errors_reporting.scrubbing import scrub


def begin(process: str, *, dsn: str) -> None:
    """From now on what nobody handles, and each line of level ERROR, is reported, after `scrub`."""
    sentry_sdk.init(
        dsn=dsn,
        release=settings.RELEASE or None,
        send_default_pii=False,
        include_local_variables=False,
        include_source_context=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        server_name="",
        before_send=_before_send,
        auto_enabling_integrations=False,
        auto_session_tracking=False,
        send_client_reports=False,
        integrations=[DjangoIntegration(), CeleryIntegration(), LoggingIntegration(level=None)],
    )
    sentry_sdk.set_tag("process", process)


def _before_send(event: Any, hint: Any) -> Any:
    return scrub(event, hint)
