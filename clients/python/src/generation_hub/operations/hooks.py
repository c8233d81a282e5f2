"""Webhook endpoints and what was delivered to them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict, Unpack

from generation_hub.encoding import Known, at, body
from generation_hub.exchange import exchange, fetched, pages
from generation_hub.options import Options
from generation_hub.plan import Flow, Plan, Request
from generation_hub.shapes.common import Page
from generation_hub.shapes.webhooks import NewWebhookEndpoint, WebhookDelivery, WebhookEndpoint

ENDPOINTS, DELIVERIES = "/webhook-endpoints", "/webhook-deliveries"


class DeliveryFilters(TypedDict, total=False):
    """Which deliveries; `state` is pending, delivered, failed or abandoned."""

    endpoint: Known | None
    event: str | None
    state: str | None


def list_endpoints(
    options: Options, *, limit: int | None = None, cursor: str | None = None
) -> Flow[Page[WebhookEndpoint]]:
    """The endpoints, newest first."""
    return pages(options, WebhookEndpoint, ENDPOINTS, {"limit": limit, "cursor": cursor})


def get_endpoint(options: Options, endpoint: Known) -> Plan[WebhookEndpoint]:
    """One endpoint."""
    return (yield from fetched(options, WebhookEndpoint, Request(method="GET", path=at(ENDPOINTS, endpoint))))


def create_endpoint(
    options: Options, url: str, *, events: Iterable[str] = (), description: str = ""
) -> Plan[NewWebhookEndpoint]:
    """Adds an endpoint for these events, or for all; its signing secret is in this answer alone."""
    members = body(url=url, events=list(events) or None, description=description or None)
    return (yield from fetched(options, NewWebhookEndpoint, Request(method="POST", path=ENDPOINTS, body=members)))


def change_endpoint(
    options: Options,
    endpoint: Known,
    *,
    url: str | None = None,
    events: Iterable[str] | None = None,
    description: str | None = None,
    enabled: bool | None = None,
) -> Plan[WebhookEndpoint]:
    """Changes what is given; `enabled` turns it off, and on again when the hub has turned it off."""
    chosen = None if events is None else list(events)
    members = body(url=url, events=chosen, description=description, enabled=enabled)
    request = Request(method="PATCH", path=at(ENDPOINTS, endpoint), body=members)
    return (yield from fetched(options, WebhookEndpoint, request))


def rotate_secret(options: Options, endpoint: Known, *, overlap_seconds: int | None = None) -> Plan[NewWebhookEndpoint]:
    """A new signing secret; the former one signs as well for a day unless you say otherwise."""
    members = body(overlap_seconds=overlap_seconds)
    request = Request(method="POST", path=at(ENDPOINTS, endpoint, "/rotate-secret"), body=members)
    return (yield from fetched(options, NewWebhookEndpoint, request))


def delete_endpoint(options: Options, endpoint: Known) -> Plan[None]:
    """Nothing more is sent there."""
    yield from exchange(options, Request(method="DELETE", path=at(ENDPOINTS, endpoint)))


def list_deliveries(
    options: Options, *, limit: int | None = None, cursor: str | None = None, **filters: Unpack[DeliveryFilters]
) -> Flow[Page[WebhookDelivery]]:
    """The deliveries, newest first."""
    return pages(options, WebhookDelivery, DELIVERIES, {**filters, "limit": limit, "cursor": cursor})


def get_delivery(options: Options, delivery: Known) -> Plan[WebhookDelivery]:
    """One delivery."""
    return (yield from fetched(options, WebhookDelivery, Request(method="GET", path=at(DELIVERIES, delivery))))


def redeliver(options: Options, delivery: Known) -> Plan[WebhookDelivery]:
    """Sends an event again once its delivery has ended; the new delivery."""
    request = Request(method="POST", path=at(DELIVERIES, delivery, "/redeliver"), body={})
    return (yield from fetched(options, WebhookDelivery, request))
