"""Objects of an account, for the tests that walk the URL table.

A route that comes needs a line here when its objects cannot be made by posting the example that the schema has for
its list: OBJECTS by the name of the path's parameter, ROWS by the name of the list's route.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.utils import timezone

from generations.models import Event, Generation, WebhookDelivery, WebhookEndpoint
from generations.webhooks import outbox
from generations.webhooks.signing import make_secret
from media.models import Media
from tests.rest import Caller
from tests.routes import Route, routes
from usage.enums import Kind, Period
from usage.models import UsageLog
from usage.services import set_quota
from users.models import PrivacyRequest
from users.privacy.exporting import build_export
from users.privacy.requests import open_request
from users.services import issue_api_key

Make = Callable[[Caller], UUID]


@pytest.fixture(scope="session")
def schema() -> dict[str, Any]:
    """As it is served."""
    answer: dict[str, Any] = Client().get("/api/v1/schema").json()
    return answer


@pytest.fixture
def objects(
    new_generation: Callable[..., Generation], new_media: Callable[..., Media], settings: Any
) -> dict[str, Make]:
    """OBJECTS: makes one of the caller's own, and gives its id."""
    return {
        "generation_id": lambda owner: new_generation(owner.user, status="succeeded", cost="0").id,
        "media_id": lambda owner: new_media(owner.user, b"film").id,
        "key_id": lambda owner: issue_api_key(owner=owner.user, name="second")[0].id,
        "endpoint_id": lambda owner: new_endpoint(owner).id,
        "privacy_request_id": lambda owner: new_export(owner, settings).id,
        "delivery_id": lambda owner: new_delivery(new_endpoint(owner), new_generation).id,
    }


@pytest.fixture
def make(objects: dict[str, Make], schema: dict[str, Any]) -> Callable[[Route, Caller], dict[str, UUID]]:
    """Values for all parameters of a route's path: objects that are there, and the caller's."""

    def make(route: Route, owner: Caller) -> dict[str, UUID]:
        return {name: objects[name](owner) if name in objects else posted(route, name, owner) for name in route.names}

    def posted(route: Route, name: str, owner: Caller) -> UUID:
        path = route.path.partition(f"/{{{name}}}")[0]
        assert "post" in schema["paths"].get(path, {}), f"teach OBJECTS in {__file__} how to make a {name}"
        return post_example(schema, path, owner)

    return make


@pytest.fixture
def body(schema: dict[str, Any]) -> Callable[[Route, str], Any]:
    """What the schema has as an example for the request; None where nothing is taken."""

    def body(route: Route, method: str) -> Any:
        content = schema["paths"][route.path][method.lower()].get("requestBody", {}).get("content", {})
        examples = content.get("application/json", {}).get("examples", {})
        if examples:
            return next(iter(examples.values()))["value"]
        return None if method == "GET" else {}

    return body


def post_example(schema: dict[str, Any], path: str, owner: Caller) -> UUID:
    """Posts the example that the schema has, and gives the new object's id."""
    content = schema["paths"][path]["post"]["requestBody"]["content"]["application/json"]
    example = next(iter(content["examples"].values()))["value"]
    answer = owner.post(path, example)
    assert answer.status_code in (200, 201, 202), f"the example of POST {path} is refused: {answer.content}"
    return UUID(answer.json()["id"])


