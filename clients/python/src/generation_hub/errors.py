"""What goes wrong: one family, HubError, by what was answered or why nothing was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from generation_hub.shapes.common import FieldError, Policy, RatePolicy
    from generation_hub.shapes.work import Generation


class HubError(Exception):
    """Whatever the client raises.

    `code` is stable: decide by it, or by the class. Errors that the hub answered with have its `status` and the
    `request_id` to quote in a report; `errors` names each field, `policies` each quota, `rates` each rate limit, and
    `facts` whatever else was said. `retry_after` is in seconds.
    """

    default_code = ""

    def __init__(
        self,
        detail: str,
        *,
        code: str = "",
        status: int | None = None,
        title: str = "",
        errors: Sequence[FieldError] = (),
        policies: Sequence[Policy] = (),
        rates: Sequence[RatePolicy] = (),
        request_id: str = "",
        retry_after: float | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.default_code
        self.status = status
        self.title = title
        self.errors = tuple(errors)
        self.policies = tuple(policies)
        self.rates = tuple(rates)
        self.request_id = request_id
        self.retry_after = retry_after
        self.facts = dict(facts or {})

    def __str__(self) -> str:
        fields = "".join(f" {error.field}: {error.message}" for error in self.errors)
        about = [part for part in (self.code, f"request {self.request_id}" if self.request_id else "") if part]
        return f"{self.detail}{fields}" + (f" [{', '.join(about)}]" if about else "")


# --- answers of the hub -----------------------------------------------------------------------------------------------


class RequestRefused(HubError):
    """4xx: the same request will be refused again, unless a subclass says otherwise."""


class AuthenticationFailed(RequestRefused):
    """401: there is no key, or it is not valid (any more)."""


class QuotaRefused(RequestRefused):
    """402: it does not fit into what may be spent; `policies` says where each quota stands."""


class QuotaExceeded(QuotaRefused):
    """It does not fit before a quota starts anew."""


class QuotaHeld(QuotaRefused):
    """It will fit once jobs in flight have settled: try again after `retry_after` seconds."""


class PermissionDenied(RequestRefused):
    """403: the key may not do this."""


class NotFound(RequestRefused):
    """404: it does not exist, or is another account's."""


class Conflict(RequestRefused):
    """409: not in its present state."""


class TooLarge(RequestRefused):
    """413: more bytes than the hub takes."""


class InvalidRequest(RequestRefused):
    """422: some of it is not valid; `errors` says what, field by field."""


class RateLimited(RequestRefused):
    """429: too many requests; try again after `retry_after` seconds. `rates` says where each limit stands."""


class HubFailed(HubError):
    """5xx: the hub could not do it."""


class ServiceUnavailable(HubFailed):
    """503: a part that the hub needs is away; nothing was done."""


# --- no answer of the hub, or none to be used -------------------------------------------------------------------------


class Misconfigured(HubError):
    """The client has no address or no key."""

    default_code = "misconfigured"


class HubUnreachable(HubError):
    """There was no answer, or it broke off."""

    default_code = "hub_unreachable"


class HubTimeout(HubUnreachable, TimeoutError):
    """There was no answer in time."""

    default_code = "hub_timeout"


class BadAnswer(HubError):
    """What answered is not the hub, or not as the client knows it."""

    default_code = "bad_answer"


class WaitTimeout(HubError, TimeoutError):
    """The generation has not ended in the time that was given. It goes on; `generation` is how it was last seen."""

    default_code = "wait_timeout"

    def __init__(self, generation: Generation, seconds: float) -> None:
        super().__init__(f"Generation {generation.id} is still {generation.status} after {seconds:g} s; it goes on.")
        self.generation = generation


class NotSucceeded(HubError):
    """A generation ended as failed, blocked or canceled, or has not ended; `generation` says why."""

    default_code = "not_succeeded"

    def __init__(self, generation: Generation) -> None:
        error = generation.error
        why = error.message if error else f"Its status is {generation.status}."
        super().__init__(f"Generation {generation.id} did not succeed. {why}", code=error.code if error else "")
        self.generation = generation


class DownloadDamaged(HubError):
    """What was downloaded is not the file that the hub described; nothing of it was kept."""

    default_code = "download_damaged"


class WebhookInvalid(HubError):
    """A webhook is not the hub's, or too old."""

    default_code = "webhook_invalid"
