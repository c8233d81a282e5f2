#!/usr/bin/env python
"""The operators' door: `python manage.py help`."""

from __future__ import annotations

import os
import sys

from django.core.management import execute_from_command_line

from hub.local.bootstrap import ensure_servers
from hub.starting import explained


def main() -> None:
    """Runs one command; without DATABASE_URL and REDIS_URL on the embedded servers, started when none run yet."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")
    with ensure_servers(sys.argv), explained():
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
