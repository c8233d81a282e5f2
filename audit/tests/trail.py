"""A trail to seal and to tamper with, and the commands as their callers see them."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import StringIO
from typing import Any

from django.core.management import CommandError, call_command
from django.utils import timezone

from audit.actions import Action
from audit.models import AuditLog
from audit.sealing import Sealed, seal_next
from audit.services import record
from hub.common.ids import uuid7
from tests.owner import as_owner


def write(number: int, *, minutes_ago: float = 10, **facts: Any) -> list[AuditLog]:
    """So many entries, a second apart, the first one so many minutes ago."""
    started = timezone.now() - timedelta(minutes=minutes_ago)
    return [
        written_at(started + timedelta(seconds=n), **({"step": n, "ip": f"192.0.2.{n % 250}"} | facts))
        for n in range(number)
    ]


def written_at(moment: datetime, **facts: Any) -> AuditLog:
    """An entry of that moment, as a host whose clock shows it would write it."""
    made = record(action=Action.QUOTA_SET, actor_label="staff", target=("user", uuid7()), **facts)
    owner().execute("UPDATE audit_logs SET created_at = %s WHERE id = %s", [moment, made.id])
    return AuditLog.objects.get(id=made.id)


def seal_all() -> list[Sealed]:
    made = []
    while (done := seal_next()).number is not None:
        made.append(done)
    return made


class owner:
    """The owner of the database with its triggers asleep: what an administrator can do."""

    def __enter__(self) -> owner:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def execute(self, statement: str, parameters: Any = None) -> int:
        """How many rows it touched."""
        return as_owner(statement, parameters, past_triggers=True)


def verify(*options: str) -> tuple[int, str]:
    """Exit status and everything that `verify_audit` printed."""
    return run("verify_audit", *options)


def run(*words: str) -> tuple[int, str]:
    out, err = StringIO(), StringIO()
    try:
        call_command(*words, stdout=out, stderr=err)
    except CommandError as error:
        return 1, f"{out.getvalue()}{error}"
    return 0, out.getvalue()
