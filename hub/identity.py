"""Who may say who somebody is: the OpenID providers of the settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import idna
from django.core.exceptions import ImproperlyConfigured

from hub import env

ANY_DOMAIN = "*"
GOOGLE = "google"
GOOGLE_ISSUER = "https://accounts.google.com"
USUAL_SCOPES = "openid,email"
LONGEST_NAME = 20
_NAME = re.compile(r"[a-z][a-z0-9]{0,19}")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """One OpenID provider, and the client that the hub is there."""

    name: str
    label: str
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: tuple[str, ...] = ("openid", "email")

    @property
    def is_google(self) -> bool:
        """Google has ways of its own to ask for a refresh token."""
        return self.issuer == GOOGLE_ISSUER


def identity_providers(*, may_be_plain: bool) -> Mapping[str, IdentityProvider]:
    """Those that OIDC_PROVIDERS names, in its order; plain HTTP on loopback is for development alone.

    Raises ImproperlyConfigured with one line that names the setting.
    """
    names = env.words("OIDC_PROVIDERS")
    for name in names:
        if not _NAME.fullmatch(name):
            raise ImproperlyConfigured(
                f"OIDC_PROVIDERS: {name!r} must be 1 to {LONGEST_NAME} lower-case letters and digits, a letter first."
            )
    if len(set(names)) != len(names):
        raise ImproperlyConfigured("OIDC_PROVIDERS names a provider twice.")
    return {name: _provider(name, may_be_plain) for name in names}


def _provider(name: str, may_be_plain: bool) -> IdentityProvider:
    setting = f"OIDC_{name.upper()}"
    issuer = env.text(f"{setting}_ISSUER", GOOGLE_ISSUER if name == GOOGLE else None)
    _check_issuer(f"{setting}_ISSUER", issuer, may_be_plain)
    scopes = tuple(env.words(f"{setting}_SCOPES", USUAL_SCOPES))
    if "openid" not in scopes:
        raise ImproperlyConfigured(f"{setting}_SCOPES must have openid among its scopes, separated by commas.")
    return IdentityProvider(
        name=name,
        label=env.text(f"{setting}_LABEL", name.capitalize()),
        issuer=issuer,
        client_id=env.text(f"{setting}_CLIENT_ID"),
        client_secret=env.text(f"{setting}_CLIENT_SECRET"),
        scopes=scopes,
    )


def _check_issuer(setting: str, issuer: str, may_be_plain: bool) -> None:
    try:
        parts = urlsplit(issuer)
        is_plain = parts.scheme == "http" and may_be_plain and parts.hostname in _LOOPBACK
        is_good = (parts.scheme == "https" or is_plain) and bool(parts.hostname)
    except ValueError:
        parts, is_good = urlsplit(""), False
    if not is_good or parts.query or parts.fragment or parts.username:
        raise ImproperlyConfigured(f"{setting} must be an https:// URL without query or fragment; it is {issuer!r}.")


def allowed_domains(*, is_needed: bool) -> tuple[str, ...]:
    """The domains of OIDC_ALLOWED_DOMAINS in their one form; `*` stands for any. Raises ImproperlyConfigured."""
    domains = tuple(_domain(each) for each in env.words("OIDC_ALLOWED_DOMAINS"))
    if is_needed and not domains:
        raise ImproperlyConfigured("OIDC_ALLOWED_DOMAINS is not set: name the domains of your people, or * for any.")
    return domains


def _domain(text: str) -> str:
    if text == ANY_DOMAIN:
        return text
    try:
        return idna.encode(text, uts46=True).decode("ascii").lower()
    except UnicodeError as error:
        raise ImproperlyConfigured(f"OIDC_ALLOWED_DOMAINS: {text!r} is not a domain such as example.com.") from error


def staff_must_use_a_provider(providers: Mapping[str, IdentityProvider]) -> bool:
    """OIDC_STAFF_REQUIRED; without a provider it would shut everybody out. Raises ImproperlyConfigured."""
    is_required = env.boolean("OIDC_STAFF_REQUIRED", default=False)
    if is_required and not providers:
        raise ImproperlyConfigured("OIDC_STAFF_REQUIRED is true and OIDC_PROVIDERS is empty: nobody could sign in.")
    return is_required
