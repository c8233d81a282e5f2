"""What the hub's own schema names is in both halves of the client: operations, what they take, what they answer."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from dataclasses import MISSING, fields
from functools import cache
from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer2

import generation_hub as g

NAMESPACES = (
    *("api_keys", "audit", "generations", "me", "media", "models", "quotas", "quotes", "usage"),
    *("privacy_requests", "webhook_deliveries", "webhook_endpoints"),
)
# What the client has under another name (None: what it sees to by itself).
NAMES: dict[str, str | None] = {
    **{"quote_id": "quote", "Idempotency-Key": "idempotency_key", "Last-Event-ID": "last_event_id"},
    "dry_run": None,  # a method of its own, erasure_plan, for its answer is another
    **dict.fromkeys(("Prefer", "Accept", "Range", "If-Range", "If-None-Match")),
}
SHAPES: dict[str, type] = {
    **{"Generation": g.Generation, "Links": g.Links, "Error": g.GenerationError, "Given": g.GivenFile},
    **{"File": g.FileOutput, "Text": g.TextOutput, "Media": g.Media, "Quote": g.Quote, "QuotedPolicy": g.Policy},
    **{"Model": g.Model, "Parameter": g.Parameter, "Inputs": g.Inputs, "InputKind": g.InputKind, "Price": g.Price},
    **{"Quota": g.Quota, "Usage": g.UsageEntry, "UnitPrice": g.UnitPrice, "Group": g.UsageSum, "Cap": g.Cap},
    **{"ApiKey": g.ApiKey, "KeyWithSecret": g.NewApiKey, "Account": g.Me, "Audit": g.AuditEntry, "Reason": g.Reason},
    **{"Endpoint": g.WebhookEndpoint, "EndpointWithSecret": g.NewWebhookEndpoint, "Delivery": g.WebhookDelivery},
    **{"PrivacyRequest": g.PrivacyRequest, "Archive": g.ExportArchive, "Receipt": g.ErasureReceipt},
    **{"Plan": g.ErasurePlan},
    **{
        "Payload": g.WebhookPayload,
        "PayloadData": g.WebhookSubject,
        "FieldError": g.FieldError,
        "RatePolicy": g.RatePolicy,
    },
}


@cache
def schema() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(OpenApiJsonRenderer2().render(SchemaGenerator().get_schema(public=True)))
    return made


def operations() -> Iterator[dict[str, Any]]:
    for path, methods in schema()["paths"].items():
        yield from methods.values() if path.startswith("/api/v1/") else ()


def method_of(hub: object, operation_id: str) -> Any:
    namespace = next(name for name in NAMESPACES if operation_id.startswith(f"{name}_"))
    return getattr(getattr(hub, namespace), operation_id.removeprefix(f"{namespace}_"), None)


def parameters_of(operation: dict[str, Any]) -> set[str]:
    given = [each["name"] for each in operation.get("parameters", ()) if each["in"] in ("query", "header")]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    given += schema()["components"]["schemas"].get(body.get("$ref", "").rpartition("/")[2], {}).get("properties", ())
    return {name for each in given if (name := NAMES.get(each, each))}


@pytest.mark.parametrize("hub", [g.Hub("http://hub", "k"), g.AsyncHub("http://hub", "k")], ids=["sync", "async"])
def test_every_operation_is_a_method_that_takes_all_it_may(hub: g.Hub | g.AsyncHub) -> None:
    found = list(operations())
    assert len(found) > 30
    for operation in found:
        method = method_of(hub, operation["operationId"])
        assert method, operation["operationId"]
        assert method.__doc__
        assert parameters_of(operation) <= set(inspect.signature(method).parameters), operation["operationId"]


def test_both_halves_have_the_same_methods() -> None:
    hub, other = g.Hub("http://hub", "k"), g.AsyncHub("http://hub", "k")
    for name in NAMESPACES:
        shown = {each for each in dir(getattr(hub, name)) if not each.startswith("_")}
        assert shown == {each for each in dir(getattr(other, name)) if not each.startswith("_")} != set()
        for each in shown:
            here, there = (inspect.signature(getattr(getattr(half, name), each)) for half in (hub, other))
            assert here == there


@pytest.mark.parametrize("name", SHAPES)
def test_every_member_of_an_answer_has_its_field(name: str) -> None:
    said = schema()["components"]["schemas"][name]
    known = {each.name: each for each in fields(SHAPES[name])}
    assert set(said["properties"]) <= known.keys()
    needed = {each for each, field in known.items() if field.default is MISSING and field.default_factory is MISSING}
    assert needed <= set(said.get("required", ()))


def test_no_shape_of_an_answer_is_forgotten() -> None:
    """Pages are lists here, prices in a quote are those of usage, an error is raised, of an event comes its data."""
    elsewhere = {"Problem", "Policy", "QuotedPrice", "Event"}
    objects = {name for name, shape in schema()["components"]["schemas"].items() if shape.get("type") == "object"}
    # By its name a body that is sent, and no such thing.
    answers = {name for name in objects if not name.endswith(("Request", "Page"))} | {"PrivacyRequest"}
    assert answers - elsewhere == SHAPES.keys()
