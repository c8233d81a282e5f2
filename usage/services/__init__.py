"""Writes: hold and settle, log, set limits, load prices.

What moves money is one transaction with the caller's: an exception out of a service marks that transaction for
rollback, so that after a refusal nothing can remain.
"""

from __future__ import annotations

from usage.selectors import rate_card
from usage.services.holds import hold_quota, lock_quota_of, release_hold, settle_hold
from usage.services.ledger import log_usage
from usage.services.prices import load_prices, plan_prices
from usage.services.quotas import grant_credit, set_quota

__all__ = [
    "grant_credit",
    "hold_quota",
    "load_prices",
    "lock_quota_of",
    "log_usage",
    "plan_prices",
    "rate_card",
    "release_hold",
    "set_quota",
    "settle_hold",
]
