"""Signing in by a provider: the page, the way there and the way back."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from hub.identity import IdentityProvider
from users.api.authentication import client_ip
from users.models import User
from users.signin import accounts
from users.signin.backends import BY_PROVIDER
from users.signin.claims import identity_of
from users.signin.entering import default_page, enter, leave, safe_next, signed_in
from users.signin.errors import FlowLost
from users.signin.flow import COOKIE, COOKIE_PATH, LIFETIME_SECONDS, Flow
from users.signin.limits import count_attempt
from users.signin.pages import page, personal
from users.signin.provider import authorization_url, exchange, provider_named


@require_GET
@page
def signin_page(request: HttpRequest) -> HttpResponse:
    """The providers, a button each; who is signed in goes on."""
    next_url = safe_next(request, request.GET.get("next", ""))
    user = signed_in(request)
    if user is not None:
        return redirect(next_url or default_page(user))
    return render(request, "signin/page.html", {"providers": settings.OIDC_PROVIDERS.values(), "next": next_url})


@require_POST
@page
def start(request: HttpRequest, provider: str) -> HttpResponse:
    """To the provider, with what the browser needs to come back. Each counts for the address."""
    count_attempt(ip=client_ip(request))
    flow = Flow(provider=provider, next_url=safe_next(request, request.POST.get("next", "")))
    return _sent_away(request, provider_named(provider), flow)


@require_POST
@personal
def link(request: HttpRequest, user: User, provider: str) -> HttpResponse:
    """As `start`, to link what comes back to the account of who is signed in."""
    count_attempt(ip=client_ip(request))
    return _sent_away(request, provider_named(provider), Flow(provider=provider, user_id=str(user.id)))


def _sent_away(request: HttpRequest, provider: IdentityProvider, flow: Flow) -> HttpResponse:
    response = redirect(authorization_url(provider, flow, redirect_uri=_callback_url(request, provider)))
    # Lax: the browser must send it when the provider sends it back here.
    response.set_cookie(
        COOKIE,
        flow.sealed(),
        max_age=LIFETIME_SECONDS,
        path=COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def _callback_url(request: HttpRequest, provider: IdentityProvider) -> str:
    return request.build_absolute_uri(reverse("signin:callback", args=[provider.name]))


@require_GET
def callback(request: HttpRequest, provider: str) -> HttpResponse:
    """Back from the provider. Whatever came of it, the browser can come back with it only once."""
    response = _came_back(request, provider=provider)
    response.delete_cookie(COOKIE, path=COOKIE_PATH, samesite="Lax")
    return response


@page
def _came_back(request: HttpRequest, provider: str) -> HttpResponse:
    count_attempt(ip=client_ip(request))
    known = provider_named(provider)
    flow = Flow.opened(request.COOKIES.get(COOKIE), provider=known.name)
    code = flow.code_of(request.GET.dict(), issuer=known.issuer)
    tokens = exchange(known, flow, code=code, redirect_uri=_callback_url(request, known))
    identity = identity_of(known, tokens, nonce=flow.nonce)
    ip = client_ip(request)
    if flow.user_id:
        accounts.link(user=_who_began(request, flow), identity=identity, tokens=tokens, ip=ip)
        return redirect("signin:account")
    user = accounts.account_for(identity=identity, tokens=tokens, ip=ip)
    return enter(request, user=user, backend=BY_PROVIDER, next_url=flow.next_url)


def _who_began(request: HttpRequest, flow: Flow) -> User:
    user = signed_in(request)
    if user is None or str(user.id) != flow.user_id:
        raise FlowLost(reason="other_user")
    return user


@require_POST
@page
def sign_out(request: HttpRequest) -> HttpResponse:
    """Ends the session."""
    leave(request)
    return redirect("signin:page")
