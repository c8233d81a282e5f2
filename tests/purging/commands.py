"""The commands as their callers see them."""

from __future__ import annotations

from io import StringIO

from django.core.management import CommandError, call_command

from audit.models import AuditLog


def purge(name: str, *options: str) -> tuple[int, str]:
    """Exit status and everything that was printed."""
    out = StringIO()
    try:
        call_command(name, *options, stdout=out, stderr=out)
    except CommandError as error:
        return error.returncode, f"{out.getvalue()}{error}"
    return 0, out.getvalue()


def figures(said: str) -> list[str]:
    """What was printed, without the last line (how long it took, or that it was a dry run)."""
    return said.splitlines()[:-1]


def entries() -> list[dict[str, object]]:
    """What the audit trail says of purges, oldest first."""
    return list(AuditLog.objects.filter(action="purge.ran").order_by("id").values_list("data", flat=True))
