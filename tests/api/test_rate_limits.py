"""How often a key and its account may call, and what every answer says of it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from generations.api.views import ModelsView
from hub.common import rate_limit
from hub.common.rates import Rate
from hub.common.redis import ANSWER_SECONDS, IMPATIENT_SECONDS, impatient_client, redis_client
from tests.fields import parse_list
from tests.rest import GENERATIONS, Caller, assert_problem, world
from users.services import issue_api_key

QUOTAS, WEBHOOKS = "/api/v1/quotas", "/api/v1/webhook-endpoints"
READS = 20
FIELDS = {"RateLimit-Policy", "RateLimit"}
HOOK = {"url": "https://192.0.2.1/hook"}

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def limits(settings: Any) -> Callable[..., None]:
    """Sets the two rates."""

    def limits(*, key: str, user: str) -> None:
        settings.RATE_LIMIT_KEY, settings.RATE_LIMIT_USER = Rate.parse(key), Rate.parse(user)

    return limits


@pytest.fixture
def redis_at(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """Makes the limits, and nothing else, look for Redis at another port."""
    # The rest of the hub has its connection already.
    redis_client().ping()
    monkeypatch.setattr(rate_limit, "_pause", rate_limit._Pause())

    def redis_at(port: int) -> None:
        settings.REDIS_URL = f"redis://127.0.0.1:{port}/0"
        impatient_client.cache_clear()

    yield redis_at
    impatient_client.cache_clear()


@pytest.fixture
def redis_hangs(redis_at: Callable[[int], None]) -> Iterator[None]:
    """It takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:
        redis_at(listener.getsockname()[1])
        yield


def fields_of(answer: Any) -> tuple[dict[str, dict[str, int]], dict[str, dict[str, int]]]:
    return parse_list(answer["RateLimit-Policy"]), parse_list(answer["RateLimit"])


def has_fields(answer: Any) -> bool:
    present = FIELDS & set(answer.headers)
    assert present in (FIELDS, set())
    return bool(present)


def remaining(answer: Any) -> dict[str, int]:
    return {name: values["r"] for name, values in parse_list(answer["RateLimit"]).items()}


def test_every_answer_says_where_the_limits_stand(caller: Caller, limits: Callable[..., None]) -> None:
    limits(key="600/60", user="1200/60/50")
    policy, standing = fields_of(caller.get(QUOTAS))
    assert policy == {"key": {"q": 600, "w": 60}, "user": {"q": 1200, "w": 60}}
    assert standing == {"key": {"r": 599, "t": 1}, "user": {"r": 49, "t": 1}}
    assert remaining(caller.get(QUOTAS))["user"] <= 49


