"""The benchmark runs and has its figures; how large they are is nobody's promise."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.asks import QUERIES, WRITES, unknown
from tests.routes import routes

ROOT = Path(__file__).resolve().parents[2]
FIGURES = (
    "service alone, one process",
    "REST, 16 clients",
    "submitted by 8 clients, provider answers after 0.05 s",
    "no-op Celery tasks",
    "bare psycopg, those of submit and of the job",
    "ours beside the floor",
    "round trips to PostgreSQL",
    "the script / a PING",
    "resident memory, MiB",
    "with a flood of 40, without the share / without it",
    "Every job succeeded and the books balance.",
    "bare Django",
    "POST /webhook-deliveries/{delivery_id}/redeliver",
)


def test_every_operation_has_something_to_ask() -> None:
    assert not unknown(), "say in tests/bench/asks.py how to ask these"


def test_nothing_is_said_of_operations_that_are_gone() -> None:
    there = {(route.name, method) for route in routes() for method in route.methods}
    assert set(WRITES) <= there
    assert set(QUERIES) <= {name for name, _ in there}


@pytest.mark.timeout(900)
def test_it_runs_and_prints_every_figure() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", "--quick"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    missing = [figure for figure in FIGURES if figure not in done.stdout]
    assert not missing
