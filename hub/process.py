"""What this process is called where others see it."""

from __future__ import annotations

import os
from collections.abc import Sequence

PROGRAMS = {"gunicorn": "web", "celery": "worker"}


def process_name(argv: Sequence[str]) -> str:
    """`hub web`, `hub worker`, or `hub` and the command of manage.py: `hub clock`, `hub migrate`."""
    folder, program = os.path.split(argv[0]) if argv else ("", "")
    if program == "manage.py" and len(argv) > 1:
        return f"hub {argv[1]}"
    # `python -m gunicorn` shows as .../gunicorn/__main__.py.
    known = PROGRAMS.get(program) or PROGRAMS.get(os.path.basename(folder))
    return f"hub {known}" if known else "hub"
