"""The console's own door."""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.admin.forms import AdminAuthenticationForm, AdminPasswordChangeForm
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from hub.common.rate_limit import RateLimited
from users.api.authentication import client_ip
from users.models import User
from users.selectors import users_with_email
from users.services import set_password
from users.signin.backends import BY_PASSWORD
from users.signin.entering import enter, is_enough, leave
from users.signin.errors import CredentialsWrong, PasswordNotTaken
from users.signin.limits import count_attempt
from users.signin.pages import note_refusal, refused


class ConsoleLogin(LoginView):
    """Email and password of the staff, counted before anything is looked at."""

    authentication_form = AdminAuthenticationForm
    template_name = "signin/console.html"
    next_page = "admin:index"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """429 beyond the limits; 403 where staff must come by a provider, whatever the password."""
        typed = request.POST.get("username", "")
        try:
            count_attempt(ip=client_ip(request), account=typed)
        except RateLimited as error:
            return refused(request, error)
        if settings.OIDC_STAFF_REQUIRED:
            refusal = PasswordNotTaken()
            note_refusal(request, refusal)
            return refused(request, refusal)
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Right: in, or first to the second factor."""
        return enter(self.request, user=form.get_user(), backend=BY_PASSWORD, next_url=self.get_success_url())

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Wrong: on the trail, with the account when there is one, and never what was typed."""
        known = users_with_email(form.data.get("username", "")).first()
        note_refusal(self.request, CredentialsWrong(user_id=known.id if known else None))
        return super().form_invalid(form)


class OwnPasswordForm(AdminPasswordChangeForm):
    """A new password of one's own, for the former one."""

    def save(self, commit: bool = True) -> Any:
        """Audited as one's own doing."""
        set_password(user=self.user, password=self.cleaned_data["new_password1"], actor=self.user)
        return self.user


class OwnPasswordView(PasswordChangeView):
    """Whoever has somebody's session tries no passwords here: each attempt counts, and a wrong one is on the trail."""

    form_class = OwnPasswordForm

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """429 beyond the limits of signing in."""
        user = cast(User, request.user)
        try:
            count_attempt(ip=client_ip(request), account=user.email or "")
        except RateLimited as error:
            return refused(request, error)
        return super().post(request, *args, **kwargs)

    def form_invalid(self, form: Any) -> HttpResponse:
        """The form again."""
        if form.has_error("old_password", "password_incorrect"):
            user = cast(User, self.request.user)
            note_refusal(self.request, CredentialsWrong(user_id=user.id, reason="own_password"))
        return super().form_invalid(form)


class ConsoleSite(AdminSite):
    """Django's admin, for sessions that were begun as the settings ask for."""

    def has_permission(self, request: HttpRequest) -> bool:
        """For active staff whose sign-in was enough."""
        return super().has_permission(request) and is_enough(request)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Also what the sign-in page offers."""
        offered = {"providers": settings.OIDC_PROVIDERS.values(), "takes_passwords": not settings.OIDC_STAFF_REQUIRED}
        return {**super().each_context(request), **offered}

    @method_decorator(never_cache)
    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Django's, by our view."""
        if request.method == "GET" and self.has_permission(request):
            return redirect("admin:index")
        context = {
            **self.each_context(request),
            "title": "Log in",
            "subtitle": None,
            "app_path": request.get_full_path(),
            "username": request.user.get_username(),
            REDIRECT_FIELD_NAME: request.GET.get(REDIRECT_FIELD_NAME) or reverse("admin:index"),
            **(extra_context or {}),
        }
        request.current_app = self.name
        response = ConsoleLogin.as_view(extra_context=context)(request)
        return cast(HttpResponse, response)

    @method_decorator(never_cache)
    def logout(self, request: HttpRequest, extra_context: Any = None) -> TemplateResponse:
        """Django's page, behind our own way out."""
        if request.method == "POST":
            leave(request)
        return super().logout(request, extra_context)

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> TemplateResponse:
        """Django's page, with our form."""
        request.current_app = self.name
        context = {**self.each_context(request), **(extra_context or {})}
        done = reverse("admin:password_change_done")
        view = OwnPasswordView.as_view(success_url=done, extra_context=context)
        return cast(TemplateResponse, view(request))
