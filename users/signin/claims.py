"""Who the provider says it was: the ID token, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from hub.common.fields import normalise_email
from hub.identity import IdentityProvider
from users.signin import provider as wire
from users.signin.errors import AnswerNotTrusted, EmailUnverified
from users.signin.provider import Tokens

LEEWAY_SECONDS = 60
# Signed with a key of the provider's alone: neither "none" nor a hash under the client's secret.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
LONGEST_SUBJECT = 255


@dataclass(frozen=True, slots=True)
class Identity:
    """A person at a provider, whose address it has verified (in its one form)."""

    provider: str
    subject: str = field(repr=False)
    email: str = field(repr=False)

    @property
    def domain(self) -> str:
        """What stands behind the @."""
        return self.email.rpartition("@")[2]


def identity_of(provider: IdentityProvider, tokens: Tokens, *, nonce: str) -> Identity:
    """The person that the ID token names; asks for its keys, and for the address where the token has none.

    Raises AnswerNotTrusted with the claim that is wrong, EmailUnverified, and ProviderAway.
    """
    claims = _checked(provider, tokens, nonce)
    subject = str(claims["sub"])
    if not 0 < len(subject) <= LONGEST_SUBJECT:
        raise AnswerNotTrusted(reason="sub")
    if "email" not in claims and tokens.access:
        claims = wire.user_info(provider, access_token=tokens.access)
        if claims and claims.get("sub") != subject:
            raise AnswerNotTrusted(reason="userinfo_sub")
    # The issuer of the settings: discovery and the token were found to be of it.
    return Identity(provider=provider.name, subject=f"{provider.issuer} {subject}", email=_verified_email(claims))


def _verified_email(claims: Mapping[str, Any]) -> str:
    said = claims.get("email_verified")
    # Some providers send the word instead of the value; anything else, a 1 too, is not their word for it.
    if (said is not True and said != "true") or not isinstance(claims.get("email"), str):
        raise EmailUnverified
    try:
        return normalise_email(claims["email"])
    except ValueError as error:
        raise AnswerNotTrusted(reason="email_malformed") from error


def _checked(provider: IdentityProvider, tokens: Tokens, nonce: str) -> Mapping[str, Any]:
    try:
        token = _decoded(provider, tokens.id_token)
        options = {"iss": {"essential": True, "value": provider.issuer}, "aud": {"essential": True}}
        params = {"nonce": nonce, "client_id": provider.client_id, "access_token": tokens.access}
        claims = CodeIDToken(token.claims, token.header, options, params)
        claims.validate(leeway=LEEWAY_SECONDS)
    except JoseError as error:
        raise AnswerNotTrusted(reason=str(getattr(error, "claim", None) or error.error)) from error
    except (ValueError, TypeError) as error:
        raise AnswerNotTrusted(reason="id_token") from error
    audience = claims["aud"]
    if provider.client_id not in (audience if isinstance(audience, list) else [audience]):
        raise AnswerNotTrusted(reason="aud")
    return dict(claims)


def _decoded(provider: IdentityProvider, text: str) -> jwt.Token:
    offered = wire.metadata(provider).get("id_token_signing_alg_values_supported") or ["RS256"]
    registry = JWSRegistry(algorithms=[name for name in ALGORITHMS if name in offered], strict_check_header=False)
    try:
        return jwt.decode(text, key=KeySet.import_key_set(_keys(provider)), registry=registry)
    except InvalidKeyIdError:
        # The provider has begun to sign with another key.
        return jwt.decode(text, key=KeySet.import_key_set(_keys(provider, anew=True)), registry=registry)


def _keys(provider: IdentityProvider, *, anew: bool = False) -> Any:
    return wire.signing_keys(provider, anew=anew)
