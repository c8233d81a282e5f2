"""Signing in by a provider, all of it over HTTP: the hub's live server, a real OpenID provider, a browser's cookies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection

from audit.models import AuditLog
from hub.common.keyring import sealed_with
from users.models import OauthAccount, User
from users.services import create_user
from users.signin import claims, flow
from users.tests.signin.browser import Browser, changed
from users.tests.signin.provider import Provider

Trail = Callable[[], list[tuple[str, str]]]
IN = [("oauth_account.linked", ""), ("user.signed_in", "")]


@pytest.fixture
def ann(provider: Provider) -> str:
    """At the provider; her address is verified."""
    return provider.person("ann", email="Ann@Example.com", email_verified=True)


@pytest.fixture
def account(db: None) -> User:
    """Ann's, at the hub."""
    return create_user(email="ann@example.com")


def assert_refused(browser: Browser, answer: Any, status: int, title: str, trail: Trail, code: str) -> None:
    assert answer.status_code == status, answer.text
    assert title in answer.text
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "no-store" in answer.headers["Cache-Control"]
    assert not browser.is_in
    assert trail() == [("user.signin_refused", code)]
    assert not OauthAccount.objects.exists()


def test_it_leads_in_and_links_the_account_by_its_verified_address(
    browser: Browser, ann: str, account: User, trail: Trail
) -> None:
    answer = browser.sign_in(ann)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/signin/account")
    assert browser.is_in
    assert trail() == IN
    link = OauthAccount.objects.get()
    assert (link.user_id, link.provider) == (account.id, "corp")
    assert link.access_token
    assert link.refresh_token
    assert set(link.scopes) == {"openid", "email"}
    assert link.expires_at is not None
    account.refresh_from_db()
    assert account.last_active_at is not None


def test_nothing_of_the_person_or_of_the_tokens_can_be_read_in_the_database(
    browser: Browser, ann: str, account: User
) -> None:
    browser.sign_in(ann)
    link = OauthAccount.objects.get()
    with connection.cursor() as cursor:
        cursor.execute("SELECT subject, access_token, refresh_token FROM oauth_accounts")
        stored = [bytes(value) for value in cursor.fetchone()]
        cursor.execute("SELECT session_data FROM django_session")
        sessions = str(cursor.fetchall())
    assert all(sealed_with(value) for value in stored)
    for secret in (link.access_token, link.refresh_token, "ann"):
        assert secret
        assert not any(secret.encode() in value for value in stored)
        assert secret not in sessions.casefold()
    assert "ann" not in str(list(AuditLog.objects.values("data", "actor_label")))


def test_the_request_has_state_nonce_and_pkce(browser: Browser, ann: str) -> None:
    query = {name: value[0] for name, value in parse_qs(urlsplit(browser.begin()).query).items()}
    assert query["response_type"] == "code"
    assert query["code_challenge_method"] == "S256"
    assert min(len(query[name]) for name in ("state", "nonce", "code_challenge")) >= 43
    assert query["redirect_uri"] == f"{browser.hub}/signin/with/corp/callback"
    assert not set(query) & {"code_verifier", "client_secret"}


def test_the_browser_keeps_the_sign_in_sealed(browser: Browser) -> None:
    answer = browser.post("/signin/with/corp/start")
    [cookie] = [each for each in answer.headers.get_list("Set-Cookie") if each.startswith(flow.COOKIE)]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/signin/" in cookie
    state = parse_qs(urlsplit(answer.headers["Location"]).query)["state"][0]
    assert state not in cookie


def test_a_second_time_the_link_is_enough_whatever_the_address_is_now(
    browser: Browser, ann: str, account: User, provider: Provider, hub: str, trail: Trail
) -> None:
    browser.sign_in(ann)
    provider.person("ann", email="ann.married@example.com", email_verified=True)
    again = Browser(hub)
    assert again.sign_in(ann).status_code == 302
    assert again.is_in
    assert trail() == [*IN, ("user.signed_in", "")]
    assert OauthAccount.objects.get().user_id == account.id


