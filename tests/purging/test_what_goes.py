"""Exactly what is old enough goes, and nothing of an account under legal hold."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.utils import timezone

from generations.models import Generation, GenerationAttempt, Quote
from media.models import Media
from tests.purging.commands import purge
from tests.rest import Caller
from users.models import User
from users.privacy.legal_hold import set_legal_hold


def ago(**spans: float) -> datetime:
    return timezone.now() - timedelta(**spans)


def hold(user: User) -> None:
    set_legal_hold(user=user, until=timezone.now() + timedelta(days=30), reason="A-7", actor=None)


def session_of(user: User) -> str:
    store = SessionStore()
    store["_auth_user_id"] = str(user.id)
    store.create()
    Session.objects.filter(session_key=store.session_key).update(expire_date=ago(days=9))
    return str(store.session_key)


def test_a_session_of_an_account_under_legal_hold_stays(caller: Caller, stranger: Caller) -> None:
    hold(caller.user)
    held, _ = session_of(caller.user), session_of(stranger.user)
    assert "django_session: 1" in purge("purge_sessions")[1]
    assert [each.session_key for each in Session.objects.all()] == [held]


@pytest.fixture
def named(new_generation: Callable[..., Generation], new_media: Callable[..., Media]) -> Callable[[User, int], None]:
    """A job, an upload and a quote of that many hours ago, two of them under a key."""

    def named(user: User, hours: int) -> None:
        moment, key = ago(hours=hours), f"key{hours}"
        job = new_generation(user, idempotency_key=key, request_hash="0" * 64)
        Generation.objects.filter(id=job.id).update(created_at=moment)
        media = new_media(user, f"{user.id}{hours}".encode())
        Media.objects.filter(id=media.id).update(created_at=moment, idempotency_key=key)
        Quote.objects.create(
            owner=user,
            model="m",
            request_hash="0" * 64,
            rates={},
            amount=Decimal(1),
            created_at=moment - timedelta(hours=1),
            expires_at=moment,
        )

    return named


def test_keys_and_quotes_go_when_their_day_is_over(
    caller: Caller, stranger: Caller, named: Callable[[User, int], None]
) -> None:
    hold(stranger.user)
    for user, hours in ((caller.user, 23), (caller.user, 25), (stranger.user, 25)):
        named(user, hours)
    status, said = purge("purge_idempotency_keys")
    assert status == 0
    assert {"generations.idempotency_key: 1", "media.idempotency_key: 1", "quotes: 1"} <= set(said.splitlines())
    for model in (Generation, Media):
        left = model.objects.exclude(idempotency_key="").values_list("owner_id", "idempotency_key")
        assert set(left) == {(caller.user.id, "key23"), (stranger.user.id, "key25")}
        assert model.objects.count() == 3
    assert Quote.objects.count() == 2


def ended(new_generation: Callable[..., Generation], user: User, days: int) -> Generation:
    job = new_generation(
        user,
        status="succeeded",
        prompt="secret sea",
        parameters={"system_instruction": "secret"},
        texts=["secret answer"],
        cost=Decimal("0.02"),
        finished_at=ago(days=days),
    )
    GenerationAttempt.objects.create(generation=job, number=1, state="succeeded", answer={"texts": ["secret answer"]})
    return job


def test_texts_go_a_year_after_the_end_and_the_job_stays(
    caller: Caller, stranger: Caller, new_generation: Callable[..., Generation]
) -> None:
    hold(stranger.user)
    old, young = ended(new_generation, caller.user, 366), ended(new_generation, caller.user, 364)
    held = ended(new_generation, stranger.user, 366)
    running = new_generation(caller.user)
    Generation.objects.filter(id=running.id).update(created_at=ago(days=900))
    status, said = purge("purge_prompts")
    assert status == 0
    assert {"generations: 1", "generation_attempts: 1"} <= set(said.splitlines())
    kept = {each.id for each in Generation.objects.all() if each.prompt}
    assert kept == {young.id, held.id, running.id}
    old.refresh_from_db()
    assert (old.prompt, old.parameters, old.texts, old.cost) == ("", {}, None, Decimal("0.02"))
    assert GenerationAttempt.objects.get(generation=old).answer is None
    assert "Nothing to purge." in purge("purge_prompts")[1]


def test_the_api_shows_a_purged_generation_as_one(caller: Caller, new_generation: Callable[..., Generation]) -> None:
    old = ended(new_generation, caller.user, 366)
    before = caller.get(f"/api/v1/generations/{old.id}").json()
    assert (before["prompt"], before["texts_purged_at"]) == ("secret sea", None)
    purge("purge_prompts")
    after = caller.get(f"/api/v1/generations/{old.id}").json()
    assert (after["prompt"], after["parameters"], after["outputs"]) == ("", {}, [])
    assert after["texts_purged_at"] is not None
    assert after["cost_usd"] == before["cost_usd"]
