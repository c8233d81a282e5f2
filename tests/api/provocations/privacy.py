"""Errors of the rights over one's own data: of exports, of erasures, and of the operators' commands about them."""

from __future__ import annotations

import io
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.core.management import call_command
from django.utils import timezone

from tests.api.provocations.scene import Ask, Scene, provokes
from usage.services import hold_quota
from users.models import ApiKey, PrivacyRequest
from users.privacy.exporting import build_export
from users.privacy.legal_hold import set_legal_hold
from users.privacy.requests import erase_now

ME = "/api/v1/me"


def run(*words: str) -> None:
    call_command(*words, stdout=io.StringIO())


def erase(scene: Scene) -> Any:
    """The caller asks to be erased."""
    return scene.caller.post(f"{ME}/erasure", {"confirm": str(scene.caller.user.id)})


def asked_for_export(scene: Scene) -> str:
    answer = scene.caller.post(f"{ME}/export")
    assert answer.status_code == 202, answer.content
    return str(answer.json()["id"])


def fetch(scene: Scene, request: str) -> Ask:
    return lambda: scene.caller.get(f"{ME}/privacy-requests/{request}/content")


@provokes("privacy_request_open")
def a_second_export_while_the_first_is_built(scene: Scene) -> Ask:
    asked_for_export(scene)
    return lambda: scene.caller.post(f"{ME}/export")


@provokes("export_not_ready")
def an_export_before_it_was_built(scene: Scene) -> Ask:
    return fetch(scene, asked_for_export(scene))


@provokes("export_expired")
def an_export_after_its_time(scene: Scene) -> Ask:
    request = PrivacyRequest.objects.get(id=asked_for_export(scene))
    assert build_export(request_id=request.id)
    PrivacyRequest.objects.filter(id=request.id).update(expires_at=timezone.now())
    return fetch(scene, str(request.id))


@provokes("erasure_legal_hold")
def an_erasure_during_a_dispute(scene: Scene) -> Ask:
    until = timezone.now() + timedelta(days=30)
    set_legal_hold(user=scene.caller.user, until=until, reason="a dispute", actor=None)
    return lambda: erase(scene)


@provokes("erasure_of_staff")
def an_erasure_of_somebody_of_the_staff(scene: Scene) -> Ask:
    scene.caller.user.is_staff = True
    scene.caller.user.save()
    return lambda: erase(scene)


@provokes("erasure_jobs_running")
def an_erasure_while_a_job_runs(scene: Scene) -> Ask:
    scene.new_generation(scene.caller.user, status="running")
    return lambda: erase(scene)


@provokes("erasure_holds_open")
def an_erasure_while_money_is_held(scene: Scene) -> Ask:
    now, owner = timezone.now(), scene.caller.user
    hold_quota(user_id=owner.id, kind="text", reference=uuid4(), amount=Decimal(1), expires_at=now)
    return lambda: erase(scene)


@provokes("account_erased")
def a_request_that_was_let_in_before_the_erasure(scene: Scene) -> Ask:
    """Its key had been read, and found good, before the account was erased."""
    as_read = ApiKey.objects.select_related("owner").get(id=scene.caller.key.id)
    erase_now(user_id=scene.caller.user.id, asked_by=None)
    scene.monkeypatch.setattr("users.api.authentication.authenticate_api_key", lambda **_: as_read)
    return lambda: scene.caller.post("/api/v1/quotes", {"model": "gemini-3.8-flash", "prompt": "The sea."})


@provokes("account_already_erased")
def a_second_erasure(scene: Scene) -> Ask:
    erase_now(user_id=scene.caller.user.id, asked_by=None)
    return lambda: run("anonymise_user", str(scene.caller.user.id))


@provokes("legal_hold_not_valid")
def a_legal_hold_until_yesterday(scene: Scene) -> Ask:
    yesterday = (timezone.now() - timedelta(days=1)).isoformat()
    return lambda: run("legal_hold", str(scene.caller.user.id), "--until", yesterday, "--reason", "a dispute")


@provokes("erasure_log_broken")
def a_replay_of_a_log_that_is_none(scene: Scene) -> Ask:
    log = scene.folder / "erasures.jsonl"
    log.write_text("nonsense\n")
    scene.settings.ERASURE_LOG = str(log)
    return lambda: run("replay_erasures")
