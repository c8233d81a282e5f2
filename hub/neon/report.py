"""What a project of Neon's costs: its branches by age, and this month's consumption against a budget.

The rates and the arithmetic are those of Neon's page "Usage and cost calculations" (2026-05-28): a month has 744 hours,
a gigabyte is 10^9 bytes. By day, as here, branches beyond the plan's may be counted a little low.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from hub.neon.api import Json, NeonApi

HOURS = Decimal(744)
GIGABYTE = Decimal(10**9)
DAY_HOURS = 24
# The first gigabytes to the public network are free, for the whole organisation.
FREE_TRANSFER_GB = Decimal(100)
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Plan:
    """What differs between plans: the price of one CU-hour, and how many child branches are included."""

    name: str
    compute: Decimal
    branches: int


LAUNCH = Plan("launch", Decimal("0.106"), 9)
SCALE = Plan("scale", Decimal("0.222"), 24)
# US dollars for one unit, and what makes a unit of the raw figure.
RATES: Mapping[str, tuple[Decimal, Decimal]] = {
    "compute_unit_seconds": (Decimal(0), Decimal(3600)),
    "root_branch_bytes_month": (Decimal("0.35"), HOURS * GIGABYTE),
    "child_branch_bytes_month": (Decimal("0.35"), HOURS * GIGABYTE),
    "instant_restore_bytes_month": (Decimal("0.20"), HOURS * GIGABYTE),
    "snapshot_storage_bytes_month": (Decimal("0.09"), HOURS * GIGABYTE),
    "public_network_transfer_bytes": (Decimal("0.10"), GIGABYTE),
    "private_network_transfer_bytes": (Decimal("0.01"), GIGABYTE),
    "extra_branches_month": (Decimal("1.50"), HOURS),
}
UNITS = {"compute_unit_seconds": "CU-hours", "extra_branches_month": "branch-months"}


@dataclass(frozen=True, slots=True)
class Line:
    """One metric of the month so far, in billing units."""

    metric: str
    amount: Decimal
    usd: Decimal

    @property
    def unit(self) -> str:
        """CU-hours, GB-months, GB or branch-months."""
        return UNITS.get(self.metric, "GB-months" if self.metric.endswith("_month") else "GB")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one organisation's projects cost since the month began."""

    since: datetime
    plan: str
    lines: tuple[Line, ...]

    @property
    def usd(self) -> Decimal:
        """All of it, to the cent."""
        return sum((line.usd for line in self.lines), Decimal(0)).quantize(CENT)


def month_to_date(api: NeonApi, *, org: str) -> Cost:
    """Of all projects of the organisation, which share one bill. Raises OperationFailed."""
    until = datetime.now(UTC)
    since = until.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return cost_of(api.consumption(org=org, since=since, until=until, metrics=tuple(RATES)), since=since)


def cost_of(projects: Iterable[Json], *, since: datetime) -> Cost:
    """By the formulas of Neon's bill; of two plans in one month the later one's prices are taken."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    plan, newest = LAUNCH, ""
    for project in projects:
        for period in project["periods"]:
            if period["period_start"] >= newest:
                plan, newest = _plan(period["period_plan"]), period["period_start"]
            for frame in period["consumption"]:
                _add(sums, frame, _plan(period["period_plan"]))
    return Cost(since, plan.name, tuple(_line(metric, sums[metric], plan) for metric in RATES))


def _add(sums: dict[str, Decimal], frame: Json, plan: Plan) -> None:
    for metric in frame.get("metrics") or ():
        value = Decimal(str(metric["value"]))
        if metric["metric_name"] == "extra_branches_month":
            # Neon counts all child branches; those of the plan are free, in each project on each day.
            value = max(Decimal(0), value - plan.branches * DAY_HOURS)
        sums[metric["metric_name"]] += value


def _line(metric: str, raw: Decimal, plan: Plan) -> Line:
    rate, unit = RATES[metric]
    amount = raw / unit
    if metric == "compute_unit_seconds":
        rate = plan.compute
    billed = max(Decimal(0), amount - FREE_TRANSFER_GB) if metric == "public_network_transfer_bytes" else amount
    return Line(metric, amount, billed * rate)


def _plan(name: str) -> Plan:
    """Agent and Enterprise have the rates of Scale."""
    return LAUNCH if "launch" in name.lower() else SCALE
