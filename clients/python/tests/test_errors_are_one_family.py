"""What the hub refuses is raised as an error that says what to do."""

from __future__ import annotations

from decimal import Decimal

import pytest
from answers import ID
from halves import AsyncHalf, SyncHalf
from scripted_hub import NoReply, Reply, ScriptedHub, problem, says

import generation_hub as g

POLICY = {
    "kind": "",
    "period": "day",
    "api_key_id": None,
    "limit_usd": "5.00",
    "spent_usd": "4.00",
    "held_usd": "0.50",
    "requested_usd": "1.00",
    "remaining_usd": "0.50",
    "resets_at": "2026-11-23T00:00:00Z",
}


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "malformed_json", g.RequestRefused),
        (401, "api_key_revoked", g.AuthenticationFailed),
        (402, "no_quota", g.QuotaRefused),
        (402, "quota_exceeded", g.QuotaExceeded),
        (402, "quota_held", g.QuotaHeld),
        (403, "scope_missing", g.PermissionDenied),
        (404, "not_found", g.NotFound),
        (405, "method_not_allowed", g.RequestRefused),
        (409, "not_cancelable", g.Conflict),
        (413, "media_too_large", g.TooLarge),
        (422, "invalid_parameters", g.InvalidRequest),
        (429, "rate_limited", g.RateLimited),
        (500, "internal_error", g.HubFailed),
        (503, "service_unavailable", g.ServiceUnavailable),
    ],
)
def test_each_status_has_its_class(scripted: ScriptedHub, status: int, code: str, kind: type[g.HubError]) -> None:
    scripted.will_say(problem(status, code))
    with g.Hub(scripted.url, "hub_key", retry=g.Retry(attempts=1)) as hub, pytest.raises(kind) as caught:
        hub.generations.get(ID)
    assert type(caught.value) is kind
    assert (caught.value.code, caught.value.status, caught.value.request_id) == (code, status, "request-1")
    assert str(caught.value) == f"This is {code}. [{code}, request request-1]"


def test_an_error_says_which_quotas_which_fields_and_what_else(
    half: SyncHalf | AsyncHalf, scripted: ScriptedHub
) -> None:
    hub = half.hub(scripted.url)
    scripted.will_say(problem(402, "quota_held", retry_after="7", policies=[POLICY]))
    with pytest.raises(g.QuotaHeld) as held:
        half.do(hub.generations.submit(model="m", prompt="p"))
    [policy] = held.value.policies
    assert (policy.limit_usd, policy.remaining_usd, held.value.retry_after) == (Decimal(5), Decimal("0.5"), 7.0)
    assert len(scripted.seen) == 1  # it is for the caller to decide whether to wait
    errors = [{"field": "parameters.seed", "message": "Too large."}]
    scripted.will_say(problem(422, "invalid_parameters", errors=errors, longest=5))
    with pytest.raises(g.InvalidRequest) as invalid:
        half.do(hub.generations.submit(model="m", prompt="p"))
    assert [(each.field, each.message) for each in invalid.value.errors] == [("parameters.seed", "Too large.")]
    assert invalid.value.facts == {"longest": 5}
    assert "parameters.seed: Too large." in str(invalid.value)


def test_a_rate_limit_says_where_it_stands(half: SyncHalf | AsyncHalf, scripted: ScriptedHub) -> None:
    limit = {"name": "key", "requests": 60, "window_seconds": 60, "burst": 10, "remaining": 0, "retry_after_seconds": 9}
    scripted.will_say(problem(429, "rate_limited", retry_after="9", policies=[limit]))
    with pytest.raises(g.RateLimited) as caught:
        half.do(half.hub(scripted.url).me.get())
    assert [(each.name, each.remaining) for each in caught.value.rates] == [("key", 0)]
    assert caught.value.policies == ()


def test_facts_that_are_not_as_expected_do_not_hide_the_error(scripted: ScriptedHub) -> None:
    scripted.will_say(problem(402, "quota_exceeded", policies=[{"limit": 1}, POLICY], errors="none"))
    with g.Hub(scripted.url, "hub_key") as hub, pytest.raises(g.QuotaExceeded) as caught:
        hub.generations.submit(model="m", prompt="p")
    assert len(caught.value.policies) == 1


def test_what_a_proxy_answers_is_an_error_without_a_code(half: SyncHalf | AsyncHalf, scripted: ScriptedHub) -> None:
    hub = half.hub(scripted.url)
    scripted.will_say(Reply(418, {"Content-Type": "text/html", "X-Request-ID": "r-9"}, [b"<h1>No</h1>"]))
    with pytest.raises(g.RequestRefused) as caught:
        half.do(hub.me.get())
    assert (caught.value.code, caught.value.status, caught.value.request_id) == ("", 418, "r-9")


@pytest.mark.parametrize(
    "reply", [Reply(200, {}, [b"<html>"]), Reply(302, {"Location": "https://elsewhere.example/"}), says({"results": 1})]
)
def test_an_address_that_is_no_hub_is_a_bad_answer(
    half: SyncHalf | AsyncHalf, scripted: ScriptedHub, reply: Reply
) -> None:
    hub = half.hub(scripted.url)
    scripted.will_say(reply)
    with pytest.raises(g.BadAnswer):
        half.do(hub.me.get())
    assert len(scripted.seen) == 1


def test_silence_is_a_timeout_and_no_connection_is_unreachable(
    half: SyncHalf | AsyncHalf, scripted: ScriptedHub
) -> None:
    once = {"retry": g.Retry(attempts=1)}
    slow = Reply(200, {}, [b"{", b"}"], between_seconds=0.6)
    scripted.will_say(slow)
    with pytest.raises(g.HubTimeout) as late:
        half.do(half.hub(scripted.url, timeouts=g.Timeouts(read=0.2), **once).me.get())
    assert isinstance(late.value, TimeoutError)
    scripted.will_say(NoReply())
    with pytest.raises(g.HubUnreachable):
        half.do(half.hub(scripted.url, **once).me.get())
    with pytest.raises(g.HubUnreachable):
        half.do(half.hub("http://127.0.0.1:9", **once).me.get())


def test_all_of_them_are_hub_errors() -> None:
    errors = [getattr(g, name) for name in g.__all__ if isinstance(getattr(g, name), type)]
    found = [error for error in errors if issubclass(error, Exception)]
    assert len(found) > 15
    assert all(issubclass(error, g.HubError) for error in found)
