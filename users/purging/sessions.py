"""Sessions that have expired."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone

from hub.common.purging import Counts, Purge, Rows
from users.privacy.legal_hold import held_users

NAME = "purge_sessions"


def purge_sessions(*, days: int) -> Purge:
    """Those that expired so many days ago; not those of accounts under legal hold."""
    before = timezone.now() - timedelta(days=days)
    old = Session.objects.filter(expire_date__lt=before)
    says = f"sessions that expired before {before:%Y-%m-%d %H:%M} UTC"
    return Purge(NAME, says, [Rows(name="django_session", rows=old, act=_delete)])


def _delete(rows: QuerySet[Session]) -> Counts:
    held = {str(id) for id in held_users()}
    if held:
        # A session says only within whose it is.
        kept = [each.session_key for each in rows if each.get_decoded().get("_auth_user_id") in held]
        rows = rows.exclude(session_key__in=kept)
    return {"django_session": rows._raw_delete(rows.db)}
