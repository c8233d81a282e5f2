"""Talks to an OpenID provider: discovery, tokens, revocation. Never inside a transaction: each call is the network."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx2
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from django.conf import settings
from django.utils import timezone

from hub.common.errors import NotFound
from hub.identity import IdentityProvider
from users.signin.errors import AnswerNotTrusted, ProviderAway
from users.signin.flow import Flow

DISCOVERY = "/.well-known/openid-configuration"
# How long a provider's metadata and keys are taken as they were; unknown keys are looked up at once.
REMEMBERED_SECONDS = 3600
LONGEST_TOKEN_SECONDS = 10 * 365 * 86_400
OFFLINE = "offline_access"
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_remembered: dict[str, tuple[float, Mapping[str, Any]]] = {}


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a provider gave; none of it in the repr."""

    access: str | None = field(repr=False)
    refresh: str | None = field(repr=False)
    scopes: tuple[str, ...]
    expires_at: datetime | None
    id_token: str = field(default="", repr=False)

    @classmethod
    def of(cls, answer: Mapping[str, Any], *, asked: tuple[str, ...]) -> Tokens:
        """Those of a token endpoint's answer; without a scope in it those that were asked for were given."""
        seconds = answer.get("expires_in")
        is_number = isinstance(seconds, int) and 0 < seconds < LONGEST_TOKEN_SECONDS
        return cls(
            access=_text(answer.get("access_token")),
            refresh=_text(answer.get("refresh_token")),
            scopes=tuple(str(answer.get("scope") or " ".join(asked)).split()),
            expires_at=timezone.now() + timedelta(seconds=seconds) if is_number and seconds else None,
            id_token=_text(answer.get("id_token")) or "",
        )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def provider_named(name: str) -> IdentityProvider:
    """Raises NotFound."""
    providers: Mapping[str, IdentityProvider] = settings.OIDC_PROVIDERS
    if name not in providers:
        raise NotFound
    return providers[name]


def authorization_url(provider: IdentityProvider, flow: Flow, *, redirect_uri: str) -> str:
    """Where to send the browser; raises ProviderAway."""
    known = metadata(provider)
    is_offline = OFFLINE in known.get("scopes_supported", ()) and not provider.is_google
    scopes = dict.fromkeys([*provider.scopes, *([OFFLINE] if is_offline else [])])
    more = {"access_type": "offline"} if provider.is_google else {}
    with _client(provider, redirect_uri=redirect_uri, scope=" ".join(scopes)) as client:
        url, _ = client.create_authorization_url(
            known["authorization_endpoint"], state=flow.state, nonce=flow.nonce, code_verifier=flow.verifier, **more
        )
    return str(url)


def exchange(provider: IdentityProvider, flow: Flow, *, code: str, redirect_uri: str) -> Tokens:
    """The tokens for a code; raises AnswerNotTrusted for one that the provider does not take, and ProviderAway."""

    def ask(client: OAuth2Client, known: Mapping[str, Any]) -> Any:
        return client.fetch_token(
            known["token_endpoint"], grant_type="authorization_code", code=code, code_verifier=flow.verifier
        )

    return Tokens.of(_asked(provider, ask, redirect_uri=redirect_uri), asked=provider.scopes)


def refreshed(provider: IdentityProvider, *, refresh_token: str) -> Tokens:
    """New tokens; raises AnswerNotTrusted when the provider no longer takes the old one, and ProviderAway."""

    def ask(client: OAuth2Client, known: Mapping[str, Any]) -> Any:
        return client.refresh_token(known["token_endpoint"], refresh_token=refresh_token)

    return Tokens.of(_asked(provider, ask), asked=provider.scopes)


def revoke(provider: IdentityProvider, *, token: str, hint: str) -> bool | None:
    """Ends the token at the provider (RFC 7009): whether it has ended now; None when it offers no such thing."""
    try:
        url = metadata(provider).get("revocation_endpoint")
        if not url or not _is_safe(provider, url):
            return None
        with _client(provider) as client:
            answer = client.revoke_token(url, token=token, token_type_hint=hint)
    except (httpx2.HTTPError, ProviderAway, ValueError):
        return False
    return True if answer.status_code == httpx2.codes.OK else _verdict(_error_of(answer))


