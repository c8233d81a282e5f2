"""What all pages of the sign-in do alike: a refusal is a page too, and on the trail; nothing is kept on the way."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers

from audit.actions import Action
from audit.services import record
from hub.common.errors import HubError
from users.api.authentication import client_ip
from users.signin.entering import signed_in
from users.signin.errors import SigninRefused

View = Callable[..., HttpResponse]


def page(view: View) -> View:
    """A view whose refusals become pages with their status, each SigninRefused with an entry on the trail."""

    @wraps(view)
    def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response = view(request, *args, **kwargs)
        except SigninRefused as refusal:
            note_refusal(request, refusal, provider=kwargs.get("provider"))
            response = refused(request, refusal)
        except HubError as error:
            response = refused(request, error)
        add_never_cache_headers(response)
        return response

    return shown


def personal(view: View) -> View:
    """A page for whoever is signed in, given to it behind the request; others are sent to sign in first."""

    @page
    @wraps(view)
    def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        user = signed_in(request)
        if user is None:
            return redirect(f"{reverse('signin:page')}?{urlencode({'next': reverse('signin:account')})}")
        return view(request, user, *args, **kwargs)

    return shown


def note_refusal(request: HttpRequest, refusal: SigninRefused, *, provider: str | None = None) -> None:
    """On the trail: the code, our own word for the reason, and whom it concerns."""
    facts: dict[str, Any] = {"reason": refusal.reason, "provider": provider}
    record(
        action=Action.USER_SIGNIN_REFUSED,
        target=("user", refusal.user_id) if refusal.user_id else None,
        ip=client_ip(request),
        code=refusal.code,
        **facts,
    )


def refused(request: HttpRequest, error: SigninRefused | HubError) -> HttpResponse:
    """The page that says why, with the error's own status and headers."""
    is_signed_in = signed_in(request) is not None
    again = request.path if getattr(error, "may_repeat", False) and not is_signed_in else ""
    facts = {"title": error.title, "detail": error.detail, "is_signed_in": is_signed_in, "again": again}
    response = render(request, "signin/refused.html", facts, status=error.status)
    for name, value in getattr(error, "headers", {}).items():
        response[name] = value
    return response
