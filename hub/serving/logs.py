"""gunicorn's own lines, in the form and through the filters of everybody's."""

from __future__ import annotations

import os
import sys
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from gunicorn.glogging import Logger

from hub.logs import configure

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")


class HubLogger(Logger):  # type: ignore[misc]
    """As gunicorn's, without handlers of its own. A setting that is wrong stops the server with one line."""

    def setup(self, cfg: Any) -> None:
        """Called by gunicorn at its start and when it is told to read its configuration again."""
        super().setup(cfg)
        try:
            configure(settings.LOGGING)
        except ImproperlyConfigured as error:
            sys.exit(f"error: {error}")
        for log in (self.error_log, self.access_log):
            log.handlers.clear()
            log.propagate = True
