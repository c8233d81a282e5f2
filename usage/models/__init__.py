"""How much: prices, quotas and their periods, holds, grants, and the ledger. Amounts are US dollars."""

from __future__ import annotations

from usage.models.ledger import UsageDaily, UsageLog
from usage.models.prices import ModelPrice
from usage.models.quotas import Quota, QuotaGrant, QuotaHold, QuotaPeriod

__all__ = ["ModelPrice", "Quota", "QuotaGrant", "QuotaHold", "QuotaPeriod", "UsageDaily", "UsageLog"]
