"""Without a credential for Google the stack uses the simulator; an upstream of somebody else's is left as it is."""

from __future__ import annotations

import pytest

from hub.local.parts import provider, wants_simulator

URL = "http://127.0.0.1:8090"


@pytest.mark.parametrize("name", ["GEMINI_API_KEY", "GEMINI_API_KEY_FILE", "VERTEX_API_KEY", "GOOGLE_CLOUD_PROJECT"])
def test_a_credential_means_google(name: str):
    assert not wants_simulator({name: "something"}, without=False)
    assert provider({name: "something"}, None) == ({}, "Google")


def test_nothing_set_means_the_simulator_for_both_ways_to_google():
    assert wants_simulator({}, without=False)
    chosen = provider({}, URL)
    assert chosen.env == {
        "GEMINI_BASE_URL": URL,
        "VERTEX_BASE_URL": URL,
        "GEMINI_API_KEY": "simulator",
        "VERTEX_API_KEY": "simulator",
        "PROVIDER_POLL_SECONDS": "1",
    }
    assert chosen.line == f"the simulator at {URL} (set GEMINI_API_KEY to use Google)"


def test_an_upstream_without_a_key_gets_a_placeholder_and_nothing_else():
    env = {"GEMINI_BASE_URL": "http://upstream.example", "VERTEX_BASE_URL": "http://upstream.example"}
    assert not wants_simulator(env, without=True)
    chosen = provider(env, None)
    assert chosen.env == {"GEMINI_API_KEY": "simulator", "VERTEX_API_KEY": "simulator"}
    assert chosen.line == "http://upstream.example"


def test_a_key_for_an_upstream_is_left_as_it_is():
    env = {"GEMINI_BASE_URL": "http://upstream.example", "GEMINI_API_KEY": "theirs"}
    assert provider(env, None) == ({}, "http://upstream.example")


def test_neither_is_said():
    assert provider({}, None) == ({}, "none: set GEMINI_API_KEY, or run without `--without simulator`")
