"""Each row of the ledger stands on a hold, and costs what its units and prices come to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from hub.common.money import ZERO, text, usd
from hub.common.reconciling import Finding, Row, by_batches
from usage.models import QuotaHold, UsageLog


class Ledger:
    """A unit without a price is flagged as `estimated`, and costs nothing."""

    name = "ledger"
    says = "each row of the ledger has a hold, and its cost is its units at its prices"

    def findings(self) -> Iterator[Finding]:
        """Row by row."""
        columns = ("id", "reference", "units", "prices", "cost", "estimate", "over_hold")
        return by_batches(UsageLog.objects.values(*columns), _examine)


def _examine(rows: Sequence[Row]) -> Iterator[Finding]:
    # A set and not an EXISTS, for which PostgreSQL may read all holds for each batch.
    jobs = {row["reference"] for row in rows}
    held = set(QuotaHold.objects.filter(reference__in=jobs).values_list("reference", flat=True))
    for row in rows:
        if row["reference"] not in held:
            yield _finding(row, "ledger_without_hold", "nothing was held for its job", {})
        ought = _cost(row)
        if row["cost"] != ought:
            says = "its cost is not its units at its prices"
            yield _finding(row, "ledger_cost", says, {"cost": text(row["cost"]), "units": text(ought)})
        if row["over_hold"] != (row["cost"] > row["estimate"]):
            facts = {"cost": text(row["cost"]), "held": text(row["estimate"]), "flagged": str(row["over_hold"]).lower()}
            yield _finding(row, "ledger_over_hold", "its flag of a cost above the hold is wrong", facts)


def _cost(row: Row) -> Decimal:
    prices = row["prices"]
    priced = (Decimal(prices[unit]["usd"]) * count for unit, count in row["units"].items() if unit in prices)
    return usd(sum(priced, ZERO))


def _finding(row: Row, kind: str, says: str, facts: dict[str, str]) -> Finding:
    facts = {"job": str(row["reference"]), **facts}
    return Finding(kind=kind, table="usage_logs", row=str(row["id"]), says=says, facts=facts)
