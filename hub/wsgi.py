"""Django as the threads of the web process run it."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from hub.starting import NEVER_BOOTS, explained

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")

with explained(status=NEVER_BOOTS):
    application = get_wsgi_application()
