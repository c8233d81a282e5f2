"""The key goes to the hub and nowhere else: to no log, no repr, no other server."""

from __future__ import annotations

import logging
import traceback

import pytest
from answers import generation
from halves import AsyncHalf, SyncHalf
from scripted_hub import NoReply, Reply, ScriptedHub, says

from generation_hub import (
    BadAnswer,
    Generation,
    Hub,
    HubUnreachable,
    Misconfigured,
    NewApiKey,
    NewWebhookEndpoint,
    Retry,
)
from generation_hub.decoding import decoded
from generation_hub.options import KEY_VARIABLE, URL_VARIABLE

Half = SyncHalf | AsyncHalf
KEY = "hub_abcdefghijkl_verysecretverysecret"


def test_it_is_in_no_log_and_no_repr_and_no_error(
    half: Half, scripted: ScriptedHub, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    hub = half.hub(scripted.url, KEY)
    scripted.will_say(NoReply())
    with pytest.raises(HubUnreachable) as caught:
        half.do(hub.me.get())
    assert scripted.seen[0].headers["Authorization"] == f"Bearer {KEY}"
    said = [*(record.getMessage() for record in caplog.records), repr(hub), repr(hub.options), repr(hub.media)]
    said += traceback.format_exception(caught.value)
    assert "attempt 1" in str(said)
    assert "verysecret" not in str(said)


def test_a_redirect_does_not_take_it_away(half: Half, scripted: ScriptedHub) -> None:
    scripted.will_say(Reply(307, {"Location": f"{scripted.url}/elsewhere"}))
    with pytest.raises(BadAnswer):
        half.do(half.hub(scripted.url, KEY).me.get())
    assert len(scripted.seen) == 1


def test_prompts_and_secrets_that_are_shown_once_are_in_no_repr() -> None:
    assert "told to nobody" not in repr(decoded(Generation, generation()))
    moment = "2026-11-22T19:41:00Z"
    nothing = {"expires_at": None, "last_used_at": None, "revoked_at": None}
    key = {"id": "k", "name": "n", "prefix": "p", "status": "active", "scopes": [], "created_at": moment, **nothing}
    assert KEY not in repr(decoded(NewApiKey, {**key, "api_key": KEY}))
    nothing = {"disabled_at": None, "failing_since": None, "previous_secret_until": None}
    endpoint = {
        **{"id": "e", "url": "u", "events": [], "description": "", "enabled": True, "disabled_reason": ""},
        **{"consecutive_failures": 0, "created_at": moment, **nothing},
    }
    assert "whsec_x" not in repr(decoded(NewWebhookEndpoint, {**endpoint, "secret": "whsec_x"}))


def test_address_and_key_come_from_the_environment(scripted: ScriptedHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(URL_VARIABLE, f"{scripted.url}/api/v1/")
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    scripted.will_say(says(generation()))
    with Hub(retry=Retry(attempts=1)) as hub:
        hub.generations.get("x")
    assert (scripted.asked, scripted.seen[0].headers["Authorization"]) == (["GET /generations/x"], f"Bearer {KEY}")


@pytest.mark.parametrize(
    ("url", "key"),
    [("", "hub_k"), ("https://hub", ""), ("hub.example.com", "hub_k"), ("https://hub", "hub k"), ("https://hub", "ü")],
)
def test_without_either_nothing_begins(url: str, key: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        Hub(url, key)
    assert "hub_k" not in str(caught.value)
