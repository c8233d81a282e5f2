"""The log of erasures is outside of the database, and tells a restored one again."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from generations.models import Generation
from hub.common.keyring import INDEX
from tests.privacy.test_erasure import everything
from tests.privacy.world import Life
from users.models import PrivacyRequest, User
from users.privacy import erasure_log
from users.privacy.erasure_log import Entry
from users.privacy.errors import ErasureLogBroken
from users.privacy.legal_hold import set_legal_hold
from users.privacy.receipts import digest_of
from users.privacy.replay import replay_erasures

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["file", "storage"])
def place(request: Any, settings: Any, tmp_path: Path) -> str:
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.ERASURE_LOG = str(tmp_path / "deep" / "log.jsonl") if request.param == "file" else "file:erasures"
    return str(settings.ERASURE_LOG)


def entry(user: User) -> Entry:
    return Entry(str(uuid4()), digest_of(user.id), "2026-11-22T19:41:00Z")


def test_what_was_appended_is_read_each_once(place: str, staff: User) -> None:
    assert list(erasure_log.entries()) == []
    first, second = entry(staff), entry(staff)
    for each in (first, second, first):
        erasure_log.append(each)
    assert sorted(each.request_id for each in erasure_log.entries()) == sorted([first.request_id, second.request_id])


def test_a_line_that_a_crash_cut_short_does_not_swallow_the_next(log: Path, staff: User) -> None:
    erasure_log.append(entry(staff))
    log.write_text(log.read_text()[:20])
    erasure_log.append(entry(staff))
    assert json.loads(log.read_text().splitlines()[1])["version"] == 1
    with pytest.raises(ErasureLogBroken, match="line 1"):
        list(erasure_log.entries())


@pytest.mark.parametrize("text", ["nonsense", "[]", "{}", '{"request_id": "x", "account": "k:00", "at": "now"}'])
def test_a_log_that_is_not_ours_is_refused(log: Path, life: Life, text: str) -> None:
    log.write_text(text + "\n")
    before = everything()
    with pytest.raises(CommandError, match="no entry of the log"):
        call_command("replay_erasures")
    assert everything() == before


def test_whom_the_log_names_is_erased_again_and_nobody_else(
    life: Life, new_life: Callable[[], Life], log: Path, settings: Any
) -> None:
    settings.GEMINI_API_KEY = None
    other = new_life()
    named = entry(life.user)
    erasure_log.append(named)
    assert [str(each) for each in replay_erasures(dry_run=True).erased] == [named.request_id]
    assert User.objects.get(id=life.user.id).status == "active"
    done = replay_erasures()
    assert ([str(each) for each in done.erased], done.entries, done.waiting) == ([named.request_id], 1, {})
    text = everything()
    assert [value for value in life.values if value in text and not value.startswith("operation")] == []
    assert all(value in text for value in other.values if not value.startswith(("hub_", "session")))
    assert str(PrivacyRequest.objects.get().id) == named.request_id
    assert len(log.read_text().splitlines()) == 1
    assert len(list(erasure_log.entries())) == 1
    assert replay_erasures().erased == []


def test_a_hold_that_the_backup_still_has_does_not_stop_it_and_a_job_does(life: Life, log: Path, settings: Any) -> None:
    settings.GEMINI_API_KEY = None
    later = timezone.now() + timedelta(days=9)
    set_legal_hold(user=life.user, until=later, reason="then", actor=None)
    erasure_log.append(entry(life.user))
    Generation.objects.filter(owner=life.user).update(status="running", finished_at=None)
    with pytest.raises(CommandError, match="Run it again"):
        call_command("replay_erasures")
    assert User.objects.get(id=life.user.id).status == "active"
    Generation.objects.filter(owner=life.user).update(status="failed", finished_at=timezone.now())
    call_command("replay_erasures")
    assert User.objects.get(id=life.user.id).status == "anonymised"


def test_a_key_that_left_the_ring_is_named(life: Life, log: Path, settings: Any) -> None:
    erasure_log.append(entry(life.user))
    settings.FIELD_INDEX_KEYS = ["other:" + getattr(settings, INDEX)[0].partition(":")[2]]
    with pytest.raises(CommandError, match=r"another index key.*not in FIELD_INDEX_KEYS"):
        call_command("replay_erasures")
    assert User.objects.get(id=life.user.id).status == "active"
