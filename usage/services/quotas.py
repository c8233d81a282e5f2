"""Sets limits and gives credit."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from audit.actions import Action
from audit.services import record
from hub.common.money import text, usd
from usage.models import Quota, QuotaGrant, QuotaPeriod
from usage.periods import bounds
from usage.services.holds import start_periods
from users.models import User


@transaction.atomic
def set_quota(
    *, user: User, kind: str, period: str, limit: Decimal, actor: User | None, api_key_id: UUID | None = None
) -> Quota:
    """Sets what `user` may spend on `kind` ("": on every kind) in each `period`, from the current one on; audited.

    `limit` is US dollars, zero or more; one below what is spent and held refuses new holds and touches no running job.
    A second call with the same limit changes nothing but is audited again. `actor` None: an operator's command. With
    the id of one of the user's API keys it is that key's cap.
    """
    made, is_new = Quota.objects.get_or_create(
        user=user, api_key_id=api_key_id, kind=kind, period=period, defaults={"limit": usd(limit)}
    )
    quota = Quota.objects.select_for_update(no_key=True).get(pk=made.pk)
    former, quota.limit = quota.limit, usd(limit)
    quota.save(update_fields=["limit"])
    current = QuotaPeriod.objects.filter(quota=quota, starts_at=bounds(period, timezone.now()).starts_at)
    current.update(limit=quota.limit, last_updated_at=timezone.now())
    record(
        action=Action.QUOTA_SET,
        actor_id=actor.pk if actor else None,
        target=("quota", quota.pk),
        subject_id=user.pk,
        user=str(user.pk),
        api_key_id=api_key_id,
        kind=kind,
        period=period,
        limit_usd=text(quota.limit),
        former_limit_usd=None if is_new else text(former),
    )
    return quota


@transaction.atomic
def grant_credit(
    *, quota: Quota, amount: Decimal, reason: str, granted_by: User | None, expires_at: datetime | None = None
) -> QuotaGrant:
    """Gives `amount` US dollars (above zero) on top of the current period of `quota`, at once; audited.

    It ends with the period, or at `expires_at`; a hold that it made possible stays. A second call gives it again.
    """
    now = timezone.now()
    start_periods([quota.pk], now)
    grant = QuotaGrant.objects.create(
        quota_period=QuotaPeriod.objects.get(quota=quota, starts_at=bounds(quota.period, now).starts_at),
        amount=usd(amount),
        reason=reason,
        granted_by=granted_by,
        effective_at=now,
        expires_at=expires_at,
    )
    record(
        action=Action.QUOTA_GRANTED,
        actor_id=granted_by.pk if granted_by else None,
        target=("quota_grant", grant.pk),
        subject_id=quota.user_id,
        user=str(quota.user_id),
        amount_usd=text(grant.amount),
        expires_at=expires_at.isoformat() if expires_at else None,
    )
    return grant
