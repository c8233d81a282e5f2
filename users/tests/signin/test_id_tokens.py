"""An ID token that is not the provider's word about this sign-in is refused, whatever is wrong with it."""

from __future__ import annotations

import time
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from hub.identity import IdentityProvider
from users.signin import claims, provider
from users.signin.errors import AnswerNotTrusted
from users.signin.provider import Tokens

CORP = IdentityProvider("corp", "Corp", "https://id.example.com", "hub", "the secret of the hub, long enough")
KEY, OTHER_KEY = (RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"}) for _ in range(2))


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider, "metadata", lambda _: {"id_token_signing_alg_values_supported": ["RS256", "HS256"]})
    monkeypatch.setattr(provider, "signing_keys", lambda _, **__: {"keys": [KEY.as_dict(private=False)]})


def token(key: Any = KEY, header: dict[str, Any] | None = None, **changes: Any) -> Tokens:
    now = int(time.time())
    said = {"iss": CORP.issuer, "aud": "hub", "sub": "ann", "exp": now + 300, "iat": now, "nonce": "n"}
    said |= {"email": "Ann@Example.com", "email_verified": True} | changes
    kept = {name: value for name, value in said.items() if value is not None}
    text = jwt.encode({"alg": "RS256", "kid": "k1", **(header or {})}, kept, key)
    return Tokens("access", None, (), None, text)


def refused(tokens: Tokens) -> str:
    with pytest.raises(AnswerNotTrusted) as refusal:
        claims.identity_of(CORP, tokens, nonce="n")
    return refusal.value.reason


def test_a_good_one_names_the_person() -> None:
    found = claims.identity_of(CORP, token(), nonce="n")
    assert (found.subject, found.email, found.domain) == (
        "https://id.example.com ann",
        "ann@example.com",
        "example.com",
    )
    assert "ann" not in repr(found)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "https://evil.example"}, "iss"),
        ({"iss": None}, "iss"),
        ({"aud": "another-client"}, ""),
        ({"aud": ["another-client"], "azp": "hub"}, "aud"),
        ({"aud": ["hub", "another-client"], "azp": "another-client"}, "azp"),
        ({"nonce": "of-another"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"sub": None}, "sub"),
        ({"sub": ""}, "sub"),
        ({"exp": int(time.time()) - 3600}, "exp"),
        ({"exp": None}, "exp"),
        ({"iat": int(time.time()) + 3600}, "iat"),
        ({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, "at_hash"),
        ({"email": "no address"}, "email_malformed"),
    ],
)
def test_a_claim_that_does_not_fit_is_refused(changes: dict[str, Any], reason: str) -> None:
    assert reason in refused(token(**changes))


def test_a_signature_of_another_key_is_refused() -> None:
    refused(token(OTHER_KEY))


def test_an_unknown_key_is_refused() -> None:
    refused(token(header={"kid": "k2"}))


def test_a_hash_under_the_clients_secret_is_no_signature() -> None:
    refused(token(OctKey.import_key(CORP.client_secret), header={"alg": "HS256"}))


@pytest.mark.parametrize("text", ["", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ."])
def test_what_is_no_signed_token_is_refused(text: str) -> None:
    refused(Tokens("access", None, (), None, text))
