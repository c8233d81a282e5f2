"""The page of the console on which staff reveal personal data, for the admin of whatever object has some."""

from __future__ import annotations

import json
from abc import abstractmethod
from typing import Any, ClassVar, cast
from uuid import uuid4

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.cache import add_never_cache_headers
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from hub.common.admin import ReadOnlyAdmin
from hub.common.errors import HubError
from users.api.authentication import client_ip
from users.models import LONGEST_REASON, User
from users.privacy.reveal import Disclosure, ReasonMissing, RevealRefused, reveal

PERMISSION = "users.reveal_personal_data"


class RevealForm(forms.Form):
    """Why; and which copy of the form it is, as each is taken once."""

    reason = forms.CharField(
        max_length=LONGEST_REASON, widget=forms.Textarea(attrs={"rows": 3, "cols": 60, "autocomplete": "off"})
    )
    once = forms.UUIDField(widget=forms.HiddenInput)


class RevealingAdmin(ReadOnlyAdmin):
    """Rows that are shown without their personal data, which has a page of its own: asked for by POST, shown once.

    The values are in the answer to that POST and nowhere else: not in a URL, title, message or session.
    """

    change_form_template = "reveal/change_form.html"
    # What a subclass reveals, in words.
    revealed: ClassVar[str]

    @abstractmethod
    def disclosure(self, row: Any) -> Disclosure:
        """What is revealed of one row."""

    def get_urls(self) -> list[URLPattern]:
        """Also the page."""
        page = self.admin_site.admin_view(self.reveal_page)
        return [path("<path:object_id>/reveal/", page, name=self._url_name), *super().get_urls()]

    @property
    def _url_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_reveal"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With the way to the page, for those who may."""
        more = {"revealed": self.revealed}
        if self._may_reveal(request):
            more["reveal_url"] = reverse(f"admin:{self._url_name}", args=[object_id])
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **more})

    def _may_reveal(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and cast(User, request.user).has_perm(PERMISSION)

    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    @method_decorator(sensitive_post_parameters("reason"))
    @method_decorator(sensitive_variables())
    def reveal_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """GET asks for the reason and reveals nothing; POST shows the values, or why not."""
        if not self._may_reveal(request):
            raise PermissionDenied
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        response = self._revealed(request, row) if request.method == "POST" else self._asking(request, row)
        add_never_cache_headers(response)
        return response

    def _revealed(self, request: HttpRequest, row: Any) -> HttpResponse:
        form = RevealForm(request.POST)
        if not form.is_valid():
            return self._asking(request, row, ReasonMissing())
        wanted, staff = form.cleaned_data, cast(User, request.user)
        try:
            values = reveal(what=self.disclosure(row), staff=staff, ip=client_ip(request), **wanted)
        except (RevealRefused, HubError) as error:
            return self._asking(request, row, error)
        shown = [(name, value if isinstance(value, str) else _as_text(value)) for name, value in values.items()]
        return self._page(request, row, {"values": shown})

    def _asking(self, request: HttpRequest, row: Any, error: RevealRefused | HubError | None = None) -> HttpResponse:
        response = self._page(request, row, {"form": RevealForm(initial={"once": uuid4()}), "error": error})
        if error is not None:
            response.status_code = error.status
            for name, value in getattr(error, "headers", {}).items():
                response[name] = value
        return response

    def _page(self, request: HttpRequest, row: Any, facts: dict[str, Any]) -> HttpResponse:
        about = {"title": "Reveal", "opts": self.opts, "original": row, "revealed": self.revealed}
        return render(request, "reveal/page.html", {**self.admin_site.each_context(request), **about, **facts})


def _as_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