def _verdict(error: str | None) -> bool | None:
    """Some (Google) call a token unknown that has ended already, where RFC 7009 has them say that all is well."""
    if error == "unsupported_token_type":
        return None
    return error == "invalid_token"


def _error_of(answer: httpx2.Response) -> str | None:
    try:
        found = answer.json()
    except ValueError:
        return None
    return _text(found.get("error")) if isinstance(found, dict) else None


def user_info(provider: IdentityProvider, *, access_token: str) -> Mapping[str, Any]:
    """The claims of the userinfo endpoint, {} when there is none; raises ProviderAway."""
    url = metadata(provider).get("userinfo_endpoint")
    return _get(url, headers={"Authorization": f"Bearer {access_token}"}) if url else {}


def metadata(provider: IdentityProvider) -> Mapping[str, Any]:
    """What discovery says, remembered for an hour; raises ProviderAway, also for a document of another issuer."""
    found = _remember(provider.issuer.rstrip("/") + DISCOVERY)
    is_good = found.get("issuer") == provider.issuer and all(_is_safe(provider, found.get(name)) for name in _ENDPOINTS)
    if not is_good:
        _remembered.pop(provider.issuer.rstrip("/") + DISCOVERY, None)
        raise ProviderAway(reason="discovery")
    return found


def signing_keys(provider: IdentityProvider, *, anew: bool = False) -> Mapping[str, Any]:
    """The provider's JWK set; raises ProviderAway."""
    url = metadata(provider)["jwks_uri"]
    if anew:
        _remembered.pop(url, None)
    return _remember(url)


def _is_safe(provider: IdentityProvider, url: object) -> bool:
    """An issuer on HTTPS may not lead to plain HTTP."""
    wanted = ("https://",) if provider.issuer.startswith("https://") else ("https://", "http://")
    return isinstance(url, str) and url.startswith(wanted)


def _remember(url: str) -> Mapping[str, Any]:
    until, found = _remembered.get(url, (0.0, {}))
    if time.monotonic() >= until:
        found = _get(url)
        _remembered[url] = (time.monotonic() + REMEMBERED_SECONDS, found)
    return found


def _get(url: str, headers: Mapping[str, str] | None = None) -> Mapping[str, Any]:
    try:
        with httpx2.Client(**_way_out()) as client:
            found = client.get(url, headers={"Accept": "application/json", **(headers or {})}).raise_for_status().json()
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
        raise ProviderAway(reason=type(error).__name__) from error
    if not isinstance(found, dict):
        raise ProviderAway(reason="no_object")
    return found


def _asked(
    provider: IdentityProvider, ask: Callable[[OAuth2Client, Mapping[str, Any]], Any], **options: Any
) -> Mapping[str, Any]:
    known = metadata(provider)
    try:
        with _client(provider, **options) as client:
            answer: Mapping[str, Any] = ask(client, known)
    except OAuthError as error:
        # The provider's own words may hold anything.
        raise AnswerNotTrusted(reason="token_endpoint") from error
    except (httpx2.HTTPStatusError, ValueError) as error:
        raise ProviderAway(reason=type(error).__name__) from error
    except httpx2.HTTPError as error:
        raise ProviderAway(reason=type(error).__name__) from error
    return answer


def _client(provider: IdentityProvider, **options: Any) -> OAuth2Client:
    methods = (_remembered.get(provider.issuer.rstrip("/") + DISCOVERY) or (0, {}))[1]
    offered = methods.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    method = "client_secret_basic" if "client_secret_basic" in offered else "client_secret_post"
    return OAuth2Client(
        client_id=provider.client_id,
        client_secret=provider.client_secret,
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
        code_challenge_method="S256",
        **_way_out(),
        **options,
    )


def _way_out() -> dict[str, Any]:
    """No redirect, no proxy of the environment, no step without an end."""
    return {"timeout": settings.OIDC_TIMEOUT_SECONDS, "follow_redirects": False, "trust_env": False}
