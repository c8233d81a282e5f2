"""Providers of identity are named in the settings; what is wrong there stops the start with one line."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from hub.identity import allowed_domains, identity_providers, staff_must_use_a_provider

GOOD = {"OIDC_PROVIDERS": "google", "OIDC_GOOGLE_CLIENT_ID": "id", "OIDC_GOOGLE_CLIENT_SECRET": "secret"}
CORP = {"OIDC_PROVIDERS": "corp", "OIDC_CORP_CLIENT_ID": "id", "OIDC_CORP_CLIENT_SECRET": "secret"}


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in {*GOOD, *CORP, "OIDC_ALLOWED_DOMAINS", "OIDC_STAFF_REQUIRED", "OIDC_CORP_ISSUER"}:
        monkeypatch.delenv(name, raising=False)


def put(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def test_there_are_none_unless_they_are_named() -> None:
    assert identity_providers(may_be_plain=False) == {}
    assert allowed_domains(is_needed=False) == ()
    assert not staff_must_use_a_provider({})


def test_google_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, **GOOD)
    google = identity_providers(may_be_plain=False)["google"]
    assert (google.issuer, google.label, google.scopes) == (
        "https://accounts.google.com",
        "Google",
        ("openid", "email"),
    )
    assert "secret" not in repr(google).replace("client_secret", "")


def test_the_secret_may_be_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("from a file\n")
    put(monkeypatch, **{**GOOD, "OIDC_GOOGLE_CLIENT_SECRET": "", "OIDC_GOOGLE_CLIENT_SECRET_FILE": str(file)})
    assert identity_providers(may_be_plain=False)["google"].client_secret == "from a file"


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"OIDC_PROVIDERS": "My Corp"}, "OIDC_PROVIDERS"),
        ({"OIDC_PROVIDERS": "corp,corp"}, "OIDC_PROVIDERS"),
        (CORP, "OIDC_CORP_ISSUER"),
        ({**CORP, "OIDC_CORP_ISSUER": "id.example.com"}, "OIDC_CORP_ISSUER"),
        ({**CORP, "OIDC_CORP_ISSUER": "http://id.example.com"}, "OIDC_CORP_ISSUER"),
        ({**CORP, "OIDC_CORP_ISSUER": "https://id.example.com/?a=b"}, "OIDC_CORP_ISSUER"),
        ({**CORP, "OIDC_CORP_ISSUER": "https://[::1"}, "OIDC_CORP_ISSUER"),
        ({**CORP, "OIDC_CORP_ISSUER": "https://id.example.com", "OIDC_CORP_CLIENT_ID": ""}, "OIDC_CORP_CLIENT_ID"),
        ({**GOOD, "OIDC_GOOGLE_CLIENT_SECRET": ""}, "OIDC_GOOGLE_CLIENT_SECRET"),
        ({**GOOD, "OIDC_GOOGLE_SCOPES": "email"}, "OIDC_GOOGLE_SCOPES"),
    ],
)
def test_what_is_wrong_stops_the_start(monkeypatch: pytest.MonkeyPatch, values: dict[str, str], named: str) -> None:
    put(monkeypatch, **values)
    with pytest.raises(ImproperlyConfigured, match=named) as refusal:
        identity_providers(may_be_plain=True)
    assert "\n" not in str(refusal.value)


def test_plain_http_is_for_development_on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, **CORP, OIDC_CORP_ISSUER="http://127.0.0.1:9000")
    assert identity_providers(may_be_plain=True)["corp"].issuer == "http://127.0.0.1:9000"
    with pytest.raises(ImproperlyConfigured, match="OIDC_CORP_ISSUER"):
        identity_providers(may_be_plain=False)


def test_domains_are_needed_beside_providers_and_have_one_form(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ImproperlyConfigured, match="OIDC_ALLOWED_DOMAINS is not set"):
        allowed_domains(is_needed=True)
    put(monkeypatch, OIDC_ALLOWED_DOMAINS="Example.COM, bücher.example,*")
    assert allowed_domains(is_needed=True) == ("example.com", "xn--bcher-kva.example", "*")
    put(monkeypatch, OIDC_ALLOWED_DOMAINS="@example.com")
    with pytest.raises(ImproperlyConfigured, match="OIDC_ALLOWED_DOMAINS"):
        allowed_domains(is_needed=True)


def test_staff_are_not_shut_out_by_a_provider_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, OIDC_STAFF_REQUIRED="true")
    with pytest.raises(ImproperlyConfigured, match="OIDC_STAFF_REQUIRED"):
        staff_must_use_a_provider({})
