"""The web process."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from hub.celery import app as celery_app

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")

# Imported so that tasks published by the web process know their broker.
__all__ = ["application", "celery_app"]

application = get_wsgi_application()
