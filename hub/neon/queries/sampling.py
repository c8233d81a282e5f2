"""What to ask for when queries are measured: an account that uses the hub much, and objects of it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db.models import Model
from django.utils import timezone

from generations.models import Generation, WebhookEndpoint
from hub.common.ids import uuid7
from hub.common.named_queries import Sample
from media.models import Media
from usage.models import UsageLog
from users.models import ApiKey, User

MONTH = timedelta(days=30)


def busiest_sample() -> Sample:
    """Of the connected database: the account that was charged last, else none that is there."""
    last = UsageLog.objects.order_by("-created_at", "-id").first()
    return sample_of(User(id=uuid7()) if last is None else last.user)


def sample_of(user: User) -> Sample:
    """What to ask for about that account; an id of nothing where it has none."""
    now = timezone.now()
    jobs = Generation.objects.filter(owner=user)
    ended = jobs.filter(finished_at__isnull=False).exclude(kind="text").order_by("-id").first()
    queued = jobs.filter(status=Generation.Status.QUEUED).order_by("-id").first()
    file = None if ended is None else Media.objects.filter(reference=ended.id).first()
    endpoint = WebhookEndpoint.objects.filter(owner=user).order_by("-id").first()
    key = ApiKey.objects.filter(owner=user).first()
    return Sample(
        user_id=user.id,
        email=user.email or "nobody@example.org",
        key_id=_id(key),
        prefix=key.prefix if key else "none",
        generation_id=_id(ended),
        queued_id=_id(queued),
        media_id=_id(file),
        endpoint_id=_id(endpoint),
        now=now,
        month=now - MONTH,
    )


def _id(row: Model | None) -> UUID:
    return uuid7() if row is None else row.pk
