"""What stands against an erasure refuses it with a code of its own, and then nothing has changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from audit.models import AuditLog
from generations.models import Generation
from tests.privacy.test_erasure import everything
from tests.privacy.world import Life
from tests.rest import Caller
from usage.services import hold_quota, release_hold
from users.models import ApiKey, PrivacyRequest, User
from users.privacy.erasure import anonymise, erasure_blocks
from users.privacy.errors import AlreadyErased, ErasureBlocked, HoldNotValid, HoldsOpen, JobsRunning, LegalHold
from users.privacy.legal_hold import lift_legal_hold, set_legal_hold
from users.privacy.requests import carry_out_erasure, erase_now, request_erasure

pytestmark = pytest.mark.django_db
Asked = Callable[[User], PrivacyRequest]


def hold_it(user: User) -> None:
    until = timezone.now() + timedelta(days=30)
    set_legal_hold(user=user, until=until, reason="a dispute", actor=None)


def make_staff(user: User) -> None:
    User.objects.filter(id=user.id).update(is_staff=True)


def run_a_job(user: User) -> None:
    Generation.objects.filter(owner=user).update(status="running", finished_at=None)


def hold_money(user: User) -> None:
    hold_quota(user_id=user.id, kind="text", reference=uuid4(), amount=Decimal(1), expires_at=timezone.now())


@pytest.mark.parametrize(
    ("what", "code"),
    [
        (hold_it, "erasure_legal_hold"),
        (make_staff, "erasure_of_staff"),
        (run_a_job, "erasure_jobs_running"),
        (hold_money, "erasure_holds_open"),
    ],
)
def test_it_is_refused(life: Life, asked: Asked, what: Callable[[User], None], code: str) -> None:
    request = asked(life.user)
    what(life.user)
    before = everything()
    assert erasure_blocks(life.user.id) == [code]
    with pytest.raises(ErasureBlocked) as caught:
        anonymise(user_id=life.user.id, request=request)
    assert caught.value.code == code
    with pytest.raises(ErasureBlocked):
        request_erasure(user=life.user, asked_by=None)
    with pytest.raises(CommandError, match=code):
        call_command("anonymise_user", str(life.user.id))
    assert everything() == before


def test_what_comes_up_at_the_last_moment_gives_the_account_back(
    life: Life, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the account was suspended, before its row was locked."""
    request = asked(life.user)
    really = User.objects.select_for_update
    calls: list[Any] = []

    def select_for_update(*args: Any, **kwargs: Any) -> Any:
        calls.append(kwargs)
        if len(calls) == 2:
            run_a_job(life.user)
        return really(*args, **kwargs)

    monkeypatch.setattr(User.objects, "select_for_update", select_for_update)
    with pytest.raises(JobsRunning):
        anonymise(user_id=life.user.id, request=request)
    assert User.objects.get(id=life.user.id).status == "active"
    assert PrivacyRequest.objects.get().status == "pending"
    trail = AuditLog.objects.filter(target_id=life.user.id).order_by("created_at").values_list("action", flat=True)
    assert list(trail)[-2:] == ["user.suspended", "user.restored"]


def test_a_job_is_waited_for_and_a_legal_hold_refuses_for_good(life: Life, sent: list[Any]) -> None:
    request = request_erasure(user=life.user, asked_by=life.user.id)
    hold_money(life.user)
    carry_out_erasure(request_id=request.id)
    request.refresh_from_db()
    assert (request.status, request.codes) == ("pending", [HoldsOpen.code])
    hold_it(life.user)
    carry_out_erasure(request_id=request.id)
    request.refresh_from_db()
    assert (request.status, request.codes) == ("refused", [LegalHold.code])
    assert User.objects.get(id=life.user.id).status == "active"
    assert AuditLog.objects.filter(action="privacy.erasure_refused", subject_id=life.user.id).count() == 1