def test_next_leads_within_the_hub_alone(browser: Browser, ann: str, account: User) -> None:
    assert browser.sign_in(ann, next_url="/signin/?x=1").headers["Location"] == "/signin/?x=1"
    browser.post("/signin/out", form="/signin/account")
    assert browser.sign_in(ann, next_url="https://evil.example/").headers["Location"] == "/signin/account"


def test_staff_go_into_the_console(browser: Browser, ann: str, account: User) -> None:
    User.objects.filter(id=account.id).update(is_staff=True, is_superuser=True)
    assert browser.sign_in(ann).headers["Location"] == "/admin/"
    assert browser.get("/admin/").status_code == 200


def test_a_client_does_not_get_into_the_console(browser: Browser, ann: str, account: User) -> None:
    browser.sign_in(ann)
    assert browser.get("/admin/").status_code == 302


def test_another_state_is_refused(browser: Browser, ann: str, account: User, trail: Trail, provider: Provider) -> None:
    back = browser.agree(browser.begin(), ann)
    answer = browser.get(changed(back, state="x" * 43))
    assert_refused(browser, answer, 400, "Please begin again", trail, "flow_lost")
    assert "/oauth2/token" not in provider.asked


def test_without_a_state_it_is_refused(browser: Browser, ann: str, account: User, trail: Trail) -> None:
    answer = browser.get(changed(browser.agree(browser.begin(), ann), state=None))
    assert_refused(browser, answer, 400, "Please begin again", trail, "flow_lost")


def test_another_browser_cannot_finish_it(
    browser: Browser, ann: str, account: User, hub: str, trail: Trail, provider: Provider
) -> None:
    """What somebody else began, sent to a victim as a link."""
    back = browser.agree(browser.begin(), ann)
    victim = Browser(hub)
    assert_refused(victim, victim.get(back), 400, "Please begin again", trail, "flow_lost")
    assert "/oauth2/token" not in provider.asked


def test_it_can_be_finished_once(browser: Browser, ann: str, account: User, trail: Trail) -> None:
    back = browser.agree(browser.begin(), ann)
    assert browser.get(back).status_code == 302
    browser.post("/signin/out", form="/signin/account")
    assert browser.get(back).status_code == 400
    assert not browser.is_in
    assert trail() == [*IN, ("user.signed_out", ""), ("user.signin_refused", "flow_lost")]


def test_a_replayed_code_is_refused_by_the_provider(browser: Browser, ann: str, account: User, trail: Trail) -> None:
    """Even when the browser's cookie is put back."""
    back = browser.agree(browser.begin(), ann)
    kept = browser.client.cookies.get(flow.COOKIE)
    assert browser.get(back).status_code == 302
    browser.post("/signin/out", form="/signin/account")
    browser.client.cookies.set(flow.COOKIE, kept, domain="127.0.0.1", path="/signin/")
    answer = browser.get(back)
    assert answer.status_code == 400
    assert "cannot be trusted" in answer.text
    assert not browser.is_in
    assert trail() == [*IN, ("user.signed_out", ""), ("user.signin_refused", "answer_not_trusted")]


def test_a_code_of_another_sign_in_is_refused_by_pkce(
    browser: Browser, ann: str, account: User, hub: str, trail: Trail
) -> None:
    """An intercepted code, put into a sign-in of the thief's own."""
    thief = Browser(hub)
    begun = thief.begin()
    state = parse_qs(urlsplit(begun).query)["state"][0]
    stolen = browser.agree(browser.begin(), ann)
    answer = thief.get(changed(stolen, state=state))
    assert_refused(thief, answer, 400, "cannot be trusted", trail, "answer_not_trusted")


def test_another_nonce_is_refused(browser: Browser, ann: str, account: User, trail: Trail) -> None:
    back = browser.agree(changed(browser.begin(), nonce="of-another-sign-in"), ann)
    assert_refused(browser, browser.get(back), 400, "cannot be trusted", trail, "answer_not_trusted")
    assert AuditLog.objects.get(action="user.signin_refused").data["reason"] == "nonce"


