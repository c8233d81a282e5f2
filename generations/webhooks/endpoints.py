"""Makes, changes and deletes endpoints. A secret is returned by the verb that makes it, and never again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from audit import services as audit
from audit.actions import Action
from generations.models import WebhookEndpoint
from generations.webhooks.errors import TooManyEndpoints, UrlRefused
from generations.webhooks.signing import make_secret
from generations.webhooks.switch import abandon, disable
from hub.common import http
from hub.common.errors import NotFound
from users.models import ApiKey, User

MOST_ENDPOINTS = 20
FIELDS = ("url", "events", "description")


def create(
    *, api_key: ApiKey, url: str, events: Sequence[str] = (), description: str = ""
) -> tuple[WebhookEndpoint, str]:
    """A new endpoint and its secret; audited. No events means all. A second call makes a second endpoint.

    Raises UrlRefused and TooManyEndpoints; then nothing is written.
    """
    _check_url(url)
    secret = make_secret()
    with transaction.atomic():
        # The owner's row stands for the number of their endpoints: two requests at once cannot both be the last.
        User.objects.select_for_update(no_key=True).get(id=api_key.owner_id)
        if WebhookEndpoint.objects.kept().filter(owner_id=api_key.owner_id).count() >= MOST_ENDPOINTS:
            raise TooManyEndpoints(f"An account has at most {MOST_ENDPOINTS} webhook endpoints.", limit=MOST_ENDPOINTS)
        endpoint = WebhookEndpoint.objects.create(
            owner_id=api_key.owner_id, url=url, secret=secret, events=_unique(events), description=description
        )
        _record(Action.WEBHOOK_ENDPOINT_CREATED, endpoint, api_key, events=endpoint.events)
    return endpoint, secret


def change(*, endpoint_id: UUID, api_key: ApiKey, changes: Mapping[str, Any]) -> WebhookEndpoint:
    """Sets what `changes` names of url, events, description and enabled; audited. A second call changes nothing more.

    Turning it on, or another URL, forgets past failures; turning it off abandons what was to be sent. What is pending
    goes to the new URL. Raises UrlRefused and NotFound.
    """
    if "url" in changes:
        _check_url(changes["url"])
    with transaction.atomic():
        endpoint = _locked(endpoint_id)
        before = {name: getattr(endpoint, name) for name in FIELDS}
        _set(endpoint, changes)
        changed = [name for name in FIELDS if getattr(endpoint, name) != before[name]]
        if changed:
            _record(Action.WEBHOOK_ENDPOINT_CHANGED, endpoint, api_key, changed=changed, events=endpoint.events)
        if "enabled" in changes:
            _switch(endpoint, api_key, on=changes["enabled"])
    return WebhookEndpoint.objects.get(id=endpoint_id)


def _set(endpoint: WebhookEndpoint, changes: Mapping[str, Any]) -> None:
    if changes.get("url", endpoint.url) != endpoint.url:
        endpoint.url = changes["url"]
        endpoint.failing_since, endpoint.consecutive_failures = None, 0
    endpoint.events = _unique(changes.get("events", endpoint.events))
    endpoint.description = changes.get("description", endpoint.description)
    endpoint.save(update_fields=[*FIELDS, "failing_since", "consecutive_failures"])


def _switch(endpoint: WebhookEndpoint, api_key: ApiKey, *, on: bool) -> None:
    if not on:
        disable(
            endpoint_id=endpoint.id,
            reason=WebhookEndpoint.Disabled.PAUSED,
            actor_id=api_key.owner_id,
            actor_label=f"key {api_key.prefix}",
        )
    elif not endpoint.is_enabled:
        endpoint.disabled_at, endpoint.disabled_reason = None, ""
        endpoint.failing_since, endpoint.consecutive_failures = None, 0
        endpoint.save(update_fields=["disabled_at", "disabled_reason", "failing_since", "consecutive_failures"])
        _record(Action.WEBHOOK_ENDPOINT_ENABLED, endpoint, api_key)


def rotate_secret(*, endpoint_id: UUID, api_key: ApiKey, overlap: timedelta) -> tuple[WebhookEndpoint, str]:
    """A new secret; the former one signs beside it for the overlap (zero: ends at once). Audited.

    A second call replaces the new one by a newer, and what was former before is forgotten. Raises NotFound.
    """
    secret = make_secret()
    with transaction.atomic():
        endpoint = _locked(endpoint_id)
        until = timezone.now() + overlap if overlap else None
        endpoint.previous_secret = endpoint.secret if overlap else None
        endpoint.previous_secret_until = until
        endpoint.secret = secret
        endpoint.save(update_fields=["secret", "previous_secret", "previous_secret_until"])
        _record(Action.WEBHOOK_ENDPOINT_SECRET_ROTATED, endpoint, api_key, overlap_until=until and until.isoformat())
    return endpoint, secret


def delete(*, endpoint_id: UUID, api_key: ApiKey) -> None:
    """Forgets its URL and secrets and abandons what was to be sent; audited. Raises NotFound, also the second time."""
    with transaction.atomic():
        endpoint = _locked(endpoint_id)
        endpoint.deleted_at = timezone.now()
        endpoint.url, endpoint.secret, endpoint.description = "", "", ""
        endpoint.previous_secret, endpoint.previous_secret_until = None, None
        endpoint.save()
        _record(
            Action.WEBHOOK_ENDPOINT_DELETED, endpoint, api_key, abandoned_deliveries=abandon(endpoint_id=endpoint_id)
        )


def _locked(endpoint_id: UUID) -> WebhookEndpoint:
    found = WebhookEndpoint.objects.kept().select_for_update(no_key=True).filter(id=endpoint_id).first()
    if found is None:
        raise NotFound("There is no such webhook endpoint, or it is not yours.")
    return found


def _check_url(url: str) -> None:
    """Outside of any transaction: it asks the resolver."""
    try:
        http.check_reachable(url)
    except http.Refused as refusal:
        raise _refused(str(refusal)) from refusal
    except http.Failed as failure:
        raise _refused("The URL's host could not be found.") from failure


def _refused(why: str) -> UrlRefused:
    return UrlRefused(f"{why} Nothing was changed.", errors=[{"field": "url", "message": why}])


def _unique(events: Iterable[str]) -> list[str]:
    return sorted(set(events))


def _record(action: Action, endpoint: WebhookEndpoint, api_key: ApiKey, **data: Any) -> None:
    audit.record(
        action=action,
        actor_id=api_key.owner_id,
        actor_label=f"key {api_key.prefix}",
        target=("webhook_endpoint", endpoint.id),
        **data,
    )
