"""The web process."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from hub.api.chunked import ChunkedBodies

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")

application = ChunkedBodies(get_wsgi_application())
