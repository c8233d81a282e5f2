"""What must agree of the money: periods with holds, holds with the ledger, the ledger with its sums by day."""

from __future__ import annotations

from hub.common.reconciling import Check
from usage.reconciling.days import Days
from usage.reconciling.holds import Holds
from usage.reconciling.ledger import Ledger
from usage.reconciling.periods import Periods

CHECKS: tuple[Check, ...] = (Periods(), Holds(), Ledger(), Days())

__all__ = ["CHECKS"]
