"""What may go wrong with webhooks, as the client hears it."""

from __future__ import annotations

from hub.common.errors import HubError


class UrlRefused(HubError):
    """The hub does not send to this URL."""

    code = "webhook_url_refused"
    status = 422
    title = "The URL is refused"
    remedy = "Use an https URL whose host resolves to public addresses alone."
    fact_names = {"errors": "`[{field, message}]`, why it is refused"}


class TooManyEndpoints(HubError):
    """The account has as many webhook endpoints as it may have. Delete one that is not needed."""

    code = "too_many_webhook_endpoints"
    status = 409
    title = "Too many webhook endpoints"
    remedy = "Delete an endpoint that is not needed."
    fact_names = {"limit": "the most endpoints of an account"}


class EndpointDisabled(HubError):
    """The webhook endpoint is disabled or deleted, so nothing is sent there. Enable it first."""

    code = "webhook_endpoint_disabled"
    status = 409
    title = "The webhook endpoint is disabled"
    remedy = 'Turn it on with `PATCH {"enabled": true}`, then try again.'


class DeliveryPending(HubError):
    """The delivery is still being tried by itself; deliver it again once it has ended."""

    code = "webhook_delivery_pending"
    status = 409
    title = "Still being delivered"
    remedy = "Wait until the delivery's `state` is no longer `pending`."
