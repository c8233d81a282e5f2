"""Whatever is refused, wherever: a problem document with a stable code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from django.db import OperationalError, connection
from django.test import Client

from tests.rest import PROBLEM, Caller, assert_problem
from users.scopes import ALL_SCOPES

# Nobody's; the same in every process of a test run.
ID = UUID("0190a000-0000-7000-8000-000000000000")
ROUTES = {
    "/api/v1/generations": ("GET, POST, HEAD, OPTIONS", {"GET": "generations:read", "POST": "generations:write"}),
    f"/api/v1/generations/{ID}": ("GET, HEAD, OPTIONS", {"GET": "generations:read"}),
    f"/api/v1/generations/{ID}/cancel": ("POST, OPTIONS", {"POST": "generations:write"}),
    "/api/v1/models": ("GET, HEAD, OPTIONS", {"GET": "generations:read"}),
    "/api/v1/media": ("GET, HEAD, OPTIONS", {"GET": "media:read"}),
    f"/api/v1/media/{ID}": ("GET, HEAD, OPTIONS", {"GET": "media:read"}),
    f"/api/v1/media/{ID}/content": ("GET, HEAD, OPTIONS", {"GET": "media:read"}),
    "/api/v1/webhook-endpoints": ("GET, POST, HEAD, OPTIONS", {"GET": "webhooks:read", "POST": "webhooks:write"}),
    f"/api/v1/webhook-endpoints/{ID}": (
        "GET, PATCH, DELETE, HEAD, OPTIONS",
        {"GET": "webhooks:read", "PATCH": "webhooks:write", "DELETE": "webhooks:write"},
    ),
    f"/api/v1/webhook-endpoints/{ID}/rotate-secret": ("POST, OPTIONS", {"POST": "webhooks:write"}),
    "/api/v1/webhook-deliveries": ("GET, HEAD, OPTIONS", {"GET": "webhooks:read"}),
    f"/api/v1/webhook-deliveries/{ID}": ("GET, HEAD, OPTIONS", {"GET": "webhooks:read"}),
    f"/api/v1/webhook-deliveries/{ID}/redeliver": ("POST, OPTIONS", {"POST": "webhooks:write"}),
    "/api/v1/usage": ("GET, HEAD, OPTIONS", {"GET": "usage:read"}),
    "/api/v1/quotas": ("GET, HEAD, OPTIONS", {"GET": "usage:read"}),
}
NEEDED = [(path, method, scope) for path, (_, scopes) in ROUTES.items() for method, scope in scopes.items()]


def methods(text: str) -> set[str]:
    return {method.strip() for method in text.split(",")}


@pytest.mark.parametrize("path", ROUTES)
def test_another_method_is_refused_with_those_allowed(caller: Caller, path: str) -> None:
    answer = caller.call("PUT", path)
    assert_problem(answer, 405, "method_not_allowed")
    assert methods(answer["Allow"]) == methods(ROUTES[path][0])


@pytest.mark.parametrize("path", ROUTES)
def test_options_lists_the_methods(caller: Caller, path: str) -> None:
    answer = caller.call("OPTIONS", path)
    assert (answer.status_code, answer.content) == (204, b"")
    assert methods(answer["Allow"]) == methods(ROUTES[path][0])


@pytest.mark.parametrize("path", [path for path, (allowed, _) in ROUTES.items() if "GET" in allowed])
def test_head_answers_as_get_does(caller: Caller, path: str) -> None:
    head, get = caller.call("HEAD", path), caller.get(path)
    assert head.status_code == get.status_code
    assert head["Content-Type"] == get["Content-Type"]
    assert head.content == b""


@pytest.mark.parametrize(("path", "method", "scope"), NEEDED)
def test_a_key_without_the_scope_is_refused(
    new_caller: Callable[..., Caller], path: str, method: str, scope: str
) -> None:
    limited = new_caller(scopes=tuple(set(ALL_SCOPES) - {scope}))
    problem = assert_problem(
        limited.call(method, path, {} if method in ("POST", "PATCH") else None), 403, "scope_missing"
    )
    assert problem["required_scope"] == scope


@pytest.mark.parametrize(("path", "method", "scope"), NEEDED)
def test_the_scope_alone_suffices(new_caller: Callable[..., Caller], path: str, method: str, scope: str) -> None:
    limited = new_caller(scopes=(scope,))
    assert limited.call(method, path, {} if method in ("POST", "PATCH") else None).status_code in (200, 404, 422)


@pytest.mark.parametrize("path", ROUTES)
def test_without_a_key_nothing_is_told(db: None, path: str) -> None:
    assert_problem(Client().get(path), 401, "api_key_missing")


@pytest.mark.parametrize(
    "path",
    ["/", "/api", "/api/v1", "/api/v1/", "/api/v1/generations/", "/api/v2/models", "/api/v1/%00", "/.env", "/static/"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_unknown_address_is_a_problem_too(db: None, path: str, method: str) -> None:
    assert_problem(Client().generic(method, path), 404, "not_found")


def test_an_unknown_host_is_a_problem_too(db: None) -> None:
    assert_problem(Client().get("/api/v1/models", headers={"Host": "evil.example"}), 400, "bad_request")


def test_an_answer_is_json_or_none(caller: Caller) -> None:
    assert_problem(caller.get("/api/v1/models", Accept="text/html"), 406, "not_acceptable")
    assert caller.get("/api/v1/models", Accept="application/json, text/plain")["Content-Type"] == "application/json"


def refuse_to_run(*args: Any) -> Any:
    raise OperationalError("connection to 10.0.0.7 failed")


@pytest.fixture
def database_away(db: None) -> Iterator[None]:
    """Every statement fails as it does when the server is gone."""
    with connection.execute_wrapper(refuse_to_run):
        yield


def test_a_database_that_is_away_is_503_and_worth_another_try(caller: Caller, database_away: None) -> None:
    answer = caller.get("/api/v1/models")
    problem = assert_problem(answer, 503, "service_unavailable")
    assert int(answer["Retry-After"]) > 0
    assert "10.0.0.7" not in str(problem)


def test_a_bug_is_a_problem_without_its_traceback(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(**_: object) -> None:
        raise RuntimeError("the secret is tulip")

    monkeypatch.setattr("usage.selectors.current_quotas", broken)
    caller.client.raise_request_exception = False
    answer = caller.get("/api/v1/quotas")
    assert_problem(answer, 500, "internal_error")
    assert "tulip" not in answer.content.decode()
    assert "the secret is tulip" in caplog.text


def test_a_problem_is_no_page(caller: Caller) -> None:
    answer = caller.get("/api/v1/generations?limit=%3Cscript%3E")
    assert answer["Content-Type"] == PROBLEM
    assert answer["X-Content-Type-Options"] == "nosniff"
