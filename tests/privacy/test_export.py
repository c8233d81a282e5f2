"""An export holds all of it, ends by itself, and does not outlive its owner's erasure."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from audit.models import AuditLog
from generations.models import Quote
from generations.services import quote
from hub.common.errors import ServiceUnavailable
from media import removing, stores
from media.models import Media, Removal
from tests.privacy.world import Life
from tests.rest import Caller, assert_problem
from users import tasks
from users.models import PrivacyRequest, User
from users.privacy import exporting
from users.privacy.erasure import anonymise, planned
from users.privacy.exporting import build_export
from users.privacy.requests import request_export

pytestmark = pytest.mark.django_db
Asked = Callable[[User], PrivacyRequest]


def files(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "media").rglob("*.zip"))


def content(tmp_path: Path) -> dict[str, Any]:
    [path] = files(tmp_path)
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    return {name: json.loads(text) if name.endswith(".json") else text for name, text in found.items()}


@pytest.fixture
def export(life: Life, sent: list[Any]) -> PrivacyRequest:
    return request_export(user=life.user, asked_by=life.user.id)


def test_it_holds_every_row_and_every_file(life: Life, export: PrivacyRequest, tmp_path: Path) -> None:
    assert build_export(request_id=export.id)
    found = content(tmp_path)
    manifest = found.pop("manifest.json")
    assert {name: len(found[f"data/{name}.json"]) for name in manifest["tables"]} == manifest["tables"]
    assert (manifest["tables"]["generations"], manifest["tables"]["usage_logs"], manifest["missing"]) == (4, 4, [])
    for media in Media.objects.filter(owner=life.user):
        [name] = [name for name in found if str(media.id) in name]
        assert found[name].endswith(f"of {life.user.id}".encode())
    text = json.dumps(found, default=str)
    hidden = ("hub_", "session", "upload", "repr", "change")
    assert [value for value in life.values if value not in text and not value.startswith(hidden)] == []
    assert [value for value in life.values if value in text and value.startswith(hidden)] == []
    assert "192.0.2.77" in text


def test_it_has_the_networks_of_keys_and_was_built_by_the_worker(
    life: Life, export: PrivacyRequest, tmp_path: Path
) -> None:
    tasks.build_export(request_id=str(export.id))
    [first] = [key for key in content(tmp_path)["data/api_keys.json"] if key["name"] == "first"]
    assert (first["networks"], "allowed_ips" in first) == (["192.0.2.0/24"], False)
    entry = AuditLog.objects.get(action="privacy.export_built")
    assert (entry.actor_label, entry.actor_id, entry.subject_id) == ("worker", None, life.user.id)


def test_it_says_which_file_was_gone(life: Life, export: PrivacyRequest, tmp_path: Path) -> None:
    media = Media.objects.filter(owner=life.user).first()
    assert media is not None
    stores.remove(media.storage, media.key)
    assert build_export(request_id=export.id)
    assert len(content(tmp_path)["manifest.json"]["missing"]) == 1


def test_a_second_run_does_nothing(export: PrivacyRequest, tmp_path: Path) -> None:
    assert build_export(request_id=export.id)
    before = PrivacyRequest.objects.values().get(), [path.read_bytes() for path in files(tmp_path)]
    assert not build_export(request_id=export.id)
    assert (PrivacyRequest.objects.values().get(), [path.read_bytes() for path in files(tmp_path)]) == before


def test_it_goes_when_its_time_is_over(export: PrivacyRequest, tmp_path: Path) -> None:
    build_export(request_id=export.id)
    removing.sweep()
    assert len(files(tmp_path)) == 1
    assert not removing.may_be_left(), "a week is not spent waking the database every hour"
    Removal.objects.update(not_before=timezone.now())
    removing.sweep()
    assert (files(tmp_path), Removal.objects.count()) == ([], 0)


def test_an_erasure_takes_an_export_that_is_ready(
    life: Life, export: PrivacyRequest, asked: Asked, tmp_path: Path
) -> None:
    build_export(request_id=export.id)
    assert planned(life.user.id)["exports"] == 1
    anonymise(user_id=life.user.id, request=asked(life.user))
    removing.sweep()
    export.refresh_from_db()
    assert (files(tmp_path), Removal.objects.count(), export.key, export.sha256) == ([], 0, "", "")


@pytest.mark.parametrize("step", ["write_zip", "_measured", "archive"])
def test_an_unfinished_export_does_not_survive_an_erasure(
    life: Life, export: PrivacyRequest, asked: Asked, tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The erasure comes before, while and after the ZIP is written, and before it is kept."""
    really = getattr(exporting, step)
    times: list[int] = []

    def interrupted(*args: Any, **kwargs: Any) -> Any:
        times.append(1)
        # Of the archive: after it was reserved, before it is stored.
        if len(times) == (2 if step == "archive" else 1):
            anonymise(user_id=life.user.id, request=asked(life.user))
        return really(*args, **kwargs)

    monkeypatch.setattr(exporting, step, interrupted)
    assert not build_export(request_id=export.id)
    Removal.objects.update(not_before=timezone.now())
    removing.sweep()
    export.refresh_from_db()
    assert (export.status, export.key, files(tmp_path), Removal.objects.count()) == ("canceled", "", [], 0)