def test_a_legal_hold_ends_when_it_is_lifted_and_at_its_end(life: Life, staff: User) -> None:
    hold_it(life.user)
    held = User.objects.get(id=life.user.id)
    assert (held.legal_hold_grounds, held.legal_hold_reason) == ("a dispute", "")
    assert erasure_blocks(life.user.id) == [LegalHold.code]
    assert lift_legal_hold(user=life.user, actor=staff)
    assert not lift_legal_hold(user=life.user, actor=staff)
    assert User.objects.get(id=life.user.id).legal_hold_grounds is None
    assert erasure_blocks(life.user.id) == []
    User.objects.filter(id=life.user.id).update(legal_hold_until=timezone.now() - timedelta(seconds=1))
    assert erasure_blocks(life.user.id) == []
    trail = AuditLog.objects.filter(action__startswith="legal_hold", subject_id=life.user.id).order_by("created_at")
    assert [(entry.action, entry.actor_id) for entry in trail] == [
        ("legal_hold.set", None),
        ("legal_hold.lifted", staff.id),
    ]
    assert "dispute" not in str(list(trail.values()))


@pytest.mark.parametrize(("days", "reason"), [(-1, "a dispute"), (1, "  "), (1, "x" * 501)])
def test_a_legal_hold_that_makes_no_sense_is_refused(life: Life, days: int, reason: str) -> None:
    before = everything()
    with pytest.raises(HoldNotValid):
        set_legal_hold(user=life.user, until=timezone.now() + timedelta(days=days), reason=reason, actor=None)
    assert everything() == before


def test_an_erased_account_is_not_held(life: Life, asked: Asked) -> None:
    anonymise(user_id=life.user.id, request=asked(life.user))
    with pytest.raises(AlreadyErased):
        hold_it(life.user)


def test_the_command_prints_what_it_would_erase_and_then_what_it_did(life: Life, capsys: Any) -> None:
    call_command("anonymise_user", str(life.user.id), "--dry-run")
    planned = capsys.readouterr().out
    assert "generations              4" in planned
    call_command("anonymise_user", str(life.user.id), "--reason", "asked by mail")
    assert capsys.readouterr().out == planned
    with pytest.raises(CommandError, match="account_already_erased"):
        call_command("anonymise_user", str(life.user.id))
    with pytest.raises(CommandError, match="no account"):
        call_command("anonymise_user", str(uuid4()))


def test_a_released_hold_no_longer_stands_against_it(life: Life) -> None:
    reference = uuid4()
    hold_quota(user_id=life.user.id, kind="text", reference=reference, amount=Decimal(1), expires_at=timezone.now())
    assert erasure_blocks(life.user.id) == [HoldsOpen.code]
    release_hold(reference=reference)
    assert erasure_blocks(life.user.id) == []


def test_the_command_sets_and_lifts_a_hold(life: Life, capsys: Any) -> None:
    whose = str(life.user.id)
    call_command("legal_hold", whose, "--until", "2099-01-01", "--reason", "file 7")
    assert "2099-01-01T00:00:00+00:00" in capsys.readouterr().out
    assert erasure_blocks(life.user.id) == [LegalHold.code]
    for wrong in ([], ["--lift", "--until", "2099-01-01"], ["--until", "2001-01-01", "--reason", "x"]):
        with pytest.raises(CommandError):
            call_command("legal_hold", whose, *wrong)
    with pytest.raises(CommandError, match="not a day"):
        call_command("legal_hold", whose, "--until", "soon")
    call_command("legal_hold", whose, "--lift")
    call_command("legal_hold", whose, "--lift")
    assert capsys.readouterr().out == "The legal hold is lifted.\nThere was no legal hold.\n"
    assert erasure_blocks(life.user.id) == []


@pytest.mark.parametrize(
    ("path", "body"),
    [("/api/v1/me/erasure", "confirm"), ("/api/v1/me/erasure", "dry_run"), ("/api/v1/me/export", "")],
    ids=["erasure", "its dry run", "export"],
)
def test_what_was_let_in_before_the_erasure_ended_is_told_what_every_route_tells(
    caller: Caller, log: Path, sent: list[Any], monkeypatch: pytest.MonkeyPatch, path: str, body: str
) -> None:
    as_read = ApiKey.objects.select_related("owner").get(id=caller.key.id)
    erase_now(user_id=caller.user.id, asked_by=None)
    sent.clear()
    monkeypatch.setattr("users.api.authentication.authenticate_api_key", lambda **_: as_read)
    before = everything()
    words = {"confirm": {"confirm": str(caller.user.id)}, "dry_run": {"dry_run": True}, "": {}}
    answer = caller.post(path, words[body])
    assert (answer.status_code, answer.json()["code"]) == (403, "account_erased")
    assert (everything(), sent) == (before, [])