def test_an_old_one_is_refused(
    browser: Browser, ann: str, account: User, trail: Trail, monkeypatch: pytest.MonkeyPatch, provider: Provider
) -> None:
    back = browser.agree(browser.begin(), ann)
    monkeypatch.setattr(flow, "LIFETIME_SECONDS", -1)
    assert_refused(browser, browser.get(back), 400, "took too long", trail, "flow_lost")
    assert AuditLog.objects.get(action="user.signin_refused").data["reason"] == "expired"
    assert "/oauth2/token" not in provider.asked


def test_a_cookie_of_ones_own_making_is_refused(browser: Browser, ann: str, account: User, trail: Trail) -> None:
    back = browser.agree(browser.begin(), ann)
    browser.client.cookies.set(flow.COOKIE, "AAAA", domain="127.0.0.1", path="/signin/")
    for name in list(browser.client.cookies.jar):
        if name.name == flow.COOKIE and name.value != "AAAA":
            browser.client.cookies.jar.clear(name.domain, name.path, name.name)
    assert_refused(browser, browser.get(back), 400, "Please begin again", trail, "flow_lost")


def test_another_issuer_in_the_redirect_is_refused(browser: Browser, ann: str, account: User, trail: Trail) -> None:
    back = browser.agree(browser.begin(), ann)
    answer = browser.get(changed(back, iss="https://evil.example"))
    assert_refused(browser, answer, 400, "cannot be trusted", trail, "answer_not_trusted")


def test_who_declines_is_not_let_in(browser: Browser, account: User, trail: Trail) -> None:
    begun = browser.begin()
    declined = browser.client.post(begun, data={"action": "deny"}).headers["Location"]
    state = parse_qs(urlsplit(begun).query)["state"][0]
    answer = browser.get(changed(declined, state=state))
    assert_refused(browser, answer, 403, "was declined", trail, "provider_declined")


@pytest.mark.parametrize("said", [{"email_verified": False}, {}, {"email_verified": "no"}, {"email_verified": 1}])
def test_an_unverified_address_opens_nothing(
    browser: Browser, provider: Provider, account: User, trail: Trail, said: dict[str, Any]
) -> None:
    provider.person("eve", email="ann@example.com", **said)
    assert_refused(browser, browser.sign_in("eve"), 403, "not verified", trail, "email_unverified")


@pytest.mark.parametrize("domains", [("other.example",), (), ("sub.example.com",)])
def test_another_domain_is_not_let_in(
    browser: Browser, ann: str, account: User, trail: Trail, settings: Any, domains: tuple[str, ...]
) -> None:
    settings.OIDC_ALLOWED_DOMAINS = domains
    assert_refused(browser, browser.sign_in(ann), 403, "Your domain", trail, "domain_not_allowed")


def test_a_domain_that_is_taken_off_the_list_shuts_out_who_is_linked(
    browser: Browser, ann: str, account: User, settings: Any
) -> None:
    browser.sign_in(ann)
    browser.post("/signin/out", form="/signin/account")
    settings.OIDC_ALLOWED_DOMAINS = ("other.example",)
    assert browser.sign_in(ann).status_code == 403
    assert not browser.is_in


def test_any_domain_does_not_open_an_account_that_is_there(
    browser: Browser, ann: str, account: User, trail: Trail, settings: Any
) -> None:
    settings.OIDC_ALLOWED_DOMAINS, settings.OIDC_SIGN_UP = ("*",), True
    assert_refused(browser, browser.sign_in(ann), 403, "no account", trail, "account_unknown")


def test_somebody_unknown_is_not_let_in(browser: Browser, ann: str, trail: Trail) -> None:
    assert_refused(browser, browser.sign_in(ann), 403, "no account", trail, "account_unknown")
    assert not User.objects.exists()


@pytest.mark.parametrize("domains", [("example.com",), ("*",)])
def test_somebody_unknown_gets_an_account_where_that_is_allowed(
    browser: Browser, ann: str, trail: Trail, settings: Any, domains: tuple[str, ...]
) -> None:
    settings.OIDC_SIGN_UP, settings.OIDC_ALLOWED_DOMAINS = True, domains
    assert browser.sign_in(ann).status_code == 302
    assert browser.is_in
    made = User.objects.get()
    assert (made.email, made.is_staff, made.is_superuser) == ("ann@example.com", False, False)
    assert not made.has_usable_password()
    assert trail() == IN


