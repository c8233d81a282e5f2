#!/usr/bin/env python
"""The operators' door: `python manage.py help`."""

from __future__ import annotations

import os
import sys

from django.core.management import execute_from_command_line

from hub.common.actor import OPERATOR, acting_as
from hub.common.request_id import accepted, working_for
from hub.local.bootstrap import ensure_servers
from hub.starting import explained

# Processes that run on by themselves; all other commands are what an operator does.
NOT_OPERATORS = {"clock": "clock", "runstack": "", "runserver": ""}


def main() -> None:
    """Runs one command; without DATABASE_URL and REDIS_URL on the embedded servers, started when none run yet.

    What it changes is on the audit trail as the operator's, all of one run under one id.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")
    label = NOT_OPERATORS.get(" ".join(sys.argv[1:2]), OPERATOR)
    request_id = accepted(None) if label == OPERATOR else ""
    with acting_as(label), working_for(request_id), ensure_servers(sys.argv), explained():
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
