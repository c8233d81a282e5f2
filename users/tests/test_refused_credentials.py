"""Refused credentials are counted by address: beyond a rate they are refused without a trace, and a good key is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from audit.models import AuditLog
from hub.common import rate_limit
from hub.common.rates import Rate
from hub.common.redis import impatient_client, redis_client
from tests.rest import Caller, assert_problem
from users.models import ApiKey
from users.services import revoke_api_key

QUOTAS = "/api/v1/quotas"
HERE, ELSEWHERE = "192.0.2.7", "192.0.2.8"
UNKNOWN = f"Bearer hub_{'0' * 12}_{'0' * 43}"

pytestmark = pytest.mark.usefixtures("db", "at_most_three")


@pytest.fixture
def at_most_three(settings: Any) -> Iterator[None]:
    """Of refusals, from one address in an hour."""
    settings.RATE_LIMIT_REFUSED = Rate.parse("3/3600")
    forget()
    yield
    forget()


def forget() -> None:
    for key in buckets():
        redis_client().delete(key)


def buckets() -> list[str]:
    return list(redis_client().scan_iter("hub:rate:refused:*"))


def knock(authorization: str = "", ip: str = HERE, **environment: Any) -> Any:
    headers = {"Authorization": authorization} if authorization else {}
    return Client().get(QUOTAS, headers=headers, REMOTE_ADDR=ip, **environment)


def use_up(authorization: str = "", ip: str = HERE) -> None:
    assert [knock(authorization, ip).status_code for _ in range(3)] == [401, 401, 401]


def trail() -> int:
    return AuditLog.objects.filter(action="api_key.refused").count()


@pytest.mark.parametrize(
    ("authorization", "queries"), [("", 0), ("Bearer nonsense", 0), ("Basic YTpi", 0), (UNKNOWN, 1)]
)
def test_beyond_the_rate_it_leaves_no_trace(
    authorization: str, queries: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    use_up(authorization)
    assert trail() == 3
    with django_assert_num_queries(queries):
        refused = knock(authorization)
    problem = assert_problem(refused, 429, "rate_limited")
    assert problem["violated-policies"] == ["refused"]
    assert [each["name"] for each in problem["policies"]] == ["refused"]
    assert 0 < int(refused["Retry-After"]) <= 1200
    assert "WWW-Authenticate" not in refused
    assert "RateLimit" not in refused
    assert trail() == 3


def test_a_good_key_from_there_still_works(caller: Caller) -> None:
    use_up()
    assert knock(f"Bearer {caller.text}").status_code == 200
    assert_problem(knock(), 429, "rate_limited")


def test_a_good_key_uses_up_nothing(caller: Caller) -> None:
    for _ in range(5):
        assert knock(f"Bearer {caller.text}").status_code == 200
    assert buckets() == []


def test_every_sort_of_refusal_counts(caller: Caller) -> None:
    revoke_api_key(key=caller.key, actor=None)
    for authorization in ("", UNKNOWN, f"Bearer {caller.text}"):
        assert_problem(knock(authorization), 401, knock_code(authorization))
    assert_problem(knock(f"Bearer {caller.text}"), 429, "rate_limited")
    assert trail() == 3


def knock_code(authorization: str) -> str:
    return {"": "api_key_missing", UNKNOWN: "api_key_unknown"}.get(authorization, "api_key_revoked")


def test_another_address_is_told_why_it_is_refused() -> None:
    use_up()
    assert_problem(knock(ip=ELSEWHERE), 401, "api_key_missing")
    assert trail() == 4


def test_all_addresses_of_one_ipv6_network_are_one() -> None:
    use_up(ip="2001:db8:1:2::1")
    assert knock(ip="2001:db8:1:2:ffff::9").status_code == 429
    assert knock(ip="2001:db8:1:3::1").status_code == 401


def test_an_ipv4_address_within_ipv6_is_the_same() -> None:
    use_up()
    assert knock(ip=f"::ffff:{HERE}").status_code == 429


def test_callers_without_an_address_share_one_bucket() -> None:
    use_up(ip="")
    assert knock(ip="").status_code == 429


def test_no_address_can_be_read_in_redis() -> None:
    use_up()
    [key] = buckets()
    stand_in = key.rpartition(":")[2]
    assert len(stand_in) == 64
    assert bytes.fromhex(stand_in) not in set(AuditLog.objects.values_list("ip_digest", flat=True))
    assert HERE not in key + str(redis_client().get(key))


def test_what_the_hub_asks_itself_counts_for_nothing() -> None:
    use_up()
    assert knock(**{"hub.internal": True}).status_code == 401


def test_it_can_be_off(settings: Any) -> None:
    settings.RATE_LIMIT_REFUSED = None
    assert {knock().status_code for _ in range(5)} == {401}


def test_without_redis_each_is_on_the_trail(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "_pause", rate_limit._Pause())
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    impatient_client.cache_clear()
    try:
        assert {knock().status_code for _ in range(5)} == {401}
    finally:
        impatient_client.cache_clear()
    assert trail() == 5
    assert ApiKey.objects.count() == 0
