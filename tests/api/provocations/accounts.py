"""Errors of API keys: of those that ask, and of those that are made, rotated and revoked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from tests.api.provocations.scene import Ask, Scene, provokes
from tests.rest import GENERATIONS, Caller
from users.models import ApiKey
from users.services import issue_api_key, revoke_api_key

KEYS = "/api/v1/api-keys"
ORDER = {"model": "gemini-3.8-flash", "prompt": "The sea."}
READER = ("keys:read", "keys:write", "usage:read")


def submit_with(scene: Scene, **headers: str) -> Any:
    """A generation that would be taken, if these headers named a key."""
    return scene.caller.client.post(GENERATIONS, ORDER, content_type="application/json", headers=headers)


def made(giver: Caller, **wanted: Any) -> Caller:
    """Whoever has the key that `giver` makes."""
    answer = giver.post(KEYS, {"name": "ci", "scopes": list(READER), **wanted})
    assert answer.status_code == 201, answer.content
    return Caller(giver.user, ApiKey.objects.get(id=answer.json()["id"]), answer.json()["api_key"])


@provokes("api_key_missing", is_audited=True)
def no_key(scene: Scene) -> Ask:
    return lambda: submit_with(scene)


@provokes("api_key_malformed", is_audited=True)
def a_key_of_another_form(scene: Scene) -> Ask:
    return lambda: submit_with(scene, Authorization="Bearer sk-123")


@provokes("api_key_unknown", is_audited=True)
def a_key_that_was_never_made(scene: Scene) -> Ask:
    return lambda: submit_with(scene, Authorization=f"Bearer hub_{'a' * 12}_{'b' * 43}")


@provokes("api_key_expired", is_audited=True)
def a_key_after_its_time(scene: Scene) -> Ask:
    ApiKey.objects.filter(id=scene.caller.key.id).update(expires_at=timezone.now())
    return scene.caller.submit


@provokes("api_key_revoked", is_audited=True)
def a_key_that_was_revoked(scene: Scene) -> Ask:
    revoke_api_key(key=scene.caller.key, actor=None)
    return scene.caller.submit


@provokes("account_suspended", is_audited=True)
def an_account_that_is_suspended(scene: Scene) -> Ask:
    scene.caller.user.status = "suspended"
    scene.caller.user.save()
    return scene.caller.submit


@provokes("ip_not_allowed", is_audited=True)
def a_call_from_elsewhere(scene: Scene) -> Ask:
    elsewhere = made(scene.caller, allowed_ips=["192.0.2.0/24"])
    return lambda: elsewhere.get(KEYS)


@provokes("scope_missing")
def a_key_that_may_only_look(scene: Scene) -> Ask:
    return scene.new_caller(scopes=("generations:read",)).submit


@provokes("api_key_exceeds_own")
def a_key_that_gives_more_than_it_has(scene: Scene) -> Ask:
    reader = scene.new_caller(scopes=READER)
    return lambda: reader.post(KEYS, {"name": "more", "scopes": ["generations:write"]})


@provokes("api_key_lineage_too_long")
def a_key_of_a_key_of_a_key(scene: Scene) -> Ask:
    last = scene.caller
    for _ in range(4):
        last = made(last)
    return lambda: last.post(KEYS, {"name": "one more", "scopes": ["usage:read"]})


@provokes("expiry_past")
def a_key_for_yesterday(scene: Scene) -> Ask:
    order = {"name": "late", "scopes": ["usage:read"], "expires_at": "2020-01-01T00:00:00Z"}
    return lambda: scene.caller.post(KEYS, order)


@provokes("overlap_invalid")
def an_overlap_of_a_month(scene: Scene) -> Ask:
    until = (timezone.now() + timedelta(days=30)).isoformat()
    return lambda: scene.caller.post(f"{KEYS}/{scene.caller.key.id}/rotate", {"former_until": until})


@provokes("api_key_ended")
def a_rotation_of_a_revoked_key(scene: Scene) -> Ask:
    ended, _ = issue_api_key(owner=scene.caller.user, name="ended")
    revoke_api_key(key=ended, actor=None)
    return lambda: scene.caller.post(f"{KEYS}/{ended.id}/rotate")


@provokes("api_key_changed_meanwhile")
def a_second_rotation_at_once(scene: Scene) -> Ask:
    """The second has read the key before the first one wrote it."""
    as_read, _ = issue_api_key(owner=scene.caller.user, name="hot")
    scene.monkeypatch.setattr("usage.api.keys.key_of", lambda **_: as_read)
    path = f"{KEYS}/{as_read.id}/rotate"
    assert scene.caller.post(path).status_code == 200
    return lambda: scene.caller.post(path)
