"""The second factor: asked for on the way in, set up and taken away by who is signed in."""

from __future__ import annotations

import io

import segno
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_http_methods, require_POST

from users.api.authentication import client_ip
from users.models import User
from users.signin import second_factor as factors
from users.signin.entering import PASSED, default_page, let_in, pending, signed_in
from users.signin.errors import FlowLost, SecondFactorNeeded
from users.signin.forms import CodeForm
from users.signin.limits import count_attempt
from users.signin.pages import page, personal


@require_http_methods(["GET", "POST"])
@page
def ask(request: HttpRequest) -> HttpResponse:
    """The second step of a sign-in: the code, or, for staff who must have a factor and have none, to set one up."""
    waiting = pending(request)
    if waiting is None:
        raise FlowLost(reason="second_factor")
    user, kept = waiting
    if factors.confirmed_factor(user) is None:
        return redirect("signin:second-factor-setup")
    if request.method == "GET":
        return render(request, "signin/second_factor.html", {"form": CodeForm()})
    _count(request, user)
    factors.verify(user=user, code=request.POST.get("code", ""), ip=client_ip(request))
    return let_in(request, user=user, backend=kept["backend"], next_url=kept["next_url"], has_passed=True)


@require_http_methods(["GET", "POST"])
@page
def set_up(request: HttpRequest) -> HttpResponse:
    """A new secret as a QR code, and its first code; the recovery codes come with the answer, this once."""
    user, is_waiting = _who(request)
    if request.method == "GET":
        return _secret_page(request, user)
    _count(request, user)
    codes = factors.confirm(user=user, code=request.POST.get("code", ""), ip=client_ip(request))
    if is_waiting:
        kept = request.session["signin_pending"]
        let_in(request, user=user, backend=kept["backend"], next_url="", has_passed=True)
    request.session[PASSED] = True
    return _codes_page(request, user, codes)


def _who(request: HttpRequest) -> tuple[User, bool]:
    """Who is signed in, or who must set up a factor to be; whether it is the second. Raises FlowLost."""
    user = signed_in(request)
    if user is not None:
        return user, False
    waiting = pending(request)
    if waiting is None:
        raise FlowLost(reason="second_factor")
    return waiting[0], True


def _secret_page(request: HttpRequest, user: User) -> HttpResponse:
    # Shown again it is the same one: whoever loads the page anew has scanned it already.
    factor = factors.begun_factor(user) or factors.begin(user=user, ip=client_ip(request))
    facts = {"qr": _drawn(factors.address_of(factor)), "secret": factor.secret, "form": CodeForm()}
    return render(request, "signin/second_factor_setup.html", {**facts, "is_signed_in": signed_in(request) is not None})


def _drawn(address: str) -> SafeString:
    """As SVG within the page: no image with the secret is ever fetched by itself."""
    out = io.BytesIO()
    segno.make(address, error="m").save(out, kind="svg", scale=4, border=4, xmldecl=False, light="#fff", dark="#000")
    return mark_safe(out.getvalue().decode())  # noqa: S308  # made of modules, holds no text of anybody's


def _codes_page(request: HttpRequest, user: User, codes: list[str]) -> HttpResponse:
    facts = {"codes": codes, "next": default_page(user), "is_signed_in": True}
    return render(request, "signin/recovery_codes.html", facts)


@require_POST
@personal
def new_codes(request: HttpRequest, user: User) -> HttpResponse:
    """New recovery codes, for a code."""
    _count(request, user)
    codes = factors.new_recovery_codes(user=user, code=request.POST.get("code", ""), ip=client_ip(request))
    return _codes_page(request, user, codes)


@require_POST
@personal
def remove(request: HttpRequest, user: User) -> HttpResponse:
    """Without a second factor from now on, for a code; not where staff must have one."""
    if user.is_staff and settings.STAFF_SECOND_FACTOR_REQUIRED:
        raise SecondFactorNeeded(user_id=user.id)
    _count(request, user)
    factors.verify(user=user, code=request.POST.get("code", ""), ip=client_ip(request))
    factors.remove(user=user, actor=user, ip=client_ip(request))
    return redirect("signin:account")


def _count(request: HttpRequest, user: User) -> None:
    count_attempt(ip=client_ip(request), account=f"second factor of {user.id}")