def test_one_that_was_not_begun_is_canceled_by_an_erasure(
    life: Life, export: PrivacyRequest, asked: Asked, tmp_path: Path
) -> None:
    anonymise(user_id=life.user.id, request=asked(life.user))
    assert not build_export(request_id=export.id)
    export.refresh_from_db()
    assert (export.status, files(tmp_path)) == ("canceled", [])


def test_one_whose_worker_died_is_built_by_another(
    export: PrivacyRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*args: Any, **kwargs: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(exporting, "write_zip", die)
        with pytest.raises(KeyboardInterrupt):
            build_export(request_id=export.id)
    assert not build_export(request_id=export.id), "another worker has it, for all that is known"
    PrivacyRequest.objects.update(started_at=timezone.now() - exporting.LEASE)
    assert build_export(request_id=export.id)
    assert len(files(tmp_path)) == 1


def test_a_store_that_is_away_leaves_it_for_later(
    export: PrivacyRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def put(*args: Any) -> None:
        raise ServiceUnavailable

    with monkeypatch.context() as away:
        away.setattr(stores, "put", put)
        with pytest.raises(ServiceUnavailable):
            build_export(request_id=export.id)
    export.refresh_from_db()
    assert (export.status, files(tmp_path)) == ("pending", [])
    assert build_export(request_id=export.id)


def test_it_is_fetched_by_its_owner_until_it_ends(
    caller: Caller, stranger: Caller, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    asked = caller.post("/api/v1/me/export")
    assert asked.status_code == 202
    assert_problem(caller.post("/api/v1/me/export"), 409, "privacy_request_open")
    path = asked["Location"].partition("testserver")[2]
    assert_problem(caller.get(f"{path}/content"), 409, "export_not_ready")
    build_export(request_id=UUID(asked.json()["id"]))
    shown = caller.get(path).json()
    fetched = caller.get(f"{path}/content")
    body = b"".join(fetched.streaming_content)
    assert (len(body), fetched["ETag"]) == (shown["archive"]["bytes"], f'"{shown["archive"]["sha256"]}"')
    assert_problem(stranger.get(f"{path}/content"), 404, "not_found")
    PrivacyRequest.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert_problem(caller.get(f"{path}/content"), 410, "export_expired")
    assert caller.get(path).json()["archive"] is None


def test_an_erasure_has_to_be_confirmed_by_the_id_of_the_account(caller: Caller, stranger: Caller) -> None:
    for wrong in ({}, {"confirm": str(stranger.user.id)}, {"confirm": 7}, {"confirm": None}, {"dry_run": "yes"}):
        assert_problem(caller.post("/api/v1/me/erasure", wrong), 422, "invalid_request")
    assert not PrivacyRequest.objects.exists()
    plan = caller.post("/api/v1/me/erasure", {"dry_run": True})
    assert (plan.status_code, plan.json()["counts"]["users"], plan.json()["blocked_by"]) == (200, 1, [])
    assert not PrivacyRequest.objects.exists()
    asked = caller.post("/api/v1/me/erasure", {"confirm": str(caller.user.id)})
    assert (asked.status_code, asked.json()["status"]) == (202, "pending")


def test_a_request_that_was_let_in_before_the_erasure_is_told_so(
    caller: Caller, prices: None, asked: Asked, sent: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    really = quote.price

    def price(*args: Any, **kwargs: Any) -> Any:
        anonymise(user_id=caller.user.id, request=asked(caller.user))
        return really(*args, **kwargs)

    monkeypatch.setattr(quote, "price", price)
    order = {"model": "gemini-3.8-flash", "prompt": "The sea."}
    assert_problem(caller.post("/api/v1/quotes", order), 403, "account_erased")
    assert not Quote.objects.exists()
