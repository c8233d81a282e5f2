"""What a client needs to know of an operation is in the schema: words, examples that are true, refusals and headers."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer2
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from hub.api.error_catalogue import entries
from hub.api.problems import CONTENT_TYPE
from tests.routes import routes

JSON = "application/json"
# Of every answer with this status; X-Request-ID goes with all.
HEADERS = {"201": {"Location"}, "401": {"WWW-Authenticate"}, "429": {"Retry-After"}, "503": {"Retry-After"}}
LIMITS = {"RateLimit-Policy", "RateLimit"}
# What is made and has no address to be at, and why. It stays so only while no route takes its id.
NOWHERE = {"quotes_make": "a quote is named in a submission, and cannot be fetched: its prices alone are kept"}
Operation = dict[str, Any]


@cache
def schema() -> dict[str, Any]:
    """As it is served; made here, as the tests are named after it before there is anything to ask."""
    made: dict[str, Any] = json.loads(OpenApiJsonRenderer2().render(SchemaGenerator().get_schema(public=True)))
    return made


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "operation" in metafunc.fixturenames:
        found = {
            f"{method.upper()} {path}": operation
            for path, methods in schema()["paths"].items()
            for method, operation in methods.items()
        }
        metafunc.parametrize("operation", list(found.values()), ids=list(found))


def contents(operation: Operation) -> dict[str, Any]:
    """{where: media type object} of the request and of each answer that has a body."""
    found = {
        f"request, {kind}": content for kind, content in operation.get("requestBody", {}).get("content", {}).items()
    }
    for status, response in operation["responses"].items():
        found |= {f"{status}, {kind}": content for kind, content in response.get("content", {}).items()}
    return found


def is_binary(content: dict[str, Any]) -> bool:
    shape = content.get("schema", {})
    return shape.get("format") == "binary" or "contentMediaType" in shape


@pytest.fixture(scope="module")
def validate() -> Callable[[Any, Any], None]:
    registry: Any = Registry().with_resource("hub:", DRAFT202012.create_resource(schema()))

    def validate(shape: Any, value: Any) -> None:
        shape = {"$ref": "hub:" + shape["$ref"]} if "$ref" in shape else shape
        Draft202012Validator(shape, registry=registry, format_checker=FormatChecker()).validate(value)

    return validate


def test_it_is_served() -> None:
    assert Client().get("/api/v1/schema").json() == schema()


def test_every_route_of_the_url_table_is_in_it() -> None:
    table = {(route.path, method.lower()) for route in routes() for method in route.methods}
    assert table == {(path, method) for path, methods in schema()["paths"].items() for method in methods}


def test_it_has_words(operation: Operation) -> None:
    assert operation["operationId"]
    assert 8 <= len(operation["summary"]) <= 90, operation["summary"]
    assert operation["description"].endswith(".")
    for parameter in operation.get("parameters", ()):
        shape = parameter["schema"]
        assert (
            parameter.get("description")
            or parameter["in"] == "path"
            or "enum" in shape
            or "$ref" in shape
            or (parameter["name"] == "model")
        ), f"a description is missing: {parameter['name']}"


def test_it_has_examples_that_are_true(operation: Operation, validate: Callable[[Any, Any], None]) -> None:
    for where, content in contents(operation).items():
        if is_binary(content):
            continue
        examples = content.get("examples", {})
        assert examples, f"an example is missing: {where} (decorate the serializer with shown_as)"
        for example in examples.values():
            validate(content["schema"], example["value"])


def test_it_says_what_it_refuses(operation: Operation) -> None:
    expected = {"401", "403", "429", "503"}
    places = {parameter["in"] for parameter in operation.get("parameters", ())}
    expected |= {"404"} if "path" in places else set()
    expected |= {"422"} if "query" in places or "requestBody" in operation else set()
    expected |= {"400", "413", "415"} if "requestBody" in operation else set()
    assert expected <= set(operation["responses"])
    for status, response in operation["responses"].items():
        assert response["description"], status
        if status >= "400":
            assert set(response["content"]) == {CONTENT_TYPE}


def test_a_refusal_has_a_code_of_the_catalogue_and_its_status(operation: Operation) -> None:
    known = {entry.code: entry.status for entry in entries()}
    for status, response in operation["responses"].items():
        for example in response.get("content", {}).get(CONTENT_TYPE, {}).get("examples", {}).values():
            assert str(known[example["value"]["code"]]) == status == str(example["value"]["status"])


def test_it_names_the_headers(operation: Operation) -> None:
    for status, response in operation["responses"].items():
        named = set(response.get("headers", {}))
        expected = HEADERS.get(status, set()) - ({"Location"} if operation["operationId"] in NOWHERE else set())
        assert named >= {"X-Request-ID"} | expected, status
        # Whoever was let in is told, and nobody else.
        assert named & LIMITS == (set() if status == "401" else LIMITS), status
    taken = {parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "header"}
    given = {name for response in operation["responses"].values() for name in response.get("headers", {})}
    assert "Idempotency-Key" not in taken or {"Idempotency-Replayed", "Location"} <= given
    assert "Range" not in taken or {"ETag", "Content-Range", "Accept-Ranges"} <= given


def test_what_has_no_address_has_none() -> None:
    posts = {path: methods.get("post", {}).get("operationId") for path, methods in schema()["paths"].items()}
    nowhere = {path for path, name in posts.items() if name in NOWHERE}
    assert len(nowhere) == len(NOWHERE)
    assert not [path for path in schema()["paths"] if path.startswith(tuple(f"{each}/{{" for each in nowhere))]


def test_what_is_made_leads_to_what_can_be_done_with_it() -> None:
    answer = schema()["paths"]["/api/v1/generations"]["post"]["responses"]["202"]
    assert answer["links"]["generations_cancel"] == {
        "operationId": "generations_cancel",
        "parameters": {"generation_id": "$response.body#/id"},
    }
    operations = {each["operationId"] for methods in schema()["paths"].values() for each in methods.values()}
    for methods in schema()["paths"].values():
        for operation in methods.values():
            for response in operation["responses"].values():
                assert set(response.get("links", {})) <= operations
