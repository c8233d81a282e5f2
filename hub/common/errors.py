"""The one family of expected failures. It knows no HTTP framework; the API turns it into problem details."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import cleandoc


class HubError(Exception):
    """Something went wrong that the caller can read about.

    `code` is stable and never changes; `status` is the HTTP status it maps to; the class's docstring is the default
    detail; `facts` are extension members of the problem document; `headers` go into the answer.

    The rest is what docs/ERRORS.md says of it: `remedy` is what the client can do (empty: what its status says),
    `fact_names` and `header_names` are what it may carry; an error of commands alone `is_for_operators`.
    """

    code = "error"
    status = 400
    title = "The request could not be carried out"
    remedy = ""
    fact_names: Mapping[str, str] = {}
    header_names: tuple[str, ...] = ()
    is_for_operators = False

    def __init__(self, detail: str | None = None, *, headers: Mapping[str, str] | None = None, **facts: object) -> None:
        self.detail = detail or cleandoc(type(self).__doc__ or self.title)
        self.headers = dict(headers or {})
        self.facts = facts
        super().__init__(self.detail)


class ServiceUnavailable(HubError):
    """A part that the hub needs is away for the moment; nothing was done. Try again."""

    code = "service_unavailable"
    status = 503
    title = "Service unavailable"
    RETRY_AFTER_SECONDS = 5

    def __init__(self, detail: str | None = None, **facts: object) -> None:
        super().__init__(detail, headers={"Retry-After": str(self.RETRY_AFTER_SECONDS)}, **facts)


class IdempotencyKeyReused(HubError):
    """This Idempotency-Key was used with another body. Use a new key for a new request."""

    code = "idempotency_key_reused"
    status = 422
    title = "Idempotency-Key reused"
    remedy = "Use a new key for a new request; repeat the very same body under the old one."


class NotFound(HubError):
    """There is no such object, or it is not yours."""

    code = "not_found"
    status = 404
    title = "Not found"


class AccountErased(HubError):
    """The account was erased while this request was on its way; nothing of it was kept."""

    code = "account_erased"
    status = 403
    title = "The account was erased"
    remedy = "There is nothing to be done; its keys let nobody in any more."
