"""Errors that any route may answer with: of the request as such, and of a hub that cannot serve it."""

from __future__ import annotations

from typing import Any

from django.test import override_settings

from hub.common.rates import Rate
from hub.common.redis import redis_client
from tests.api.provocations.scene import Ask, Scene, provokes
from tests.rest import GENERATIONS
from users.api.permissions import HasScope

MODELS = "/api/v1/models"
NOBODYS = "0190a000-0000-7000-8000-000000000000"


def post_raw(scene: Scene, body: bytes, content_type: str = "application/json") -> Any:
    """These very bytes as a new generation."""
    headers = {"Authorization": f"Bearer {scene.caller.text}"}
    return scene.caller.client.generic("POST", GENERATIONS, body, content_type=content_type, headers=headers)


@provokes("bad_request")
def a_host_that_is_not_the_hubs(scene: Scene) -> Ask:
    return lambda: scene.caller.get(MODELS, Host="evil.example")


@provokes("malformed_json")
def half_a_body(scene: Scene) -> Ask:
    return lambda: post_raw(scene, b'{"model": "gemini-3.8-flash", "prompt": "The s')


@provokes("unsupported_media_type")
def a_body_that_is_no_json(scene: Scene) -> Ask:
    return lambda: post_raw(scene, b"model=gemini-3.8-flash", "application/x-www-form-urlencoded")


@provokes("body_too_large")
def a_body_over_the_limit(scene: Scene) -> Ask:
    return lambda: scene.caller.submit(prompt="x" * scene.settings.DATA_UPLOAD_MAX_MEMORY_SIZE)


@provokes("invalid_request")
def an_unknown_field(scene: Scene) -> Ask:
    return lambda: scene.caller.submit(promt="The sea.")


@provokes("not_found")
def an_id_that_is_nobodys(scene: Scene) -> Ask:
    return lambda: scene.caller.get(f"{GENERATIONS}/{NOBODYS}")


@provokes("method_not_allowed")
def a_method_that_is_not_served(scene: Scene) -> Ask:
    return lambda: scene.caller.delete(f"{GENERATIONS}/{NOBODYS}")


@provokes("not_acceptable")
def a_type_that_is_not_made(scene: Scene) -> Ask:
    return lambda: scene.caller.get(MODELS, Accept="text/html")


@provokes("forbidden")
def a_permission_that_gives_no_reason(scene: Scene) -> Ask:
    """The hub's own says what is missing (`scope_missing`); this is the answer for one that only says no."""
    scene.monkeypatch.setattr(HasScope, "has_permission", lambda *_: False)
    return lambda: scene.caller.submit()


@provokes("rate_limited")
def a_request_too_many(scene: Scene) -> Ask:
    scene.settings.RATE_LIMIT_KEY = Rate.parse("1/60")
    assert scene.caller.get(MODELS).status_code == 200
    return scene.caller.submit


@provokes("internal_error")
def a_bug(scene: Scene) -> Ask:
    def broken(**_: object) -> None:
        raise RuntimeError("a bug")

    scene.monkeypatch.setattr("usage.selectors.current_quotas", broken)
    scene.caller.client.raise_request_exception = False
    return lambda: scene.caller.get("/api/v1/quotas")


@provokes("service_unavailable")
def a_broker_that_is_away(scene: Scene) -> Ask:
    def submit() -> Any:
        # Nothing listens on this port. It is back before the test looks at what was left behind.
        with override_settings(REDIS_URL="redis://127.0.0.1:1/0"):
            redis_client.cache_clear()
            answer = scene.caller.submit()
        redis_client.cache_clear()
        return answer

    return submit
