"""Every page of the sign-in and of the console that changes something leaves its entry; or here stands why not."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client, RequestFactory
from django.urls import URLResolver, get_resolver

from audit.models import AuditLog
from users.models import ApiKey, OauthAccount, User
from users.scopes import ALL_SCOPES
from users.services import create_user
from users.tests.signin.browser import Browser
from users.tests.signin.provider import Provider
from users.tests.signin.test_the_console import PASSWORD, code_of, forget_step, sign_in

PAGES = {
    "out": {"user.signed_out"},
    "keys": {"api_key.issued"},
    "revoke-key": {"api_key.revoked"},
    "refresh-link": {"oauth_account.refreshed"},
    "unlink": {"oauth_account.unlinked"},
    "second-factor": {"second_factor.passed", "user.signed_in"},
    "second-factor-setup": {"second_factor.begun", "second_factor.passed", "second_factor.confirmed"},
    "second-factor-codes": {"second_factor.passed", "second_factor.codes_made"},
    "second-factor-remove": {"second_factor.passed", "second_factor.removed"},
    "callback": {"oauth_account.linked", "user.signed_in"},
}
WITHOUT = {
    "page": "shows the providers",
    "account": "shows what there is",
    "start": "sends the browser away; nothing is stored, and what comes back is `callback`",
    "link": "as start",
    "password": "user.password_reset_asked, of nobody who is known yet: test_a_forgotten_password.py",
    "password-new": "user.password_set: test_a_forgotten_password.py",
}
# Of the console beside its tables, which are read-only: what each leaves, or "" for what only shows.
CONSOLE = {
    "index": "",
    "app_list": "",
    "login": "user.signed_in",
    "logout": "user.signed_out",
    "password_change": "user.password_set",
    "password_change_done": "",
    "autocomplete": "",
    "jsi18n": "",
    "view_on_site": "",
}
# list, add, history, delete, change, and the former address of change
USUAL_PAGES = 6


@pytest.fixture
def seen(db: None) -> Any:
    """The actions that were written since it was asked last, each with who did it and from where."""
    known: set[Any] = set()

    def seen() -> set[str]:
        new = AuditLog.objects.exclude(id__in=known).exclude(action="user.created")
        known.update(entry.id for entry in new)
        assert {entry.ip for entry in new} <= {"127.0.0.1"}
        assert all(entry.actor_id and entry.request_id and entry.target_id for entry in new)
        return {entry.action for entry in new}

    return seen


def test_every_page_of_the_sign_in_is_known() -> None:
    [signin] = [each for each in get_resolver().url_patterns if getattr(each, "app_name", "") == "signin"]
    assert isinstance(signin, URLResolver)
    assert {pattern.name for pattern in signin.url_patterns} == set(PAGES) | set(WITHOUT), "say what entry it leaves"


def test_each_of_them_leaves_its_entry(browser: Browser, provider: Provider, seen: Any) -> None:
    provider.person("ann", email="ann@example.com", email_verified=True)
    ann = create_user(email="ann@example.com")
    left: dict[str, set[str]] = {}

    def post(page: str, path: str, data: dict[str, Any] | None = None) -> None:
        answer = browser.post(f"/signin/{path}", data, form="/signin/account")
        assert answer.status_code < 400, answer.text
        left[page] = seen()

    browser.sign_in("ann")
    left["callback"] = seen()
    post("keys", "keys", {"name": "laptop", "scopes": list(ALL_SCOPES), "days": ""})
    post("revoke-key", f"keys/{ApiKey.objects.get().id}/revoke")
    post("refresh-link", f"links/{OauthAccount.objects.get().id}/refresh")
    browser.get("/signin/second-factor/setup")
    post("second-factor-setup", "second-factor/setup", {"code": code_of(ann)})
    forget_step(ann)
    post("second-factor-codes", "second-factor/codes", {"code": code_of(ann)})
    post("out", "out")
    forget_step(ann)
    browser.sign_in("ann")
    assert seen() == set(), "who has shown the first factor alone is not in"
    answer = browser.post("/signin/second-factor", {"code": code_of(ann)}, form="/signin/second-factor")
    assert answer.status_code == 302
    left["second-factor"] = seen()
    forget_step(ann)
    post("second-factor-remove", "second-factor/remove", {"code": code_of(ann)})
    post("unlink", f"links/{OauthAccount.objects.get().id}/unlink")
    assert left == PAGES


def test_the_console_has_no_page_that_changes_a_table(db: None) -> None:
    """One that comes says here what entry it leaves; `reveal` is looked at in tests/privacy/test_reveal.py."""
    request = RequestFactory().get("/admin/")
    request.user = User(is_staff=True, is_superuser=True, status=User.Status.ACTIVE)
    for model, page in admin.site._registry.items():
        assert not page.has_add_permission(request), model
        assert not page.has_change_permission(request), model
        assert not page.has_delete_permission(request), model
        assert not page.actions, model
        own = [pattern for pattern in page.urls if re.search("_reveal$", getattr(pattern, "name", None) or "")]
        assert len(page.urls) == USUAL_PAGES + len(own), model
    names = {pattern.name for pattern in admin.site.get_urls() if getattr(pattern, "name", None)}
    assert names == set(CONSOLE)


def test_the_pages_of_the_console_leave_their_entries(db: None, client: Client, seen: Any) -> None:
    staff = create_user(email="staff@example.com", is_staff=True, is_superuser=True, password=PASSWORD)
    left = {}
    sign_in(client)
    left["login"] = seen()
    new = "another-horse-battery"
    answer = client.post(
        "/admin/password_change/", {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    )
    assert answer.status_code == 302
    left["password_change"] = seen()
    entry = AuditLog.objects.get(action="user.password_set")
    assert (entry.actor_id, entry.target_id) == (staff.id, staff.id)
    assert client.get("/admin/").status_code == 200, "the session goes on"
    for name, path in (("index", ""), ("password_change_done", "password_change/done/"), ("jsi18n", "jsi18n/")):
        assert client.get(f"/admin/{path}").status_code == 200
        left[name] = seen()
    assert client.get("/admin/logout/").status_code == 405
    assert seen() == set()
    assert client.post("/admin/logout/").status_code == 200
    left["logout"] = seen()
    assert left == {name: {action} - {""} for name, action in CONSOLE.items() if name in left}
    assert client.get("/admin/").status_code == 302
    client.post("/admin/logout/")
    assert seen() == set(), "nobody was signed in"
