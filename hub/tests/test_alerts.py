"""The alert rules: Prometheus takes them, they ask for metrics that there are, and the runbook knows each."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml

from hub.env import BASE_DIR
from hub.metrics import catalogue

ALERTS = BASE_DIR / "docs" / "alerts"
RUNBOOK = (BASE_DIR / "docs" / "RUNBOOK.md").read_text()
# Prometheus's own.
ALWAYS_THERE = {"up"}


def rules_of(text: str) -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


RULES = rules_of((ALERTS / "hub.yml").read_text())


def unknown_metrics(expression: str) -> set[str]:
    """What an expression asks for that nobody tells."""
    without_labels = re.sub(r"\{[^}]*\}|\"[^\"]*\"", "", expression)
    return set(re.findall(r"\b(?:hub_\w+|up)\b", without_labels)) - catalogue.names() - ALWAYS_THERE


def labels_of(metric: str) -> set[str]:
    if metric in catalogue.GAUGES:
        return set(catalogue.GAUGES[metric].labels)
    family = re.sub(r"_(?:total|bucket|count|sum)$", "", metric)
    counters = (each for each in vars(catalogue).values() if getattr(each, "_name", "") == family)
    return {"process", "le", *(label for each in counters for label in each._labelnames)}


def unknown_labels(expression: str) -> set[str]:
    """Labels that a metric is asked for and does not have."""
    asked = re.findall(r"(hub_\w+)\{([^}]*)\}", expression)
    return {
        f"{metric}: {label}"
        for metric, inner in asked
        for label in set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", inner)) - labels_of(metric)
    }


@pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
def test_every_alert_asks_for_what_there_is_and_says_what_to_do(rule: dict[str, Any]) -> None:
    assert "hub_" in rule["expr"] or "up{" in rule["expr"]
    assert unknown_metrics(rule["expr"]) == set()
    assert unknown_labels(rule["expr"]) == set()
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["annotations"]["summary"]
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert (page, anchor) == ("docs/RUNBOOK.md", rule["alert"].lower())
    line = rf'<a id="{anchor}"></a>\*\*{rule["alert"]}\*\* \({rule["labels"]["severity"]}\): \S'
    assert len(re.findall(line, RUNBOOK)) == 1


def test_the_runbook_knows_no_alert_that_is_gone() -> None:
    assert set(re.findall(r'<a id="(\w+)">', RUNBOOK)) == {rule["alert"].lower() for rule in RULES}


def test_each_alarm_that_neon_asks_for_is_there() -> None:
    """Dropped connections, errors of reads and writes, exhausted pools."""
    asked = " ".join(rule["expr"] for rule in RULES)
    for metric in (
        "hub_db_connections_dropped_total",
        "hub_db_errors_total",
        "hub_db_pool_exhausted_total",
        "hub_pool_waiting",
    ):
        assert metric in asked


@pytest.mark.parametrize("expression", ["rate(hub_http_request_total[5m]) > 1", 'hub_jobs{status="queued"} > 1'])
def test_a_rule_that_asks_for_nothing_is_seen(expression: str) -> None:
    assert unknown_metrics(expression) | unknown_labels(expression)


@pytest.mark.parametrize("arguments", [("check", "rules", "hub.yml"), ("test", "rules", "hub_test.yml")])
def test_prometheus_takes_them(arguments: tuple[str, ...]) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not here (Debian: prometheus)")
    done = subprocess.run([promtool, *arguments], cwd=ALERTS, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_tests_of_the_rules_name_rules_that_are_there() -> None:
    """Also where promtool is not."""
    content = yaml.safe_load((ALERTS / "hub_test.yml").read_text())
    named = {each["alertname"] for test in content["tests"] for each in test["alert_rule_test"]}
    assert named <= {rule["alert"] for rule in RULES}
    series = {entry["series"].partition("{")[0] for test in content["tests"] for entry in test["input_series"]}
    assert series <= catalogue.names() | ALWAYS_THERE