def test_beyond_the_burst_of_a_key_it_is_refused(
    new_caller: Callable[..., Caller], limits: Callable[..., None]
) -> None:
    limits(key="3/60", user="30/60")
    caller = new_caller()
    answers = [caller.get(QUOTAS) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert [remaining(answer)["key"] for answer in answers] == [2, 1, 0]

    before = world()
    for refused in (caller.get(QUOTAS), caller.submit()):
        problem = assert_problem(refused, 429, "rate_limited")
        assert problem["violated-policies"] == ["key"]
        assert [(each["name"], each["requests"], each["remaining"]) for each in problem["policies"]] == [
            ("key", 3, 0),
            ("user", 30, 27),
        ]
        wait = int(refused["Retry-After"])
        assert 0 < wait <= 20
        assert problem["policies"][0]["retry_after_seconds"] == wait
        assert problem["policies"][1]["retry_after_seconds"] == 0
        # By the draft Retry-After must not be before the end of the window that refused.
        assert parse_list(refused["RateLimit"])["key"] == {"r": 0, "t": wait}
        # A refusal takes from neither.
        assert remaining(refused)["user"] == 27
    assert world() == before


def test_the_keys_of_an_account_share_its_limit(caller: Caller, limits: Callable[..., None]) -> None:
    limits(key="10/60", user="3/60")
    second = caller.with_scopes(["usage:read"])
    assert [each.get(QUOTAS).status_code for each in (caller, second, caller)] == [200, 200, 200]
    refused = second.get(QUOTAS)
    assert assert_problem(refused, 429, "rate_limited")["violated-policies"] == ["user"]
    assert remaining(refused) == {"key": 9, "user": 0}


def test_anothers_limit_is_untouched(caller: Caller, stranger: Caller, limits: Callable[..., None]) -> None:
    limits(key="2/60", user="2/60")
    assert [caller.get(QUOTAS).status_code for _ in range(3)] == [200, 200, 429]
    answer = stranger.get(QUOTAS)
    assert (answer.status_code, remaining(answer)) == (200, {"key": 1, "user": 1})


def test_a_rotated_key_has_the_limit_that_it_had(caller: Caller, limits: Callable[..., None]) -> None:
    limits(key="2/60", user="20/60")
    caller.get(QUOTAS)
    text = caller.post(f"/api/v1/api-keys/{caller.key.id}/rotate").json()["api_key"]
    assert text != caller.text
    assert_problem(Caller(caller.user, caller.key, text).get(QUOTAS), 429, "rate_limited")
    _, other = issue_api_key(owner=caller.user, name="second")
    assert Caller(caller.user, caller.key, other).get(QUOTAS).status_code == 200


def test_what_is_refused_for_another_reason_counts_and_says_so(caller: Caller, limits: Callable[..., None]) -> None:
    limits(key="50/60", user="50/60")
    read_only = caller.with_scopes(["usage:read"])
    refused = {
        403: read_only.submit(),
        404: caller.get(f"{GENERATIONS}/01995e6f-0000-7000-8000-000000000000"),
        405: caller.call("PUT", QUOTAS, {}),
        415: caller.client.post(
            GENERATIONS, "x", content_type="text/plain", headers={"Authorization": f"Bearer {caller.text}"}
        ),
        422: caller.submit(model="nobody's"),
        204: caller.call("OPTIONS", QUOTAS),
    }
    assert {answer.status_code for answer in refused.values()} == set(refused)
    assert [remaining(answer)["user"] for answer in refused.values()] == [49, 48, 47, 46, 45, 44]


def test_a_bug_of_ours_says_so_too(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*_: Any) -> Any:
        raise RuntimeError("a bug")

    monkeypatch.setattr(ModelsView, "get", break_down)
    caller.client = Client(raise_request_exception=False)
    answer = caller.get("/api/v1/models")
    assert_problem(answer, 500, "internal_error")
    assert has_fields(answer)


def test_who_was_not_let_in_is_told_of_no_limit(caller: Caller) -> None:
    assert not has_fields(Client().get(QUOTAS))
    assert not has_fields(Client().get("/api/v1/schema"))
    assert not has_fields(Client().get("/livez"))
    assert has_fields(caller.get(QUOTAS))


def test_what_the_hub_asks_itself_counts_for_nothing(caller: Caller, limits: Callable[..., None]) -> None:
    limits(key="2/60", user="2/60")
    own = {"hub.internal": True, "headers": {"Authorization": f"Bearer {caller.text}"}}
    for _ in range(5):
        answer = caller.client.get(QUOTAS, **own)
        assert (answer.status_code, has_fields(answer)) == (200, False)
    assert remaining(caller.get(QUOTAS)) == {"key": 1, "user": 1}


@pytest.mark.parametrize("name", ["hub.internal", "hub_internal", "hub-internal", "HTTP_hub.internal"])
def test_no_client_can_say_that_it_is_the_hub(caller: Caller, limits: Callable[..., None], name: str) -> None:
    limits(key="1/60", user="9/60")
    answers = [caller.get(QUOTAS, **{name: "True"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]


def test_a_request_costs_one_round_trip(caller: Caller) -> None:
    caller.get(QUOTAS)
    with redis_client().monitor() as monitor:
        assert caller.get(QUOTAS).status_code == 200
        impatient_client().echo("the end")
        seen = []
        while "the end" not in (command := monitor.next_command())["command"]:
            # What a script asks is no round trip.
            if command["client_type"] != "lua" and command["db"] == redis_client().get_connection_kwargs()["db"]:
                seen.append(command["command"].split()[0])
    assert seen == ["EVAL"]


def test_limits_that_are_off_are_not_counted(caller: Caller, settings: Any) -> None:
    settings.RATE_LIMIT_KEY = None
    assert set(remaining(caller.get(QUOTAS))) == {"user"}
    settings.RATE_LIMIT_USER = None
    assert not has_fields(caller.get(QUOTAS))


@pytest.mark.usefixtures("prices", "no_jobs")
def test_without_redis_reads_go_on_and_nothing_is_paid(
    caller: Caller, redis_at: Callable[[int], None], settings: Any
) -> None:
    here = settings.REDIS_URL
    redis_at(1)
    before = world()
    for _ in range(3):
        read = caller.get(QUOTAS)
        assert (read.status_code, has_fields(read)) == (200, False)
        paid = caller.submit()
        assert_problem(paid, 503, "service_unavailable")
        assert int(paid["Retry-After"]) > 0
        assert not has_fields(paid)
    assert world() == before
    # What costs nothing goes on.
    assert caller.call("OPTIONS", GENERATIONS).status_code == 204
    assert_problem(caller.post(WEBHOOKS, HOOK), 422, "webhook_url_refused")

    settings.REDIS_URL = here
    impatient_client.cache_clear()
    # At once, although reads would not have asked yet; and from then on they do.
    assert caller.submit().status_code == 202
    assert has_fields(caller.get(QUOTAS))


@pytest.mark.usefixtures("redis_hangs")
def test_a_redis_that_hangs_is_waited_for_once(caller: Caller) -> None:
    started = time.monotonic()
    answers = [caller.get(QUOTAS) for _ in range(READS)]
    took = time.monotonic() - started
    assert [(answer.status_code, has_fields(answer)) for answer in answers] == [(200, False)] * READS
    # Half of what it would be if each waited: the machine may be busy.
    assert took < READS * IMPATIENT_SECONDS / 2


@pytest.mark.usefixtures("redis_hangs")
def test_what_is_paid_does_not_wait_long_for_a_redis_that_hangs(caller: Caller) -> None:
    before = world()
    started = time.monotonic()
    assert_problem(caller.submit(), 503, "service_unavailable")
    assert time.monotonic() - started < ANSWER_SECONDS
    assert world() == before


@pytest.mark.usefixtures("redis_hangs")
def test_after_a_pause_one_looks_whether_it_is_back(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "PAUSE_SECONDS", 0.2)
    assert not has_fields(caller.get(QUOTAS))
    time.sleep(0.25)
    pause = rate_limit._pause
    # The others go on without while it does.
    assert [pause.is_over() for _ in range(3)] == [True, False, False]
