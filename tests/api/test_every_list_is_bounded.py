"""A list takes as many queries for thirty rows as for three."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.api.conftest import is_list, post_example
from tests.rest import Caller
from tests.routes import Route, routes

FEW, MANY = 3, 30
Rows = dict[str, Callable[[Caller, int], None]]
# Lists whose rows are not the caller's to make, and why.
FIXED = {"models": "the catalogue is the same for everybody"}
# As many as there can be, where that is fewer than MANY.
MOST = {"quotas": 15}
# What to ask for, where the list takes no `limit`: all is on one page.
QUERIES = {"quotas": "", "usage-summary": "?group_by=day"}


def asked(caller: Caller, path: str) -> tuple[int, int]:
    """(results, queries) of one page."""
    caller.get(path)
    with CaptureQueriesContext(connection) as queries:
        answer = caller.get(path)
    assert answer.status_code == 200, answer.content
    return len(answer.json()["results"]), len(queries)


def fill(schema: dict[str, Any], rows: Rows, route: Route, caller: Caller, count: int) -> None:
    if route.name in rows:
        return rows[route.name](caller, count)
    assert "post" in schema["paths"][route.path], f"teach ROWS in tests/api/conftest.py to fill {route.name}"
    for _ in range(count):
        post_example(schema, route.path, caller)
    return None


@pytest.mark.usefixtures("prices", "no_jobs")
@pytest.mark.parametrize("route", [pytest.param(route, id=route.path) for route in routes() if "GET" in route.methods])
def test_a_page_takes_the_same_queries_however_many_rows(
    new_caller: Callable[..., Caller], schema: dict[str, Any], rows: Rows, route: Route
) -> None:
    if not is_list(schema, route):
        pytest.skip("no list")
    if route.name in FIXED:
        assert asked(new_caller(), route.path)[1] <= 6
        return
    found = []
    for count in (FEW, MANY):
        caller = new_caller(quota=None if route.name == "quotas" else "100")
        fill(schema, rows, route, caller, count)
        found.append(asked(caller, route.path + QUERIES.get(route.name, f"?limit={MANY}")))
    (few, queries), (many, same_queries) = found
    assert few >= FEW
    assert many == min(MANY, MOST.get(route.name, MANY))
    assert same_queries == queries <= 8
