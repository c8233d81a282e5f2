"""The schema tells the truth: real answers are valid against it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from generations.models import Generation
from media.models import Media
from tests.rest import GENERATIONS, Caller

SCHEMA = "/api/v1/schema"
ROUTES = {
    "/api/v1/api-keys": {"get", "post"},
    "/api/v1/api-keys/{key_id}": {"get", "delete"},
    "/api/v1/api-keys/{key_id}/rotate": {"post"},
    "/api/v1/audit": {"get"},
    "/api/v1/me": {"get"},
    "/api/v1/me/export": {"post"},
    "/api/v1/me/erasure": {"post"},
    "/api/v1/me/privacy-requests": {"get"},
    "/api/v1/me/privacy-requests/{privacy_request_id}": {"get"},
    "/api/v1/me/privacy-requests/{privacy_request_id}/content": {"get"},
    "/api/v1/quotes": {"post"},
    "/api/v1/usage/export": {"get"},
    "/api/v1/usage/summary": {"get"},
    "/api/v1/generations": {"get", "post"},
    "/api/v1/generations/{generation_id}": {"get"},
    "/api/v1/generations/{generation_id}/cancel": {"post"},
    "/api/v1/generations/{generation_id}/events": {"get"},
    "/api/v1/media": {"get", "post"},
    "/api/v1/media/{media_id}": {"get", "delete"},
    "/api/v1/media/{media_id}/content": {"get"},
    "/api/v1/models": {"get"},
    "/api/v1/quotas": {"get"},
    "/api/v1/usage": {"get"},
    "/api/v1/webhook-deliveries": {"get"},
    "/api/v1/webhook-deliveries/{delivery_id}": {"get"},
    "/api/v1/webhook-deliveries/{delivery_id}/redeliver": {"post"},
    "/api/v1/webhook-endpoints": {"get", "post"},
    "/api/v1/webhook-endpoints/{endpoint_id}": {"get", "patch", "delete"},
    "/api/v1/webhook-endpoints/{endpoint_id}/rotate-secret": {"post"},
}


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    answer: dict[str, Any] = Client().get(SCHEMA).json()
    return answer


def closed(node: Any) -> Any:
    """The schema with every object closed that names its properties, so that a member too many is seen as well."""
    if isinstance(node, list):
        return [closed(each) for each in node]
    if not isinstance(node, dict):
        return node
    inner = {name: closed(value) for name, value in node.items()}
    if isinstance(node.get("properties"), dict) and node.get("type") == "object":
        inner.setdefault("additionalProperties", False)
    return inner


@pytest.fixture
def assert_as_documented(schema: dict[str, Any]) -> Callable[..., None]:
    """The answer is one that the schema has for this operation, status and content type."""

    def assert_as_documented(answer: Any, method: str, path: str) -> None:
        documented = schema["paths"][path][method]["responses"][str(answer.status_code)]
        shape = documented["content"][answer["Content-Type"]]["schema"]
        # A problem may carry facts of its own; a result has nothing that is not written down.
        whole = schema if answer.status_code >= 400 else closed(schema)
        registry: Any = Registry().with_resource("hub:", DRAFT202012.create_resource(whole))
        reference = {"$ref": "hub:" + shape["$ref"]}
        Draft202012Validator(reference, registry=registry, format_checker=FormatChecker()).validate(answer.json())

    return assert_as_documented


def test_it_is_openapi_31_open_to_all_and_json_unless_yaml_is_asked_for() -> None:
    plain = Client().get(SCHEMA)
    assert plain.json()["openapi"].startswith("3.1")
    assert "json" in plain["Content-Type"]
    assert Client().get(SCHEMA, headers={"Accept": "application/yaml"}).content.startswith(b"openapi: 3.1")


def test_it_describes_every_route_and_no_other(schema: dict[str, Any]) -> None:
    assert {path: set(operations) for path, operations in schema["paths"].items()} == ROUTES


def test_every_operation_names_its_refusals(schema: dict[str, Any]) -> None:
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            expected = {"401", "403", "503"} | ({"404"} if "{" in path else set())
            expected |= {"400", "413", "415", "422"} if method == "post" else set()
            assert expected <= set(operation["responses"]), (method, path)
            assert operation["security"] == [{"bearer": []}, {"googleApiKey": []}]


@pytest.mark.usefixtures("prices", "no_jobs")
def test_the_answers_are_as_documented(caller: Caller, assert_as_documented: Callable[..., None]) -> None:
    submitted = caller.submit(tags=["a"])
    assert_as_documented(submitted, "post", "/api/v1/generations")
    one = "/api/v1/generations/{generation_id}"
    assert_as_documented(caller.get(submitted["Location"]), "get", one)
    assert_as_documented(caller.post(submitted["Location"] + "/cancel"), "post", f"{one}/cancel")
    for path in ("/api/v1/generations", "/api/v1/models", "/api/v1/quotas", "/api/v1/usage", "/api/v1/media"):
        assert_as_documented(caller.get(path), "get", path)


def test_results_and_errors_are_as_documented(
    caller: Caller,
    new_generation: Callable[..., Generation],
    new_media: Callable[..., Media],
    assert_as_documented: Callable[..., None],
) -> None:
    done = new_generation(caller.user, status="succeeded", texts=["Hi"], cost="0.01", units={"output_token": 3})
    media = new_media(caller.user, b"film", reference=done.id)
    new_generation(caller.user, status="failed", error_code="provider_error", error_message="No.", cost="0")
    assert_as_documented(caller.get(f"{GENERATIONS}/{done.id}"), "get", "/api/v1/generations/{generation_id}")
    assert_as_documented(caller.get(f"{GENERATIONS}?limit=1"), "get", "/api/v1/generations")
    assert_as_documented(caller.get(GENERATIONS), "get", "/api/v1/generations")
    assert_as_documented(caller.get(f"/api/v1/media/{media.id}"), "get", "/api/v1/media/{media_id}")
    assert_as_documented(caller.get("/api/v1/media"), "get", "/api/v1/media")


@pytest.mark.usefixtures("prices", "no_jobs")
def test_the_refusals_are_as_documented(
    new_caller: Callable[..., Caller], assert_as_documented: Callable[..., None]
) -> None:
    poor = new_caller(quota="0")
    path = "/api/v1/generations"
    assert_as_documented(poor.submit(), "post", path)
    assert_as_documented(poor.submit(prompt=""), "post", path)
    assert_as_documented(poor.submit(model="x"), "post", path)
    assert_as_documented(poor.submit(prompt="x" * 1024 * 1024), "post", path)
    assert_as_documented(poor.get(f"{path}?limit=x"), "get", path)
    assert_as_documented(poor.get(f"{path}/{uuid4()}"), "get", f"{path}/{{generation_id}}")
    assert_as_documented(Client().get(path), "get", path)
    limited = new_caller(scopes=("keys:write",))
    assert_as_documented(limited.get(path), "get", path)
