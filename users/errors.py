"""What can go wrong with accounts and keys. The codes never change."""

from __future__ import annotations

from hub.common.errors import HubError

# The scheme a client is asked to use; RFC 9110 wants it in every 401.
CHALLENGE = 'Bearer realm="hub"'


class EmailMalformed(HubError):
    """The email address is not one that mail could be sent to."""

    code = "email_malformed"
    status = 422
    title = "The email address is malformed"
    is_for_operators = True


class EmailTaken(HubError):
    """There is an account with this email address already."""

    code = "email_taken"
    status = 409
    title = "The email address is taken"
    is_for_operators = True
    remedy = "Use the account that is there."


class ExpiryPast(HubError):
    """A new API key must expire in the future."""

    code = "expiry_past"
    status = 422
    title = "The expiry is in the past"


class KeyRefused(HubError):
    """The API key does not let you in; each reason has a code of its own."""

    status = 401

    def __init__(self, detail: str | None = None, **facts: object) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": CHALLENGE}, **facts)


class KeyMissing(KeyRefused):
    """Send an API key as `Authorization: Bearer <key>` or as `x-goog-api-key: <key>`."""

    code = "api_key_missing"
    title = "An API key is needed"


class KeyMalformed(KeyRefused):
    """What was sent does not have the form of an API key of this hub."""

    code = "api_key_malformed"
    title = "The API key is malformed"


class KeyUnknown(KeyRefused):
    """There is no such API key."""

    code = "api_key_unknown"
    title = "The API key is not known"


class KeyExpired(KeyRefused):
    """The API key has expired."""

    code = "api_key_expired"
    title = "The API key has expired"


class KeyRevoked(KeyRefused):
    """The API key was revoked."""

    code = "api_key_revoked"
    title = "The API key was revoked"


class AccountSuspended(HubError):
    """The account that owns this API key is not active."""

    code = "account_suspended"
    status = 403
    title = "The account is suspended"
    remedy = "Ask whoever runs the hub."


class IpNotAllowed(HubError):
    """The API key may not be used from this address: it has a list of allowed networks, and this is in none of them."""

    code = "ip_not_allowed"
    status = 403
    title = "The address is not allowed"
    remedy = "Call from one of the networks of `allowed_ips`, or use a key without such a list."


class KeyExceedsOwn(HubError):
    """An API key gives no more than it has; `exceeds` names what would be more, and why."""

    code = "api_key_exceeds_own"
    status = 403
    title = "More than your own API key may do"
    remedy = "Ask for no more than the key in use has, or use one that has more."
    fact_names = {"exceeds": "`[{field, message}]`, each part that would be more"}


class KeyLineageTooLong(HubError):
    """The API key stands at the end of a long line of keys, each made by the one before; it can make no further one."""

    code = "api_key_lineage_too_long"
    status = 422
    title = "The line of API keys is too long"
    remedy = "Make the key with one that stands earlier in the line."
    fact_names = {"longest": "the most keys in a line"}


class KeyEnded(HubError):
    """The API key was revoked or has expired; make a new one."""

    code = "api_key_ended"
    status = 409
    title = "The API key has ended"
    remedy = "Make a new key with `POST /api/v1/api-keys`."


class KeyChangedMeanwhile(HubError):
    """The API key was rotated or revoked by another request at the same time; nothing was changed by this one."""

    code = "api_key_changed_meanwhile"
    status = 409
    title = "The API key changed meanwhile"


class OverlapInvalid(HubError):
    """The secret before a rotation works until a moment that is neither past nor more than 7 days ahead."""

    code = "overlap_invalid"
    status = 422
    title = "The overlap is not valid"
    remedy = "Choose a `former_until` within the next 7 days; `null` ends the secret before at once."


class ScopeMissing(HubError):
    """The API key lacks the scope that this needs."""

    code = "scope_missing"
    status = 403
    title = "The API key may not do this"
    remedy = "Use a key with `required_scope`."
    fact_names = {"required_scope": "the scope that is needed"}
