"""The trail over REST: what was done by or to the caller, and of others nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from audit.services import record
from hub.common.ids import uuid7
from tests.rest import Caller, assert_problem
from usage.services import set_quota
from users.services import create_user

AUDIT = "/api/v1/audit"
STAFF_IP, OWN_IP = "192.0.2.77", "198.51.100.5"


def actions(caller: Caller, query: str = "") -> list[str]:
    return [entry["action"] for entry in caller.get(f"{AUDIT}{query}").json()["results"]]


def test_it_shows_what_staff_did_to_the_callers_quota_without_who_it_was(caller: Caller) -> None:
    staff = create_user(email="staff@example.org", is_staff=True)
    set_quota(user=caller.user, kind="video", period="day", limit=Decimal(3), actor=staff)
    entry = caller.get(AUDIT).json()["results"][0]
    assert (entry["action"], entry["actor"], entry["actor_label"]) == ("quota.set", "other", "")
    assert entry["data"]["limit_usd"] == "3.00"
    assert str(staff.id) not in str(entry)


def test_it_shows_the_callers_own_address_and_nobody_elses(caller: Caller) -> None:
    record(action="api_key.refused", actor_id=caller.user.id, target=("api_key", caller.key.id), ip=OWN_IP)
    record(action="api_key.refused", target=("api_key", caller.key.id), subject_id=caller.user.id, ip=STAFF_IP)
    record(action="quota.set", actor_id=uuid7(), target=("quota", uuid7()), subject_id=caller.user.id, ip=STAFF_IP)
    ips = {entry["actor"]: entry["ip"] for entry in caller.get(AUDIT).json()["results"][:3]}
    assert ips == {"self": OWN_IP, "hub": None, "other": None}
    assert STAFF_IP not in caller.get(AUDIT).content.decode()


def test_it_shows_what_the_caller_did_to_others_too(caller: Caller, stranger: Caller) -> None:
    set_quota(user=stranger.user, kind="", period="day", limit=Decimal(1), actor=caller.user)
    assert actions(caller)[0] == "quota.set"
    assert actions(stranger)[0] == "quota.set"


def test_it_shows_nobody_elses(caller: Caller, stranger: Caller) -> None:
    before = actions(caller)
    record(action="generation.submitted", actor_id=stranger.user.id, target=("generation", uuid7()))
    record(action="prices.loaded")
    assert actions(caller) == before
    assert actions(caller, f"?target_id={stranger.key.id}") == []


def test_its_pages_show_every_entry_once(caller: Caller, stranger: Caller) -> None:
    wanted = [entry["id"] for entry in caller.get(f"{AUDIT}?limit=100").json()["results"]]
    for number in range(9):
        subject = stranger.user.id if number % 3 else None
        entry = record(
            action="generation.submitted", actor_id=caller.user.id, target=("generation", uuid4()), subject_id=subject
        )
        wanted.insert(0, str(entry.id))
    seen: list[str] = []
    url = f"{AUDIT}?limit=2"
    while url:
        page = caller.get(url).json()
        assert 0 < len(page["results"]) <= 2
        seen += [each["id"] for each in page["results"]]
        url = page["next"]
    assert seen == wanted


def test_it_filters(caller: Caller) -> None:
    target = uuid7()
    record(action="generation.submitted", actor_id=caller.user.id, target=("generation", target))
    assert actions(caller, "?action=generation.submitted") == ["generation.submitted"]
    assert actions(caller, f"?target_type=generation&target_id={target}") == ["generation.submitted"]
    assert actions(caller, "?created_before=2020-01-01T00:00:00Z") == []


@pytest.mark.parametrize("query", ["action=eaten", "target_id=1", "limit=0", "cursor=!", "user=me"])
def test_it_refuses_a_query_it_does_not_understand(caller: Caller, query: str) -> None:
    problem = assert_problem(caller.get(f"{AUDIT}?{query}"), 422, "invalid_request")
    assert [error["field"] for error in problem["errors"]] == [query.partition("=")[0]]


def test_a_page_takes_three_queries(caller: Caller, django_assert_max_num_queries: Any) -> None:
    for _ in range(12):
        record(action="generation.submitted", actor_id=caller.user.id, target=("generation", uuid7()))
    caller.get(AUDIT)
    with django_assert_max_num_queries(3):
        assert len(caller.get(AUDIT).json()["results"]) > 12
