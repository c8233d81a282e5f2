"""The pages of a forgotten password."""

from __future__ import annotations

from django.contrib.auth.forms import SetPasswordForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from users.api.authentication import client_ip
from users.signin import reset
from users.signin.forms import AddressForm
from users.signin.limits import count_attempt, count_reset
from users.signin.pages import page


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters()
@page
def ask(request: HttpRequest) -> HttpResponse:
    """Where somebody asks for a link; the answer is the same whether there is such an account or not."""
    reset.refuse_without_passwords()
    form = AddressForm(request.POST or None)
    if not form.is_valid():
        return render(request, "signin/password.html", {"form": form}, status=422 if form.is_bound else 200)
    email, ip = form.cleaned_data["email"], client_ip(request)
    count_reset(ip=ip, account=email)
    reset.ask_for_link(email=email, base_url=request.build_absolute_uri("/"), ip=ip)
    return render(request, "signin/password_asked.html")


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters()
@page
def new(request: HttpRequest) -> HttpResponse:
    """Where the link leads: a new password, twice. The link is in the form then, and nothing of it in a session."""
    reset.refuse_without_passwords()
    count_attempt(ip=client_ip(request))
    sent = request.POST if request.method == "POST" else request.GET
    link = {"user": sent.get("user", ""), "token": sent.get("token", "")}
    form = SetPasswordForm(reset.holder_of(**link), request.POST if request.method == "POST" else None)
    if not form.is_valid():
        facts = {"form": form, "link": link}
        return render(request, "signin/password_new.html", facts, status=422 if form.is_bound else 200)
    reset.reset_password(**link, password=form.cleaned_data["new_password1"], ip=client_ip(request))
    return render(request, "signin/password_set.html")
