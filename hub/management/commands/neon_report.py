"""`manage.py neon_report`: the project's branches by age, and what the month has cost so far against a budget."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from hub.neon.api import Branch, configured_api
from hub.neon.branches import why_kept
from hub.neon.errors import OperationFailed
from hub.neon.report import Cost, month_to_date


class Command(BaseCommand):
    """0: within the budget; 1: above it, or Neon gave no figures. Reads only, and wakes no compute."""

    help = (
        "Prints the branches of NEON_PROJECT_ID, the oldest first, with those that nothing will ever remove, and the "
        "consumption of NEON_ORG_ID since the first of the month in US dollars, by Neon's own formulas. Exit status 1 "
        "when that is above NEON_BUDGET_USD."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """--json."""
        parser.add_argument("--json", action="store_true", help="print the figures as JSON")

    def handle(self, **options: Any) -> None:
        """One line for each branch and each metric."""
        if not settings.NEON_ORG_ID:
            raise CommandError("NEON_ORG_ID is not set: Neon bills, and counts, by organisation.")
        if settings.NEON_BUDGET_USD is None:
            raise CommandError("NEON_BUDGET_USD is not set: say what a month may cost.")
        try:
            with configured_api() as api:
                branches, cost = api.branches(), month_to_date(api, org=settings.NEON_ORG_ID)
        except OperationFailed as error:
            raise CommandError(str(error)) from error
        self.stdout.write(_as_json(branches, cost) if options["json"] else _as_text(branches, cost))
        _hold_against(cost, settings.NEON_BUDGET_USD)


def _hold_against(cost: Cost, budget: Decimal) -> None:
    if cost.usd > budget:
        raise CommandError(f"${cost.usd} since {cost.since:%Y-%m-%d} is above NEON_BUDGET_USD, ${budget}.")


def _as_text(branches: list[Branch], cost: Cost) -> str:
    lines = [f"{len(branches)} branches, the oldest first:", *(_branch(each, branches) for each in branches)]
    lines += [f"since {cost.since:%Y-%m-%d}, at the rates of the plan {cost.plan}:"]
    lines += [f"  {each.metric}: {each.amount:,.2f} {each.unit}, ${each.usd:,.2f}" for each in cost.lines]
    return "\n".join([*lines, f"in all ${cost.usd:,} of ${settings.NEON_BUDGET_USD:,}"])


def _branch(branch: Branch, known: list[Branch]) -> str:
    days = (datetime.now(UTC) - branch.created_at).days
    end = f"until {branch.expires_at:%Y-%m-%d}" if branch.expires_at else "without an end"
    stays = branch.expires_at is None and not why_kept(branch, known)
    return f"  {days:5} days  {branch.bytes / 1e6:10,.1f} MB  {branch.name}, {end}" + (
        " <- give it one" if stays else ""
    )


def _as_json(branches: list[Branch], cost: Cost) -> str:
    now = datetime.now(UTC)
    shown = {
        "branches": [
            {
                "name": each.name,
                "age_days": (now - each.created_at).days,
                "bytes": each.bytes,
                "expires_at": each.expires_at and each.expires_at.isoformat(),
            }
            for each in branches
        ],
        "since": cost.since.isoformat(),
        "plan": cost.plan,
        "usd": str(cost.usd),
        "budget_usd": str(settings.NEON_BUDGET_USD),
        "metrics": {each.metric: {"amount": str(each.amount), "unit": each.unit} for each in cost.lines},
    }
    return json.dumps(shown)
