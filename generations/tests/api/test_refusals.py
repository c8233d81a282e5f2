"""Bad input is refused with a stable code and in words that help; nothing is held, and nothing is written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.test import override_settings
from django.utils import timezone

from audit.models import AuditLog
from generations.models import Generation
from hub.common.redis import redis_client
from tests.rest import GENERATIONS, Caller, assert_problem, world
from usage.models import ModelPrice, QuotaHold
from users.services import revoke_api_key

pytestmark = pytest.mark.usefixtures("prices", "no_jobs")
ORDER = {"model": "gemini-3.8-flash", "prompt": "The sea."}
VIDEO = {"model": "veo-3.1-generate-001", "prompt": "Waves."}
CONTROL = "a\nb"


def deep(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"a": value}
    return value


# What is sent -> status, code, the field that `errors` names ("": no field is named).
FIELDS: list[tuple[str, dict[str, Any], str, str]] = [
    ("an unknown model", {**ORDER, "model": "gpt-5"}, "unknown_model", ""),
    ("no model", {"prompt": "Hi"}, "invalid_request", "model"),
    ("an empty model", {**ORDER, "model": ""}, "invalid_request", "model"),
    ("a model that is no text", {**ORDER, "model": 7}, "invalid_request", "model"),
    ("a null model", {**ORDER, "model": None}, "invalid_request", "model"),
    ("a long model", {**ORDER, "model": "m" * 101}, "invalid_request", "model"),
    ("no prompt", {"model": "gemini-3.8-flash"}, "invalid_request", "prompt"),
    ("an empty prompt", {**ORDER, "prompt": ""}, "invalid_request", "prompt"),
    ("a prompt of spaces", {**ORDER, "prompt": " \n\t\u3000"}, "invalid_request", "prompt"),
    ("a prompt that is a number", {**ORDER, "prompt": 1}, "invalid_request", "prompt"),
    ("a prompt that is a list", {**ORDER, "prompt": ["a"]}, "invalid_request", "prompt"),
    ("a long prompt", {**VIDEO, "prompt": "x" * 200_000}, "prompt_too_long", ""),
    ("an unknown field", {**ORDER, "promt": "Hi"}, "invalid_request", "promt"),
    ("a webhook, which is not there yet", {**ORDER, "webhook_url": "https://a.b"}, "invalid_request", "webhook_url"),
    ("a largest cost that is a number", {**ORDER, "max_cost": 1}, "invalid_request", "max_cost"),
    ("a largest cost below zero", {**ORDER, "max_cost": "-1"}, "invalid_request", "max_cost"),
    ("a largest cost that is no amount", {**ORDER, "max_cost": "NaN"}, "invalid_request", "max_cost"),
    ("a largest cost that is too low", {**ORDER, "max_cost": "0.000000001"}, "cost_above_max", ""),
    ("a quote that is a number", {**ORDER, "quote_id": 7}, "invalid_request", "quote_id"),
    ("a quote that is no id", {**ORDER, "quote_id": "q"}, "invalid_request", "quote_id"),
    ("parameters that are a list", {**ORDER, "parameters": []}, "invalid_request", "parameters"),
    ("parameters that are null", {**ORDER, "parameters": None}, "invalid_request", "parameters"),
    ("parameters that are a text", {**ORDER, "parameters": "{}"}, "invalid_request", "parameters"),
    ("an unknown parameter", {**VIDEO, "parameters": {"fps": 24}}, "invalid_parameters", "parameters.fps"),
    (
        "a parameter out of range",
        {**VIDEO, "parameters": {"duration_seconds": 9999}},
        "invalid_parameters",
        "parameters.duration_seconds",
    ),
    (
        "a parameter of the wrong type",
        {**VIDEO, "parameters": {"duration_seconds": "8"}},
        "invalid_parameters",
        "parameters.duration_seconds",
    ),
    (
        "a parameter that is an object",
        {**VIDEO, "parameters": {"duration_seconds": {"a": [1]}}},
        "invalid_parameters",
        "parameters.duration_seconds",
    ),
    (
        "a parameter that is none of its choices",
        {**VIDEO, "parameters": {"resolution": "9p"}},
        "invalid_parameters",
        "parameters.resolution",
    ),
    ("tags that are a text", {**ORDER, "tags": "a"}, "invalid_request", "tags"),
    ("eleven tags", {**ORDER, "tags": [str(n) for n in range(11)]}, "invalid_request", "tags"),
    ("a long tag", {**ORDER, "tags": ["a", "b" * 65]}, "invalid_request", "tags.1"),
    ("an empty tag", {**ORDER, "tags": [" "]}, "invalid_request", "tags.0"),
    ("a tag with a line break", {**ORDER, "tags": [CONTROL]}, "invalid_request", "tags.0"),
    ("a tag that is a number", {**ORDER, "tags": [1]}, "invalid_request", "tags.0"),
]


@pytest.mark.parametrize(("body", "code", "where"), [case[1:] for case in FIELDS], ids=[case[0] for case in FIELDS])
def test_it_refuses(caller: Caller, body: dict[str, Any], code: str, where: str) -> None:
    before = world()
    problem = assert_problem(caller.post(GENERATIONS, body), 422, code)
    named = {error["field"] for error in problem.get("errors", [])}
    assert named == ({where} if where else set())
    assert all(error["message"] for error in problem.get("errors", []))
    assert world() == before


def test_it_names_everything_that_is_wrong_at_once(caller: Caller) -> None:
    answer = caller.post(GENERATIONS, {"model": "", "colour": 1, "tags": ["x" * 65]})
    problem = assert_problem(answer, 422, "invalid_request")
    assert {error["field"] for error in problem["errors"]} == {"model", "prompt", "colour", "tags.0"}


def test_it_tells_which_fields_and_parameters_there_are(caller: Caller) -> None:
    unknown_field = caller.post(GENERATIONS, {**ORDER, "promt": "Hi"}).json()["errors"][0]["message"]
    unknown_parameter = caller.post(GENERATIONS, {**VIDEO, "parameters": {"fps": 1}}).json()["errors"][0]["message"]
    assert "prompt" in unknown_field
    assert "duration_seconds" in unknown_parameter


# Raw bytes -> status, code.
RAW: list[tuple[str, bytes, int, str]] = [
    ("no JSON", b"{model", 400, "malformed_json"),
    ("half a body", b'{"model": "gemini-3.8-flash", "prompt": "a', 400, "malformed_json"),
    ("a list", b"[]", 400, "malformed_json"),
    ("a text", b'"hi"', 400, "malformed_json"),
    ("a null", b"null", 400, "malformed_json"),
    ("bytes that are not UTF-8", b'{"prompt": "\xff"}', 400, "malformed_json"),
    ("UTF-16", '{"prompt": "a"}'.encode("utf-16"), 400, "malformed_json"),
    ("a name that stands twice", b'{"prompt": "a", "prompt": "b"}', 400, "malformed_json"),
    ("not a number", b'{"prompt": NaN}', 400, "malformed_json"),
    ("infinity", b'{"prompt": -Infinity}', 400, "malformed_json"),
    ("a number beyond all bounds", b'{"prompt": 1e999}', 400, "malformed_json"),
    ("a number of a million digits", b'{"prompt": ' + b"9" * 900_000 + b"}", 400, "malformed_json"),
    ("a NUL", b'{"prompt": "a\\u0000b"}', 400, "malformed_json"),
    ("a NUL in a name", b'{"parameters": {"a\\u0000": 1}}', 400, "malformed_json"),
    ("half a surrogate pair", b'{"prompt": "a\\ud83eb"}', 400, "malformed_json"),
    ("objects in objects", json.dumps({"parameters": deep(33)}).encode(), 400, "malformed_json"),
    ("very many brackets", b"[" * 500_000, 400, "malformed_json"),
    ("an empty body", b"", 422, "invalid_request"),
    ("a body over the limit", b'{"prompt": "' + b"x" * 1024 * 1024 + b'"}', 413, "body_too_large"),
]


@pytest.mark.parametrize(("body", "status", "code"), [case[1:] for case in RAW], ids=[case[0] for case in RAW])
def test_it_refuses_a_body_that_is(caller: Caller, body: bytes, status: int, code: str) -> None:
    before = world()
    headers = {"Authorization": f"Bearer {caller.text}"}
    answer = caller.client.post(GENERATIONS, body, content_type="application/json", headers=headers)
    assert_problem(answer, status, code)
    assert world() == before


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "json"]
)
def test_it_refuses_another_content_type(caller: Caller, content_type: str) -> None:
    before = world()
    headers = {"Authorization": f"Bearer {caller.text}"}
    answer = caller.client.generic("POST", GENERATIONS, b'{"a": 1}', content_type=content_type, headers=headers)
    problem = assert_problem(answer, 415, "unsupported_media_type")
    assert "application/json" in problem["detail"]
    assert world() == before


def test_it_takes_json_with_a_charset_and_a_byte_order_mark(caller: Caller) -> None:
    body = b"\xef\xbb\xbf" + json.dumps(ORDER).encode()
    headers = {"Authorization": f"Bearer {caller.text}"}
    answer = caller.client.post(GENERATIONS, body, content_type="application/json; charset=utf-8", headers=headers)
    assert answer.status_code == 202


@pytest.mark.parametrize("key", ["", "x" * 256, "naïve", "tab\there"])
def test_it_refuses_an_idempotency_key_that_is_not_printable_ascii(caller: Caller, key: str) -> None:
    before = world()
    problem = assert_problem(caller.post(GENERATIONS, ORDER, Idempotency_Key=key), 422, "invalid_request")
    assert [error["field"] for error in problem["errors"]] == ["Idempotency-Key"]
    assert world() == before


@pytest.mark.parametrize("quota", [None, "0", "0.000000001"])
def test_it_refuses_what_the_quota_does_not_hold(new_caller: Callable[..., Caller], quota: str | None) -> None:
    poor = new_caller(quota=quota)
    before = world()
    answer = poor.post(GENERATIONS, ORDER)
    problem = assert_problem(answer, 402, "no_quota" if quota is None else "quota_exceeded")
    assert len(problem.get("policies", [])) == (0 if quota is None else 1)
    assert world() == before


def test_it_tells_a_held_quota_from_a_spent_one(new_caller: Callable[..., Caller]) -> None:
    estimate = Decimal(new_caller().submit().json()["estimate_usd"])
    caller = new_caller(quota=str(estimate * Decimal("1.5")))
    assert caller.submit().status_code == 202
    before = world()
    answer = caller.submit()
    problem = assert_problem(answer, 402, "quota_held")
    assert int(answer["Retry-After"]) > 0
    assert Decimal(problem["policies"][0]["held_usd"]) == estimate
    assert world() == before


def test_it_refuses_a_model_without_a_price(caller: Caller) -> None:
    for price in ModelPrice.objects.filter(model=ORDER["model"], effective_from__lte=timezone.now()):
        ModelPrice.objects.close(price_id=price.pk, former=price.effective_to, at=timezone.now())
    before = world()
    assert_problem(caller.post(GENERATIONS, ORDER), 422, "model_unpriced")
    assert world() == before


def test_it_refuses_a_model_that_is_shut_down(caller: Caller, settings: Any, tmp_path: Any) -> None:
    text = settings.HUB_CATALOGUE.read_text()
    table = '[models."gemini-3.8-flash"]\n'
    settings.HUB_CATALOGUE = tmp_path / "catalogue.toml"
    settings.HUB_CATALOGUE.write_text(text.replace(table, table + "shutdown_at = 2020-01-01T00:00:00Z\n"))
    before = world()
    assert_problem(caller.post(GENERATIONS, ORDER), 422, "model_shut_down")
    assert world() == before


def headers_with(caller: Caller, kind: str) -> dict[str, str]:
    secret = caller.text[-1]
    other = caller.text[:-1] + ("A" if secret != "A" else "B")
    return {
        "missing": {},
        "malformed": {"Authorization": "Bearer sk-123"},
        "another scheme": {"Authorization": "Basic dXNlcjpwYXNz"},
        "unknown": {"Authorization": f"Bearer hub_{'a' * 12}_{'b' * 43}"},
        "of a wrong secret": {"Authorization": f"Bearer {other}"},
        "revoked": {"Authorization": f"Bearer {caller.text}"},
        "expired": {"x-goog-api-key": caller.text},
    }[kind]


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("missing", "api_key_missing"),
        ("malformed", "api_key_malformed"),
        ("another scheme", "api_key_malformed"),
        ("unknown", "api_key_unknown"),
        ("of a wrong secret", "api_key_unknown"),
        ("revoked", "api_key_revoked"),
        ("expired", "api_key_expired"),
    ],
)
def test_it_refuses_a_key_that_is(caller: Caller, kind: str, code: str) -> None:
    if kind == "revoked":
        revoke_api_key(key=caller.key, actor=None)
    if kind == "expired":
        caller.key.expires_at = timezone.now()
        caller.key.save()
    before = world()
    headers = headers_with(caller, kind)
    answer = caller.client.post(GENERATIONS, ORDER, content_type="application/json", headers=headers)
    assert_problem(answer, 401, code)
    assert answer["WWW-Authenticate"].startswith("Bearer")
    after = world()
    assert after == {**before, "AuditLog": before["AuditLog"] + 1}
    row = AuditLog.objects.filter(action="api_key.refused").latest("created_at")
    assert row.data["code"] == code
    assert caller.text not in json.dumps(row.data)


def test_it_refuses_the_key_of_a_suspended_account(caller: Caller) -> None:
    caller.user.status = "suspended"
    caller.user.save()
    before = world()
    assert_problem(caller.post(GENERATIONS, ORDER), 403, "account_suspended")
    assert world() == {**before, "AuditLog": before["AuditLog"] + 1}


@pytest.fixture
def broker_away() -> Iterator[None]:
    """Nothing listens where Redis should be."""
    with override_settings(REDIS_URL="redis://127.0.0.1:1/0"):
        redis_client.cache_clear()
        yield
    redis_client.cache_clear()


def test_it_says_503_and_holds_nothing_while_the_broker_is_away(caller: Caller, broker_away: None) -> None:
    answer = caller.post(GENERATIONS, ORDER)
    assert_problem(answer, 503, "service_unavailable")
    assert answer["Retry-After"] == "5"
    assert not Generation.objects.exists()
    assert not QuotaHold.objects.exists()
    assert not AuditLog.objects.filter(action="generation.submitted").exists()
