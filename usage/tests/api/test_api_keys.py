"""API keys over REST: listed, made with no more than the maker has, rotated with an overlap, revoked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from audit.models import AuditLog
from tests.rest import Caller, assert_problem
from usage.models import Quota
from users.models import ApiKey
from users.services import issue_api_key, revoke_api_key

KEYS = "/api/v1/api-keys"
# Fixed, as it is in the names of tests, which must be the same in each process of a parallel run.
NOBODYS = "01a204d1-382c-7601-9a4a-659f913aebb6"
ME = "/api/v1/me"
READ = ["usage:read", "keys:read", "keys:write", "account:read"]
NewCaller = Callable[..., Caller]


def make(caller: Caller, **wanted: Any) -> Any:
    return caller.post(KEYS, {"name": "ci", "scopes": ["usage:read"], **wanted})


def made(caller: Caller, **wanted: Any) -> Caller:
    """A caller with the key that this one makes."""
    answer = make(caller, **wanted)
    assert answer.status_code == 201, answer.content
    body = answer.json()
    return Caller(caller.user, ApiKey.objects.get(id=body["id"]), body["api_key"])


def state() -> tuple[Any, ...]:
    keys = list(ApiKey.objects.order_by("id").values("id", "secret_hash", "scopes", "revoked_at", "former_until"))
    written = AuditLog.objects.exclude(action="api_key.refused").count()
    return keys, Quota.objects.count(), written


def later(**span: int) -> str:
    return (timezone.now() + timedelta(**span)).isoformat()


def test_it_makes_a_key_that_works_and_shows_its_secret_once(caller: Caller) -> None:
    answer = make(caller, scopes=["usage:read", "keys:read"], expires_at=later(days=3))
    body = answer.json()
    assert (answer.status_code, answer["Cache-Control"]) == (201, "no-store")
    assert answer["Location"].endswith(f"{KEYS}/{body['id']}")
    new = Caller(caller.user, ApiKey.objects.get(id=body["id"]), body["api_key"])
    shown = new.get(answer["Location"]).json()
    assert "api_key" not in shown
    assert body["api_key"].split("_", 2)[2] not in new.get(KEYS).content.decode()
    assert (shown["scopes"], shown["status"]) == (["keys:read", "usage:read"], "active")
    assert shown["made_by_api_key_id"] == str(caller.key.id)
    assert_problem(make(new), 403, "scope_missing")
    entry = AuditLog.objects.get(action="api_key.issued", target_id=body["id"])
    assert entry.data["made_by_api_key_id"] == str(caller.key.id)


def test_its_list_shows_every_key_of_the_caller_alone(caller: Caller, stranger: Caller) -> None:
    ended = made(caller, name="old").key
    revoke_api_key(key=ended, actor=None)
    page = caller.get(f"{KEYS}?limit=1").json()
    rest = caller.get(page["next"]).json()
    assert [(each["id"], each["status"]) for each in [*page["results"], *rest["results"]]] == [
        (str(ended.id), "revoked"),
        (str(caller.key.id), "active"),
    ]
    assert rest["next"] is None


def test_a_page_takes_three_queries(caller: Caller, django_assert_max_num_queries: Any) -> None:
    for _ in range(5):
        make(caller, caps=[{"period": "day", "limit_usd": "1"}, {"period": "total", "limit_usd": "2"}])
    with django_assert_max_num_queries(3):
        assert len(caller.get(KEYS).json()["results"]) == 6


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "a\nb"),
        ("name", 7),
        ("name", "n" * 101),
        ("scopes", []),
        ("scopes", ["everything"]),
        ("scopes", "usage:read"),
        ("expires_at", "tomorrow"),
        ("allowed_ips", ["192.0.2.1/24"]),
        ("allowed_ips", ["example.org"]),
        ("allowed_ips", ["fe80::1%eth0"]),
        ("allowed_ips", [3232235777]),
        ("allowed_ips", "192.0.2.1"),
        ("caps", [{"period": "week", "limit_usd": "1"}]),
        ("caps", [{"period": "day", "limit_usd": 1}]),
        ("caps", [{"period": "day", "limit_usd": "-1"}]),
        ("caps", [{"period": "day", "limit_usd": "NaN"}]),
        ("caps", [{"period": "day", "limit_usd": "1e3"}]),
        ("caps", [{"period": "day", "limit_usd": "1"}, {"period": "day", "limit_usd": "2"}]),
        ("caps", [{"period": "day", "limit_usd": "1", "kind": "text"}]),
        ("owner", "me"),
    ],
)
def test_it_refuses_what_makes_no_sense(caller: Caller, field: str, value: object) -> None:
    before = state()
    problem = assert_problem(make(caller, **{field: value}), 422, "invalid_request")
    assert {error["field"].partition(".")[0] for error in problem["errors"]} == {field}
    assert state() == before


def test_it_refuses_an_expiry_in_the_past(caller: Caller) -> None:
    before = state()
    assert_problem(make(caller, expires_at="2020-01-01T00:00:00Z"), 422, "expiry_past")
    assert state() == before


@pytest.fixture
def limited(caller: Caller) -> Caller:
    """For a week, from one network, $5 a day."""
    return made(
        caller,
        scopes=READ,
        expires_at=later(days=7),
        allowed_ips=["127.0.0.0/8", "2001:db8::/32"],
        caps=[{"period": "day", "limit_usd": "5"}],
    )


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"scopes": ["usage:read", "media:read"]}, "scopes"),
        ({"expires_at": later(days=8)}, "expires_at"),
        ({"allowed_ips": ["0.0.0.0/0"]}, "allowed_ips"),
        ({"allowed_ips": ["127.0.0.1", "192.0.2.0/24"]}, "allowed_ips"),
        ({"allowed_ips": ["2001::/16"]}, "allowed_ips"),
        ({"caps": [{"period": "day", "limit_usd": "5.000000001"}]}, "caps.day"),
    ],
)
def test_a_key_gives_no_more_than_it_has(limited: Caller, wanted: dict[str, Any], field: str) -> None:
    before = state()
    problem = assert_problem(make(limited, **wanted), 403, "api_key_exceeds_own")
    assert [each["field"] for each in problem["exceeds"]] == [field]
    assert state() == before


def test_what_is_left_open_is_the_makers(limited: Caller) -> None:
    body = make(limited, expires_at=None, allowed_ips=[]).json()
    assert datetime.fromisoformat(body["expires_at"]) == ApiKey.objects.get(id=limited.key.id).expires_at
    assert body["allowed_ips"] == ["127.0.0.0/8", "2001:db8::/32"]
    assert [(cap["period"], cap["limit_usd"]) for cap in body["caps"]] == [("day", "5.00")]


def test_a_narrower_key_may_be_made(limited: Caller) -> None:
    body = make(
        limited,
        expires_at=later(days=1),
        allowed_ips=["127.0.0.1"],
        caps=[{"period": "day", "limit_usd": "1.5"}, {"period": "total", "limit_usd": "9"}],
    ).json()
    assert body["allowed_ips"] == ["127.0.0.1/32"]
    assert {cap["period"]: cap["limit_usd"] for cap in body["caps"]} == {"day": "1.50", "total": "9.00"}
    assert Quota.objects.filter(api_key_id=body["id"]).count() == 2


def test_a_line_of_keys_ends(caller: Caller) -> None:
    last = caller
    for _ in range(4):
        last = made(last, scopes=READ)
    before = state()
    assert_problem(make(last), 422, "api_key_lineage_too_long")
    assert state() == before


def test_it_is_refused_from_another_address_and_audited(caller: Caller) -> None:
    elsewhere = made(caller, allowed_ips=["192.0.2.0/24"])
    assert_problem(elsewhere.get("/api/v1/usage"), 403, "ip_not_allowed")
    entry = AuditLog.objects.get(action="api_key.refused")
    assert (entry.data["code"], entry.ip, entry.actor_id) == ("ip_not_allowed", "127.0.0.1", caller.user.id)
    assert not ApiKey.objects.get(id=elsewhere.key.id).last_used_at


@pytest.mark.parametrize(
    ("proxies", "forwarded", "status"),
    [
        (0, "192.0.2.9", 403),
        (1, "192.0.2.9", 200),
        (1, "203.0.113.1, 192.0.2.9", 200),
        (1, "192.0.2.9, 203.0.113.1", 403),
        (2, "192.0.2.9, 203.0.113.1", 200),
        (2, "192.0.2.9", 403),
        (1, "nonsense", 403),
        (1, "", 403),
    ],
)
def test_the_address_comes_from_behind_the_proxies_that_are_trusted(
    caller: Caller, settings: Any, proxies: int, forwarded: str, status: int
) -> None:
    elsewhere = made(caller, allowed_ips=["192.0.2.0/24"])
    settings.TRUSTED_PROXIES = proxies
    assert elsewhere.get("/api/v1/usage", X_Forwarded_For=forwarded).status_code == status


def test_rotation_lets_both_secrets_in_until_the_overlap_ends(caller: Caller) -> None:
    old = made(caller, scopes=READ)
    answer = caller.post(f"{KEYS}/{old.key.id}/rotate")
    body = answer.json()
    assert (answer.status_code, answer["Cache-Control"], body["id"]) == (200, "no-store", str(old.key.id))
    new = Caller(old.user, old.key, body["api_key"])
    assert new.text != old.text
    assert new.text.split("_")[1] == old.text.split("_")[1]
    until = datetime.fromisoformat(body["former_until"])
    assert abs(until - timezone.now() - timedelta(hours=24)) < timedelta(minutes=1)
    assert (old.get(KEYS).status_code, new.get(KEYS).status_code) == (200, 200)
    ApiKey.objects.filter(id=old.key.id).update(former_until=timezone.now())
    assert_problem(old.get(KEYS), 401, "api_key_unknown")
    assert new.get(KEYS).status_code == 200
    assert AuditLog.objects.filter(action="api_key.rotated", target_id=old.key.id).count() == 1


def test_rotation_without_an_overlap_ends_the_old_secret_at_once(caller: Caller) -> None:
    body = caller.post(f"{KEYS}/{caller.key.id}/rotate", {"former_until": None}).json()
    assert body["former_until"] is None
    assert_problem(caller.get(KEYS), 401, "api_key_unknown")


def test_a_use_of_the_former_secret_does_not_bring_it_back(caller: Caller) -> None:
    old = made(caller, scopes=READ)
    new = Caller(old.user, old.key, caller.post(f"{KEYS}/{old.key.id}/rotate").json()["api_key"])
    ApiKey.objects.filter(id=old.key.id).update(last_used_at=None)
    assert old.get(KEYS).status_code == 200
    assert ApiKey.objects.get(id=old.key.id).last_used_at
    assert new.get(KEYS).status_code == 200


def test_a_third_secret_never_works(caller: Caller) -> None:
    first = made(caller, scopes=READ)
    for _ in range(2):
        caller.post(f"{KEYS}/{first.key.id}/rotate")
    assert_problem(first.get(KEYS), 401, "api_key_unknown")


@pytest.mark.parametrize("until", [later(days=8), "2020-01-01T00:00:00Z"], ids=["too long", "past"])
def test_it_refuses_an_overlap_that_is_past_or_too_long(caller: Caller, until: str) -> None:
    before = state()
    assert_problem(caller.post(f"{KEYS}/{caller.key.id}/rotate", {"former_until": until}), 422, "overlap_invalid")
    assert state() == before


def test_a_key_may_not_rotate_a_mightier_one(caller: Caller, limited: Caller) -> None:
    before = state()
    problem = assert_problem(limited.post(f"{KEYS}/{caller.key.id}/rotate"), 403, "api_key_exceeds_own")
    assert problem["exceeds"]
    assert state() == before
    assert limited.post(f"{KEYS}/{limited.key.id}/rotate").status_code == 200


def test_a_capped_key_may_not_rotate_an_uncapped_one(caller: Caller) -> None:
    capped = made(caller, scopes=READ, caps=[{"period": "day", "limit_usd": "1"}])
    uncapped = made(caller, scopes=READ)
    answer = capped.post(f"{KEYS}/{uncapped.key.id}/rotate")
    assert assert_problem(answer, 403, "api_key_exceeds_own")["exceeds"][0]["field"] == "caps.day"


def test_a_key_that_ended_is_not_rotated(caller: Caller) -> None:
    ended = made(caller).key
    revoke_api_key(key=ended, actor=None)
    before = state()
    assert_problem(caller.post(f"{KEYS}/{ended.id}/rotate"), 409, "api_key_ended")
    assert state() == before


def test_it_revokes_once_however_often_it_is_asked(caller: Caller) -> None:
    other = made(caller, scopes=READ)
    assert [caller.call("DELETE", f"{KEYS}/{other.key.id}").status_code for _ in range(2)] == [204, 204]
    assert_problem(other.get(KEYS), 401, "api_key_revoked")
    assert AuditLog.objects.filter(action="api_key.revoked").count() == 1


@pytest.mark.parametrize(("method", "suffix"), [("GET", ""), ("DELETE", ""), ("POST", "/rotate")])
def test_another_users_key_is_not_there(caller: Caller, stranger: Caller, method: str, suffix: str) -> None:
    before = state()
    for key_id in (stranger.key.id, uuid4()):
        body = {} if method == "POST" else None
        assert_problem(caller.call(method, f"{KEYS}/{key_id}{suffix}", body), 404, "not_found")
    assert state() == before


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", KEYS, "keys:read"),
        ("POST", KEYS, "keys:write"),
        ("GET", f"{KEYS}/{NOBODYS}", "keys:read"),
        ("DELETE", f"{KEYS}/{NOBODYS}", "keys:write"),
        ("POST", f"{KEYS}/{NOBODYS}/rotate", "keys:write"),
        ("GET", ME, "account:read"),
        ("GET", "/api/v1/audit", "account:read"),
    ],
)
def test_each_method_needs_its_scope(new_caller: NewCaller, method: str, path: str, scope: str) -> None:
    other = {"keys:read": "keys:write"}.get(scope, "keys:read")
    limited = new_caller(scopes=(other,))
    answer = limited.call(method, path, {} if method == "POST" else None)
    assert assert_problem(answer, 403, "scope_missing")["required_scope"] == scope


def test_it_tells_the_caller_who_they_are(caller: Caller, django_assert_max_num_queries: Any) -> None:
    caller.get(ME)
    with django_assert_max_num_queries(3):
        body = caller.get(ME).json()
    assert (body["id"], body["email"], body["status"]) == (str(caller.user.id), caller.user.email, "active")
    assert (body["api_key"]["id"], body["api_key"]["caps"]) == (str(caller.key.id), [])
    assert [quota["limit_usd"] for quota in body["quotas"]] == ["100.00"]


def test_a_cap_is_no_quota_of_the_account(caller: Caller) -> None:
    capped = made(caller, scopes=READ, caps=[{"period": "day", "limit_usd": "5"}])
    assert [quota["period"] for quota in caller.get("/api/v1/quotas").json()["results"]] == ["total"]
    assert [cap["remaining_usd"] for cap in capped.get(ME).json()["api_key"]["caps"]] == ["5.00"]
    assert Quota.objects.filter(user=caller.user, api_key=None).get().limit == Decimal(100)


def test_two_rotations_at_once_have_one_winner(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    key, _ = issue_api_key(owner=caller.user, name="hot")
    monkeypatch.setattr("usage.api.keys.key_of", lambda **_: key)
    assert caller.post(f"{KEYS}/{key.id}/rotate").status_code == 200
    before = state()
    assert_problem(caller.post(f"{KEYS}/{key.id}/rotate"), 409, "api_key_changed_meanwhile")
    assert state() == before