def test_a_suspended_account_stays_shut(browser: Browser, ann: str, account: User, trail: Trail) -> None:
    User.objects.filter(id=account.id).update(status="suspended")
    assert_refused(browser, browser.sign_in(ann), 403, "is suspended", trail, "account_suspended")


def test_an_address_that_was_given_to_somebody_else_does_not_open_the_account(
    browser: Browser, ann: str, account: User, provider: Provider, hub: str
) -> None:
    browser.sign_in(ann)
    provider.person("new-ann", email="ann@example.com", email_verified=True)
    other = Browser(hub)
    assert other.sign_in("new-ann").status_code == 409
    assert not other.is_in
    assert OauthAccount.objects.get().user_id == account.id


def test_a_provider_that_is_down_is_a_page_that_says_so(
    browser: Browser, ann: str, account: User, provider: Provider, trail: Trail
) -> None:
    provider.is_down = True
    answer = browser.post("/signin/with/corp/start")
    assert_refused(browser, answer, 503, "cannot be reached", trail, "provider_away")


def test_a_provider_that_goes_down_meanwhile_is_a_page_that_says_so(
    browser: Browser, ann: str, account: User, provider: Provider, trail: Trail
) -> None:
    back = browser.agree(browser.begin(), ann)
    provider.is_down = True
    assert_refused(browser, browser.get(back), 503, "cannot be reached", trail, "provider_away")


def test_a_provider_where_nobody_listens_is_a_page_that_says_so(
    browser: Browser, provider: Provider, settings: Any, trail: Trail
) -> None:
    settings.OIDC_PROVIDERS = {"corp": replace(provider.settings()["corp"], issuer="http://127.0.0.1:1")}
    answer = browser.post("/signin/with/corp/start")
    assert_refused(browser, answer, 503, "cannot be reached", trail, "provider_away")


@pytest.mark.parametrize(
    "metadata", [{"issuer": "https://evil.example"}, {"token_endpoint": None}, {"jwks_uri": "file:///etc/passwd"}]
)
def test_a_discovery_document_that_does_not_fit_is_not_used(
    browser: Browser, provider: Provider, trail: Trail, metadata: dict[str, Any]
) -> None:
    provider.metadata = metadata
    answer = browser.post("/signin/with/corp/start")
    assert_refused(browser, answer, 503, "cannot be reached", trail, "provider_away")


def test_the_address_may_come_from_the_userinfo_endpoint(
    browser: Browser, ann: str, account: User, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = claims._checked
    bare = lambda *asked: {k: v for k, v in checked(*asked).items() if not k.startswith("email")}  # noqa: E731
    monkeypatch.setattr(claims, "_checked", bare)
    assert browser.sign_in(ann).status_code == 302
    assert "/userinfo" in provider.asked


def test_no_transaction_is_open_while_the_provider_is_asked(
    browser: Browser, ann: str, account: User, provider: Provider
) -> None:
    """The test's own is; within it each one of the hub's would be a savepoint more."""
    open_ones: list[tuple[str, int]] = []
    provider.observer = lambda path: open_ones.append((path, len(connection.savepoint_ids)))
    browser.sign_in(ann)
    link = OauthAccount.objects.get()
    browser.post(f"/signin/links/{link.id}/refresh", form="/signin/account")
    browser.post(f"/signin/links/{link.id}/unlink", form="/signin/account")
    paths = {path for path, _ in open_ones}
    assert {"/oauth2/token", "/jwks", "/oauth2/revoke", "/.well-known/openid-configuration"} <= paths
    assert {depth for _, depth in open_ones} == {0}


def test_a_provider_that_is_not_set_up_is_not_found(browser: Browser) -> None:
    assert browser.post("/signin/with/nobody/start").status_code == 404
    assert browser.get("/signin/with/nobody/callback?code=a&state=b").status_code == 404


def test_the_start_is_a_post_with_a_token(browser: Browser) -> None:
    assert browser.get("/signin/with/corp/start").status_code == 405
    assert browser.client.post(browser.hub + "/signin/with/corp/start").status_code == 403
