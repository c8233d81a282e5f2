"""The account of who is signed in: API keys and links to providers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_POST

from users.api.authentication import client_ip
from users.models import ApiKey, User
from users.selectors import key_of, keys_of
from users.services import issue_api_key, revoke_api_key
from users.signin import accounts
from users.signin.forms import KeyForm
from users.signin.limits import count_attempt
from users.signin.pages import personal
from users.signin.second_factor import confirmed_factor

# A page for a person; programs list them through the API.
MOST_KEYS = 100


@require_GET
@personal
def account(request: HttpRequest, user: User) -> HttpResponse:
    """Keys, links, and for the staff the second factor."""
    return _shown(request, user, KeyForm())


@require_POST
@personal
@sensitive_variables("text")
def create_key(request: HttpRequest, user: User) -> HttpResponse:
    """A new key of the account's; its text is on this page alone."""
    form = KeyForm(request.POST)
    if not form.is_valid():
        return _shown(request, user, form, status=422)
    wanted = form.cleaned_data
    key, text = issue_api_key(
        owner=user, name=wanted["name"], scopes=wanted["scopes"], expires_at=form.expires_at, actor=user
    )
    return render(request, "signin/key.html", {"key": key, "text": text, "is_signed_in": True}, status=201)


@require_POST
@personal
def revoke_key(request: HttpRequest, user: User, key_id: UUID) -> HttpResponse:
    """Ends a key at once."""
    revoke_api_key(key=key_of(user=user, key_id=key_id), actor=user)
    return redirect("signin:account")


@require_POST
@personal
def refresh_link(request: HttpRequest, user: User, link_id: UUID) -> HttpResponse:
    """New tokens for a link: shows whether the provider still stands by it."""
    count_attempt(ip=client_ip(request))
    accounts.refresh(account=accounts.link_of(user=user, link_id=link_id))
    return redirect("signin:account")


@require_POST
@personal
def unlink(request: HttpRequest, user: User, link_id: UUID) -> HttpResponse:
    """Ends a link, and its tokens at the provider."""
    accounts.unlink(account=accounts.link_of(user=user, link_id=link_id), ip=client_ip(request))
    return redirect("signin:account")


def _shown(request: HttpRequest, user: User, form: KeyForm, status: int = 200) -> HttpResponse:
    links = list(accounts.links_of(user=user))
    linked = {link.provider for link in links}
    providers = settings.OIDC_PROVIDERS
    facts: dict[str, Any] = {
        "account": user,
        "form": form,
        "keys": [(key, _state(key)) for key in keys_of(user=user)[:MOST_KEYS]],
        "links": [(link, providers[link.provider].label if link.provider in providers else "") for link in links],
        "offered": [provider for name, provider in providers.items() if name not in linked],
        "factor": confirmed_factor(user),
        "is_signed_in": True,
    }
    return render(request, "signin/account.html", facts, status=status)


def _state(key: ApiKey) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "expired" if key.is_expired(timezone.now()) else "active"
