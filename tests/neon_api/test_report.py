"""The report counts the month as Neon's bill does, and fails above the budget."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from hub.neon.report import Cost, cost_of
from tests.neon_api.fixtures import run
from tests.neon_api.state import StandIn


def project(plan: str = "scale", **metrics: int) -> dict[str, Any]:
    values = [{"metric_name": name, "value": value} for name, value in metrics.items()]
    frame = {"timeframe_start": "2026-03-01T00:00:00Z", "timeframe_end": "2026-03-02T00:00:00Z", "metrics": values}
    period = {"period_id": "p", "period_plan": plan, "period_start": "2026-03-01T00:00:00Z", "consumption": [frame]}
    return {"project_id": "quiet-sea-1", "periods": [period]}


def cost(*projects: dict[str, Any]) -> Cost:
    return cost_of(projects, since=datetime(2026, 3, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("plan", "metrics", "usd"),
    [
        # The examples of Neon's page "Usage and cost calculations".
        ("scale", {"compute_unit_seconds": 500_000}, "30.83"),
        ("launch", {"root_branch_bytes_month": 2_500_000_000_000}, "1.18"),
        ("launch", {"root_branch_bytes_month": 1_488_000_000_000}, "0.70"),
        ("launch", {"extra_branches_month": 288}, "0.15"),
        ("scale", {"extra_branches_month": 288}, "0.00"),
        ("launch", {"public_network_transfer_bytes": 150 * 10**9}, "5.00"),
        ("launch", {"public_network_transfer_bytes": 99 * 10**9}, "0.00"),
        ("scale", {"snapshot_storage_bytes_month": 744 * 10**9 * 10}, "0.90"),
        ("launch", {"instant_restore_bytes_month": 744 * 10**9 * 10}, "2.00"),
    ],
)
def test_a_metric_costs_what_neon_says_it_does(plan: str, metrics: dict[str, int], usd: str) -> None:
    assert cost(project(plan, **metrics)).usd == Decimal(usd)


def test_free_transfer_is_counted_once_for_the_whole_organisation() -> None:
    each = project("launch", public_network_transfer_bytes=80 * 10**9)
    assert cost(each, each).usd == Decimal("6.00")


def test_free_branches_are_counted_in_each_project() -> None:
    below = project("launch", extra_branches_month=100)
    above = project("launch", extra_branches_month=288)
    assert cost(below, above).usd == Decimal("0.15")


def test_within_the_budget_it_lists_branches_by_age_and_every_metric(neon: StandIn) -> None:
    neon.branch("older", age=timedelta(days=40))
    neon.consumption = [project(compute_unit_seconds=36_000)]
    status, said = run("neon_report")
    lines = said.splitlines()
    assert status == 0
    assert "older, without an end <- give it one" in lines[1]
    assert "main, without an end" in lines[2]
    assert not lines[2].endswith("give it one")
    assert "  compute_unit_seconds: 10.00 CU-hours, $2.22" in lines
    assert lines[-1] == "in all $2.22 of $25"


def test_above_the_budget_it_fails_with_both_figures(neon: StandIn) -> None:
    neon.consumption = [project(compute_unit_seconds=500_000)]
    status, said = run("neon_report")
    assert status == 1
    assert said.splitlines()[-1].startswith("$30.83 since ")
    assert said.endswith("is above NEON_BUDGET_USD, $25.")


def test_every_page_of_projects_counts(neon: StandIn) -> None:
    neon.most = 1
    neon.consumption = [project(compute_unit_seconds=36_000)] * 3
    status, said = run("neon_report", "--json")
    assert (status, json.loads(said)["usd"]) == (0, "6.66")
    asked = [each for each in neon.asked if each.path.startswith("/consumption")]
    assert [each.query.get("cursor") for each in asked] == [None, "1", "2"]


@pytest.mark.parametrize("name", ["NEON_ORG_ID", "NEON_BUDGET_USD", "NEON_API_KEY"])
def test_a_setting_that_is_not_there_is_named_and_nothing_is_asked(neon: StandIn, settings: Any, name: str) -> None:
    setattr(settings, name, None)
    status, said = run("neon_report")
    assert (status, len(said.splitlines()), name in said) == (1, 1, True)
    assert neon.asked == []


def test_a_plan_without_figures_is_told_in_neons_words(neon: StandIn, settings: Any) -> None:
    settings.NEON_ORG_ID = "org-of-others"
    status, said = run("neon_report")
    assert (status, "404 you are no member of this organization" in said) == (1, True)
