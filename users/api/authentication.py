"""Who is calling: an API key in a header."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from hub.api.internal import is_internal
from hub.common.client_address import address_in
from hub.common.errors import HubError
from users.api import schema  # noqa: F401  # registers how this class is described
from users.errors import CHALLENGE
from users.letting_in import authenticate_api_key
from users.models import ApiKey, User

_SCHEME = "bearer"
GOOGLE_HEADER = "x-goog-api-key"


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer <key>`, or `x-goog-api-key: <key>` as Google's SDK sends it.

    Gives (owner, ApiKey); raises what `users.letting_in.authenticate_api_key` does. A request without a key is refused
    here, so a view that is open to all sets `authentication_classes = []`.
    """

    def authenticate(self, request: Request) -> tuple[User, ApiKey]:
        """The owner and the key."""
        try:
            key = authenticate_api_key(
                text=_key_text(request), ip=client_ip(request), is_counted=not is_internal(request)
            )
        except HubError:
            # As DRF does for its own errors: whoever asks for request.user while the answer is being made must not
            # start, and audit, the same refusal again.
            request.user, request.auth = AnonymousUser(), None
            raise
        return key.owner, key

    def authenticate_header(self, request: Request) -> str:
        """The challenge that goes with a 401."""
        return CHALLENGE


def _key_text(request: Request) -> str:
    authorization = request.headers.get("Authorization", "").strip()
    if not authorization:
        return request.headers.get(GOOGLE_HEADER, "").strip()
    scheme, _, text = authorization.partition(" ")
    # Anything but "Bearer <key>" is a credential that is not ours: malformed, not missing. No key has a space in it.
    return text.strip() if scheme.lower() == _SCHEME and text.strip() else f"{scheme} {text}"


def client_ip(request: HttpRequest | Request) -> str | None:
    """The client's address, None when it is not known; see hub.common.client_address.address_in."""
    return address_in(request.META)
