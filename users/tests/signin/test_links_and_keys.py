"""What somebody who is signed in does: link, refresh and unlink, and look after API keys."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from audit.models import AuditLog
from users.models import ApiKey, OauthAccount, User
from users.scopes import ALL_SCOPES
from users.services import create_user, issue_api_key
from users.signin import accounts
from users.signin import provider as wire
from users.tests.signin.browser import Browser
from users.tests.signin.provider import Provider

Trail = Callable[[], list[tuple[str, str]]]


@pytest.fixture
def account(provider: Provider) -> User:
    provider.person("ann", email="ann@example.com", email_verified=True)
    return create_user(email="ann@example.com")


@pytest.fixture
def ann(browser: Browser, account: User) -> Browser:
    """Signed in."""
    assert browser.sign_in("ann").status_code == 302
    return browser


def link() -> OauthAccount:
    return OauthAccount.objects.get()


def test_another_identity_is_linked_by_who_is_signed_in(
    ann: Browser, provider: Provider, account: User, settings: Any, hub: str
) -> None:
    settings.OIDC_PROVIDERS = {**provider.settings(), **provider.settings("second")}
    provider.person("ann2", email="a.private@example.com", email_verified=True)
    assert ann.link("ann2", provider="second").headers["Location"] == "/signin/account"
    assert OauthAccount.objects.filter(user=account).count() == 2
    assert AuditLog.objects.filter(action="oauth_account.linked", data__by="signed_in").count() == 1
    other = Browser(hub)
    other.sign_in("ann2", provider="second")
    assert other.is_in


def test_an_identity_of_somebody_else_is_not_linked(
    ann: Browser, provider: Provider, account: User, settings: Any, hub: str
) -> None:
    settings.OIDC_PROVIDERS = {**provider.settings(), **provider.settings("second")}
    provider.person("bob", email="bob@example.com", email_verified=True)
    bob = create_user(email="bob@example.com")
    Browser(hub).sign_in("bob", provider="second")
    assert ann.link("bob", provider="second").status_code == 409
    assert OauthAccount.objects.get(provider="second").user_id == bob.id


@pytest.mark.parametrize(
    ("email", "verified", "code"),
    [("x@example.com", False, "email_unverified"), ("x@other.example", True, "domain_not_allowed")],
)
def test_what_may_not_sign_in_is_not_linked_either(
    browser: Browser, provider: Provider, settings: Any, email: str, verified: bool, code: str, trail: Trail
) -> None:
    user = create_user(email="staff@example.com")
    client = Client()
    client.force_login(user)
    browser.client.cookies.set("sessionid", client.cookies["sessionid"].value, domain="127.0.0.1", path="/")
    provider.person("x", email=email, email_verified=verified)
    assert browser.link("x").status_code == 403
    assert trail() == [("user.signin_refused", code)]
    assert not OauthAccount.objects.exists()


def test_a_link_that_was_begun_by_another_is_refused(ann: Browser, provider: Provider, hub: str) -> None:
    answer = ann.post("/signin/with/corp/link", form="/signin/account")
    back = ann.agree(answer.headers["Location"], "ann")
    ann.post("/signin/out", form="/signin/account")
    assert ann.get(back).status_code == 400


def test_tokens_are_refreshed_and_kept(ann: Browser, provider: Provider) -> None:
    before = link()
    assert ann.post(f"/signin/links/{before.id}/refresh", form="/signin/account").status_code == 302
    after = link()
    assert after.access_token != before.access_token
    assert after.refresh_token
    assert after.tokens_at > before.tokens_at
    assert AuditLog.objects.filter(action="oauth_account.refreshed").count() == 1


def test_tokens_that_the_provider_ended_are_not_refreshed(ann: Browser, provider: Provider) -> None:
    before = link()
    provider.end_tokens_of("ann")
    answer = ann.post(f"/signin/links/{before.id}/refresh", form="/signin/account")
    assert answer.status_code == 400
    assert link().access_token == before.access_token
    refusal = AuditLog.objects.get(action="user.signin_refused")
    assert (refusal.data["code"], refusal.target_id) == ("answer_not_trusted", before.user_id)


def test_of_two_refreshes_at_once_the_first_counts(ann: Browser) -> None:
    one, other = link(), link()
    assert accounts.refresh(account=one)
    kept = link().access_token
    assert not accounts.refresh(account=other)
    assert link().access_token == kept


def test_to_unlink_ends_the_tokens_at_the_provider(ann: Browser, provider: Provider) -> None:
    held = link()
    assert ann.post(f"/signin/links/{held.id}/unlink", form="/signin/account").status_code == 302
    assert not OauthAccount.objects.exists()
    assert provider.revoked == [held.refresh_token, held.access_token]
    entry = AuditLog.objects.get(action="oauth_account.unlinked")
    assert (entry.data["is_revoked"], entry.data["provider"], entry.subject_id) == (True, "corp", held.user_id)


def test_a_provider_without_revocation_is_unlinked_all_the_same(ann: Browser, provider: Provider) -> None:
    wire._remembered.clear()
    provider.metadata = {"revocation_endpoint": None}
    ann.post(f"/signin/links/{link().id}/unlink", form="/signin/account")
    assert not OauthAccount.objects.exists()
    assert AuditLog.objects.get(action="oauth_account.unlinked").data["is_revoked"] is None


def test_a_provider_that_is_down_does_not_keep_a_link_alive(ann: Browser, provider: Provider) -> None:
    provider.is_down = True
    ann.post(f"/signin/links/{link().id}/unlink", form="/signin/account")
    assert not OauthAccount.objects.exists()
    assert AuditLog.objects.get(action="oauth_account.unlinked").data["is_revoked"] is False


def test_anothers_link_is_not_found(ann: Browser, provider: Provider, hub: str) -> None:
    mine = link()
    provider.person("bob", email="bob@example.com", email_verified=True)
    create_user(email="bob@example.com")
    bob = Browser(hub)
    bob.sign_in("bob")
    for verb in ("refresh", "unlink"):
        assert bob.post(f"/signin/links/{mine.id}/{verb}", form="/signin/account").status_code == 404
    assert OauthAccount.objects.filter(id=mine.id).exists()
    assert not provider.revoked


def test_a_key_is_made_shown_once_and_works(ann: Browser, account: User) -> None:
    wanted = {"name": "laptop", "scopes": ["generations:read", "account:read"], "days": "30"}
    answer = ann.post("/signin/keys", wanted, form="/signin/account")
    assert answer.status_code == 201
    assert "no-store" in answer.headers["Cache-Control"]
    [text] = re.findall(r"hub_[a-z0-9]{12}_[A-Za-z0-9_-]{43}", answer.text)
    key = ApiKey.objects.get()
    assert (key.owner_id, key.scopes) == (account.id, ["account:read", "generations:read"])
    assert key.expires_at is not None
    assert AuditLog.objects.get(action="api_key.issued").actor_id == account.id
    me = ann.client.get(f"{ann.hub}/api/v1/me", headers={"Authorization": f"Bearer {text}"})
    assert me.json()["id"] == str(account.id)
    page = ann.get("/signin/account").text
    assert key.prefix in page
    assert text not in page


@pytest.mark.parametrize(
    "change", [{"name": ""}, {"scopes": ["all"]}, {"scopes": []}, {"days": "0"}, {"name": "x" * 101}]
)
def test_a_key_that_cannot_be_is_not_made(ann: Browser, change: dict[str, Any]) -> None:
    wanted = {"name": "laptop", "scopes": list(ALL_SCOPES), "days": ""} | change
    assert ann.post("/signin/keys", wanted, form="/signin/account").status_code == 422
    assert not ApiKey.objects.exists()


def test_a_key_is_revoked_by_its_owner_alone(ann: Browser, account: User) -> None:
    mine, _ = issue_api_key(owner=account, name="laptop")
    theirs, _ = issue_api_key(owner=create_user(email="bob@example.com"), name="theirs")
    assert "theirs" not in ann.get("/signin/account").text
    assert ann.post(f"/signin/keys/{theirs.id}/revoke", form="/signin/account").status_code == 404
    assert ann.post(f"/signin/keys/{mine.id}/revoke", form="/signin/account").status_code == 302
    assert [key.revoked_at is not None for key in (ApiKey.objects.get(id=k.id) for k in (mine, theirs))] == [
        True,
        False,
    ]


def test_without_a_session_or_a_token_nothing_is_done(browser: Browser, account: User, ann: Browser, hub: str) -> None:
    stranger = Browser(hub)
    assert stranger.post("/signin/keys", {"name": "x"}).headers["Location"].startswith("/signin/")
    forged = ann.client.post(ann.hub + "/signin/keys", data={"name": "x", "scopes": list(ALL_SCOPES)})
    assert forged.status_code == 403
    assert not ApiKey.objects.exists()


def test_a_session_does_not_open_the_api(ann: Browser) -> None:
    assert ann.get("/api/v1/api-keys").status_code == 401


def test_a_suspended_account_is_out_at_once(ann: Browser, account: User) -> None:
    User.objects.filter(id=account.id).update(status="suspended")
    assert not ann.is_in
