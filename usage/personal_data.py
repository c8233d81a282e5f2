"""What this app holds of a person, and what becomes of it (see hub/common/personal_data.py).

Amounts, units, models and days stay, to the last digit, under a surrogate. Everything by which a row could be joined
to the audit trail, which names the account, is replaced by something else that joins what belongs together here: ids,
the job's reference, the moment within the day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from hub.common.errors import HubError
from hub.common.personal_data import ANONYMISE, EXPORT, KEEP, Erasure, Holdings, Table, classified
from usage.enums import HoldState
from usage.models import Quota, QuotaGrant, QuotaHold, QuotaPeriod, UsageLog
from users.privacy.errors import HoldsOpen

# A grant must have a reason.
ERASED = "erased"


def _hold(erasure: Erasure) -> Mapping[str, Any]:
    return {
        "id": erasure.scrambled("id"),
        "created_at": erasure.day("created_at"),
        "reference": erasure.scrambled("reference"),
        "user": erasure.surrogate_id,
        "periods": erasure.scrambled_each("periods"),
        "expires_at": erasure.day("expires_at"),
        "closed_at": erasure.day("closed_at"),
    }


def _quota(erasure: Erasure) -> Mapping[str, Any]:
    return {
        "id": erasure.scrambled("id"),
        "created_at": erasure.day("created_at"),
        "user": erasure.surrogate_id,
        "api_key": erasure.scrambled("api_key_id"),
    }


def _period(erasure: Erasure) -> Mapping[str, Any]:
    return {
        "id": erasure.scrambled("id"),
        "created_at": erasure.day("created_at"),
        "quota": erasure.scrambled("quota_id"),
        "last_updated_at": erasure.day("last_updated_at"),
    }


def _grant(erasure: Erasure) -> Mapping[str, Any]:
    return {
        "id": erasure.scrambled("id"),
        "created_at": erasure.day("created_at"),
        "quota_period": erasure.scrambled("quota_period_id"),
        "reason": ERASED,
        "effective_at": erasure.day("effective_at"),
    }


def _log(erasure: Erasure) -> Mapping[str, Any]:
    return {
        "id": erasure.scrambled("id"),
        "created_at": erasure.day("created_at"),
        "user": erasure.surrogate_id,
        "api_key_id": None,
        "reference": erasure.scrambled("reference"),
        "attempt_id": erasure.scrambled("attempt_id"),
        "provider_request_id": "",
        "request_id": "",
        "tags": None,
    }


class UsageHoldings(Holdings):
    """The tables below."""

    def blocks(self, user_id: UUID) -> Sequence[HubError]:
        """Holds that are open."""
        count = QuotaHold.objects.filter(user_id=user_id, state=HoldState.HELD).count()
        return [HoldsOpen(open=count)] if count else ()


HOLDINGS = UsageHoldings(
    Table(
        model=QuotaHold,
        of=lambda user_id: QuotaHold.objects.filter(user_id=user_id),
        columns=classified(
            {
                ANONYMISE: "user periods expires_at",
                ANONYMISE | EXPORT: "id created_at reference closed_at",
                KEEP | EXPORT: "kind amount state cost",
            }
        ),
        changes=_hold,
    ),
    Table(
        model=Quota,
        of=lambda user_id: Quota.objects.filter(user_id=user_id),
        columns=classified(
            {ANONYMISE: "user", ANONYMISE | EXPORT: "id created_at api_key", KEEP | EXPORT: "kind period limit"}
        ),
        changes=_quota,
    ),
    Table(
        model=QuotaPeriod,
        of=lambda user_id: QuotaPeriod.objects.filter(quota__user_id=user_id),
        pinned=True,
        columns=classified(
            {
                ANONYMISE: "created_at last_updated_at",
                ANONYMISE | EXPORT: "id quota",
                KEEP | EXPORT: "starts_at ends_at limit spent held",
            }
        ),
        changes=_period,
    ),
    Table(
        model=QuotaGrant,
        of=lambda user_id: QuotaGrant.objects.filter(quota_period__quota__user_id=user_id),
        pinned=True,
        columns=classified(
            {
                KEEP: "granted_by",
                ANONYMISE | EXPORT: "id created_at quota_period reason effective_at",
                KEEP | EXPORT: "amount expires_at voided_at",
            }
        ),
        changes=_grant,
    ),
    Table(
        model=UsageLog,
        of=lambda user_id: UsageLog.objects.filter(user_id=user_id),
        columns=classified(
            {
                ANONYMISE: "user",
                ANONYMISE | EXPORT: "id created_at api_key_id reference attempt_id provider_request_id request_id tags",
                KEEP: "over_hold",
                KEEP | EXPORT: "model kind units prices cost estimate latency_ms outcome confirmed estimated",
            }
        ),
        changes=_log,
    ),
    nobody={
        "usage_daily": "sums of everybody's use of a day; one account among them cannot be told",
        "model_prices": "what models cost",
    },
)