@pytest.fixture
def rows(
    new_generation: Callable[..., Generation], new_media: Callable[..., Media]
) -> dict[str, Callable[[Caller, int], None]]:
    """ROWS: makes so many rows of a list, complete with all that is shown beside them."""

    def generations(owner: Caller, count: int) -> None:
        for number in range(count):
            done = new_generation(owner.user, status="succeeded", texts=[str(number)], cost="0.01")
            new_media(owner.user, b"film", reference=done.id)
            new_generation(owner.user, kind=Kind.values[number % 4])

    def media(owner: Caller, count: int) -> None:
        for _ in range(count):
            new_media(owner.user, b"film")

    def usage(owner: Caller, count: int) -> None:
        for _ in range(count):
            new_usage(owner)

    def quotas(owner: Caller, count: int) -> None:
        # There are no more than one for each kind and period: the many are all of them.
        pairs = [(kind, period) for kind in ("", *Kind.values) for period in Period.values]
        for kind, period in pairs[:count]:
            set_quota(user=owner.user, kind=kind, period=period, limit=7, actor=None)

    def summary(owner: Caller, count: int) -> None:
        """As many groups as rows: each is of another day."""
        for number in range(count):
            new_usage(owner, created_at=timezone.now() - timedelta(days=number))

    def keys(owner: Caller, count: int) -> None:
        for _ in range(count):
            key, _ = issue_api_key(owner=owner.user, name="capped")
            set_quota(user=owner.user, kind="", period="day", limit=1, actor=None, api_key_id=key.id)

    def endpoints(owner: Caller, count: int) -> None:
        for _ in range(count):
            new_endpoint(owner)

    def deliveries(owner: Caller, count: int) -> None:
        endpoint = new_endpoint(owner)
        for _ in range(count):
            new_delivery(endpoint, new_generation)

    def audit(owner: Caller, count: int) -> None:
        for _ in range(count):
            issue_api_key(owner=owner.user, name="noted")

    of_ours = {"generations": generations, "media-list": media, "usage": usage, "usage-summary": summary}
    of_account = {"quotas": quotas, "api-keys": keys, "audit": audit}

    def requests(owner: Caller, count: int) -> None:
        for _ in range(count):
            new_export(owner)

    of_webhooks = {"webhook-endpoints": endpoints, "webhook-deliveries": deliveries}
    return of_ours | of_account | of_webhooks | {"privacy-requests": requests}


def new_export(owner: Caller, settings: Any = None) -> PrivacyRequest:
    """Built, and ready to be fetched; without `settings` its file is nowhere."""
    request = open_request(user_id=owner.user.id, kind="export", asked_by=owner.user.id)
    if settings is not None:
        build_export(request_id=request.id)
    else:
        done = {"status": "done", "finished_at": timezone.now(), "expires_at": timezone.now() + timedelta(days=1)}
        PrivacyRequest.objects.filter(id=request.id).update(**done, key="x", bytes=1, sha256="0" * 64)
    return PrivacyRequest.objects.get(id=request.id)


def new_endpoint(owner: Caller) -> WebhookEndpoint:
    """As `create` would make it, without asking a resolver."""
    return WebhookEndpoint.objects.create(owner=owner.user, url="https://example.org/hook", secret=make_secret())


def new_delivery(endpoint: WebhookEndpoint, new_generation: Callable[..., Generation]) -> WebhookDelivery:
    """Of a job that succeeded; it has ended."""
    generation = new_generation(endpoint.owner, status="succeeded", cost="0")
    outbox.write(generation=generation, event=Event.SUCCEEDED)
    WebhookDelivery.objects.filter(generation=generation).update(
        state="delivered", next_attempt_at=None, delivered_at=timezone.now()
    )
    return WebhookDelivery.objects.get(generation=generation)


def new_usage(owner: Caller, **changes: Any) -> UsageLog:
    """A row of the ledger."""
    return UsageLog.objects.create(
        user=owner.user,
        api_key_id=owner.key.id,
        reference=uuid4(),
        attempt_id=uuid4(),
        model="imagen-4.0-generate-001",
        kind="image",
        units={"image": 1},
        prices={"image": {"variant": "", "price_id": str(uuid4()), "usd": "0.04"}},
        cost="0.04",
        estimate="0.04",
        latency_ms=1200,
        outcome="succeeded",
        confirmed=True,
        estimated=False,
        over_hold=False,
        **changes,
    )


@pytest.fixture
def list_routes(schema: dict[str, Any]) -> list[Route]:
    """Those whose GET answers with `results`."""
    return [route for route in routes() if is_list(schema, route)]


def is_list(schema: dict[str, Any], route: Route) -> bool:
    """By the shape that the schema gives for 200."""
    responses = schema["paths"].get(route.path, {}).get("get", {}).get("responses", {})
    shape = responses.get("200", {}).get("content", {}).get("application/json", {}).get("schema", {})
    name = shape.get("$ref", "").rpartition("/")[2]
    return "results" in schema["components"]["schemas"].get(name, {}).get("properties", {})
