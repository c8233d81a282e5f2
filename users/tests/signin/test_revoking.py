"""The tokens of a link that ends, by its owner or with the account, are ended at the provider: now, later, or never."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from audit.models import AuditLog
from users import tasks
from users.models import OauthAccount, PrivacyRequest, TokenRevocation, User
from users.privacy import dispatch, sweeping, watch
from users.privacy.erasure import planned
from users.privacy.finishing import finish_erasure
from users.privacy.requests import erase_now
from users.services import create_user
from users.signin import provider as wire
from users.tests.signin.browser import Browser
from users.tests.signin.provider import Provider

Carry = Callable[[], list[str]]


@pytest.fixture
def linked(browser: Browser, provider: Provider, settings: Any, tmp_path: Path) -> OauthAccount:
    """Of an account that signed in once; the tokens are those that the provider gave."""
    settings.ERASURE_LOG = str(tmp_path / "erasures.jsonl")
    provider.person("ann", email="ann@example.com", email_verified=True)
    create_user(email="ann@example.com")
    assert browser.sign_in("ann").status_code == 302
    return OauthAccount.objects.get()


@pytest.fixture
def carry(monkeypatch: pytest.MonkeyPatch) -> Carry:
    """Sweeps, and carries out what that sends to the workers; gives the names of the tasks."""
    found: list[tuple[str, dict[str, str]]] = []
    monkeypatch.setattr(dispatch, "_send", lambda task, **ids: found.append((task, ids)))
    by_name = {dispatch.FINISH: tasks.finish_erasure, dispatch.REVOKE: tasks.revoke_token}

    def carry() -> list[str]:
        found.clear()
        sweeping.sweep()
        for task, ids in found:
            by_name[task](**ids)
        return [task for task, _ in found]

    return carry


def tokens(link: OauthAccount) -> list[str | None]:
    return [link.refresh_token, link.access_token]


def erase(user: User) -> PrivacyRequest:
    """Committed: what follows looks at requests that ended a while ago."""
    erase_now(user_id=user.id, asked_by=None)
    PrivacyRequest.objects.update(finished_at=timezone.now() - timedelta(minutes=1))
    return PrivacyRequest.objects.get()


def outcome_of(request: PrivacyRequest) -> dict[str, int]:
    request.refresh_from_db()
    assert request.receipt is not None
    return dict(request.receipt["outcome"])


def test_an_erasure_ends_the_tokens_after_its_transaction_and_says_so(
    linked: OauthAccount, provider: Provider, carry: Carry
) -> None:
    provider.observer = lambda path: calls.append(connection.in_atomic_block and len(connection.savepoint_ids))
    calls: list[Any] = []
    plan = planned(linked.user_id)
    request = erase(linked.user)
    assert (request.counts["provider_tokens"], request.counts) == (2, plan)
    assert provider.revoked == []
    assert not OauthAccount.objects.exists()

    assert finish_erasure(request_id=request.id)
    assert provider.revoked == tokens(linked)
    assert outcome_of(request) == {"provider_tokens_revoked": 2}
    assert not TokenRevocation.objects.exists()
    # The test itself is one transaction; no savepoint was open within it while the provider was asked.
    assert set(calls) == {0}


def test_a_provider_that_is_away_is_asked_again_by_the_sweep_and_then_it_is_verified(
    linked: OauthAccount, provider: Provider, carry: Carry
) -> None:
    request = erase(linked.user)
    provider.is_down = True
    assert carry() == [dispatch.FINISH]
    request.refresh_from_db()
    assert (request.status, request.verified_at) == ("done", None)
    assert [row.state for row in TokenRevocation.objects.all()] == ["pending", "pending"]
    assert not TokenRevocation.objects.filter(user_id__isnull=False).exists()
    assert watch.may_be_open()

    provider.is_down = False
    assert carry() == [dispatch.FINISH]
    assert provider.revoked == tokens(linked)
    assert outcome_of(request) == {"provider_tokens_revoked": 2}
    assert carry() == []
    assert not watch.may_be_open()


def test_a_provider_that_stays_away_does_not_hold_up_an_erasure_for_ever(
    linked: OauthAccount, provider: Provider, carry: Carry, settings: Any
) -> None:
    request = erase(linked.user)
    provider.is_down = True
    age = timedelta(days=settings.OIDC_REVOCATION_DAYS)
    TokenRevocation.objects.update(created_at=timezone.now() - age + timedelta(minutes=5))
    carry()
    request.refresh_from_db()
    assert request.verified_at is None
    TokenRevocation.objects.update(created_at=timezone.now() - age)
    carry()
    assert outcome_of(request) == {"provider_tokens_given_up": 2}
    assert not TokenRevocation.objects.exists()


@pytest.mark.parametrize("reason", ["no endpoint", "no longer set", "not over plain HTTP"])
def test_what_offers_no_revocation_is_declined(
    linked: OauthAccount, provider: Provider, carry: Carry, settings: Any, reason: str
) -> None:
    wire._remembered.clear()
    provider.metadata = {"revocation_endpoint": None if reason == "no endpoint" else "ftp://elsewhere/revoke"}
    if reason == "no longer set":
        settings.OIDC_PROVIDERS = {}
    request = erase(linked.user)
    assert finish_erasure(request_id=request.id)
    assert outcome_of(request) == {"provider_tokens_declined": 2}
    assert provider.revoked == []


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        ("invalid_token", {"provider_tokens_revoked": 2}),
        ("unsupported_token_type", {"provider_tokens_declined": 2}),
        ("invalid_client", None),
    ],
)
def test_what_the_provider_says_of_a_token_counts(
    linked: OauthAccount, provider: Provider, error: str, outcome: dict[str, int] | None
) -> None:
    provider.revocation_error = error
    request = erase(linked.user)
    assert finish_erasure(request_id=request.id) is (outcome is not None)
    if outcome:
        assert outcome_of(request) == outcome


def test_a_link_that_ended_while_the_provider_was_away_is_made_up_for_and_audited(
    linked: OauthAccount, browser: Browser, provider: Provider, carry: Carry
) -> None:
    provider.is_down = True
    browser.post(f"/signin/links/{linked.id}/unlink", form="/signin/account")
    assert not OauthAccount.objects.exists()
    assert watch.may_be_open()
    assert carry() == [dispatch.REVOKE, dispatch.REVOKE]
    assert not AuditLog.objects.filter(action="oauth_account.revoked").exists()

    provider.is_down = False
    carry()
    assert sorted(provider.revoked) == sorted(map(str, tokens(linked)))
    entries = AuditLog.objects.filter(action="oauth_account.revoked", subject_id=linked.user_id)
    assert [entry.data for entry in entries] == [{"provider": "corp", "outcome": "revoked"}] * 2
    assert not TokenRevocation.objects.exists()
    assert carry() == []


def test_tokens_that_wait_when_the_account_is_erased_are_part_of_its_erasure(
    linked: OauthAccount, browser: Browser, provider: Provider, carry: Carry
) -> None:
    provider.is_down = True
    browser.post(f"/signin/links/{linked.id}/unlink", form="/signin/account")
    plan = planned(linked.user_id)
    request = erase(linked.user)
    assert (request.counts["token_revocations"], request.counts) == (2, plan)
    assert not TokenRevocation.objects.filter(user_id=linked.user_id).exists()
    assert not finish_erasure(request_id=request.id)
    provider.is_down = False
    assert finish_erasure(request_id=request.id)
    assert outcome_of(request) == {"provider_tokens_revoked": 2}


def test_of_two_workers_one_forgets_a_token_and_writes_it_down(
    linked: OauthAccount, browser: Browser, provider: Provider
) -> None:
    provider.is_down = True
    browser.post(f"/signin/links/{linked.id}/unlink", form="/signin/account")
    provider.is_down = False
    [first, _] = TokenRevocation.objects.order_by("id")
    for _ in range(2):
        tasks.revoke_token(revocation_id=str(first.id))
    assert AuditLog.objects.filter(action="oauth_account.revoked").count() == 1
