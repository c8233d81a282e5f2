"""What the lists of the API and the admin send is what was explained: none of them is forgotten."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.urls import reverse

from hub.common.named_queries import Sample
from hub.env import BASE_DIR
from hub.neon.queries.admin_lists import OURS
from hub.neon.queries.capturing import Statement, taken
from hub.neon.queries.page import fingerprints
from hub.neon.queries.registry import SMALL
from tests.api.conftest import *  # noqa: F403 - its fixtures make the rows of every list
from tests.api.conftest import is_list, post_example
from tests.rest import Caller
from tests.routes import Route, routes
from users.models import User

pytestmark = pytest.mark.django_db
PAGE = (BASE_DIR / "docs" / "QUERY_PERF.md").read_text(encoding="utf-8")
KNOWN = {mark for _, mark in fingerprints(PAGE)}
HINT = "name it in the app's named_queries.py, and run manage.py explain_queries"
# How a filter of a list is asked for: by the example of its type, unless said here.
VALUES = {
    **{"status": "failed", "kind": "text", "model": "gemini-3.8-flash", "tag": "a", "outcome": "failed"},
    **{"source": "uploaded", "state": "failed", "event": "generation.succeeded", "action": "generation.submitted"},
    **{"target_type": "generation", "group_by": "model"},
    **{"created_after": "2026-01-01T00:00:00Z", "created_before": "2126-01-01T00:00:00Z"},
}
ID = "0199f0f0-0000-7000-8000-000000000000"
FIXED = ("models",)


def unknown(statements: list[Statement]) -> list[str]:
    about_nothing = (*SMALL, "django_session", "user_groups", "user_permissions")
    return [
        each.normal
        for each in statements
        if " FROM " in each.sql
        and each.fingerprint not in KNOWN
        and not any(f'FROM "{table}"' in each.sql for table in about_nothing)
    ]


def parameters(schema: dict[str, Any], route: Route) -> list[dict[str, Any]]:
    found = schema["paths"][route.path]["get"].get("parameters", [])
    return [each for each in found if each["in"] == "query" and each["name"] not in ("limit", "cursor")]


def value_of(parameter: dict[str, Any], route: Route) -> str:
    shape = parameter["schema"]
    if "enum" in shape:
        return str(shape["enum"][0])
    name = parameter["name"]
    if name == "kind" and route.name == "media-list":
        return "image"
    return ID if shape.get("format") == "uuid" else VALUES[name]


@pytest.mark.usefixtures("prices", "no_jobs")
@pytest.mark.parametrize("route", [pytest.param(each, id=each.path) for each in routes() if "GET" in each.methods])
def test_a_list_of_the_api_sends_what_was_explained(
    caller: Caller, schema: dict[str, Any], rows: dict[str, Callable[[Caller, int], None]], route: Route
) -> None:
    if not is_list(schema, route):
        pytest.skip("no list")
    if route.name in rows:
        rows[route.name](caller, 1)
    elif route.name not in FIXED:
        post_example(schema, route.path, caller)
    asked = [{}, *({each["name"]: value_of(each, route)} for each in parameters(schema, route))]
    for query in asked:
        with taken() as statements:
            answer = caller.client.get(route.path, query, headers={"Authorization": f"Bearer {caller.text}"})
        assert answer.status_code == 200, answer.content
        assert unknown(statements) == [], f"{route.path} {query}: {HINT}"


@pytest.mark.parametrize(
    "table", [model._meta.db_table for model in admin.site._registry if model._meta.app_label in OURS]
)
def test_a_list_of_the_admin_sends_what_was_explained(table: str, client: Client, db: None) -> None:
    staff = User.objects.create_superuser("staff@example.org", "a long password")
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    [model] = [each for each in admin.site._registry if each._meta.db_table == table]
    with taken() as statements:
        answer = client.get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"))
    assert answer.status_code in (200, 302)
    about = [each for each in statements if f'FROM "{table}"' in each.sql]
    assert unknown(about) == [], HINT


def test_a_statement_that_nobody_registered_is_found(sample: Sample) -> None:
    with taken() as statements, connection.cursor() as cursor:
        cursor.execute("SELECT id FROM usage_logs WHERE user_id = %s AND latency_ms > 7", [sample.user_id])
    assert unknown(statements)
