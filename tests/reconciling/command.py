"""The command as its callers see it."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

from django.core.management import CommandError, call_command


def reconcile(*options: str) -> tuple[int, str]:
    """Exit status and everything that was printed."""
    out = StringIO()
    try:
        call_command("reconcile_usage", *options, stdout=out, stderr=out)
    except CommandError as error:
        return error.returncode, f"{out.getvalue()}{error}"
    return 0, out.getvalue()


def findings(*options: str) -> list[dict[str, Any]]:
    """As --json has them, without the last line."""
    _, said = reconcile("--json", *options)
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert lines[-1]["found"] == len(lines) - 1
    return lines[:-1]
