"""A sign-in that is under way at a provider: what the browser keeps until it comes back, sealed."""

from __future__ import annotations

import base64
import binascii
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hmac import compare_digest

from hub.common.keyring import KeyringError, seal, unseal
from users.signin.errors import AnswerNotTrusted, FlowLost, ProviderSaidNo

COOKIE = "signin_flow"
COOKIE_PATH = "/signin/"
LIFETIME_SECONDS = 600
PURPOSE = "signin.flow"
SECRET_BYTES = 32
# RFC 7636 wants 43 to 128 characters: 64 bytes are 86.
VERIFIER_BYTES = 64


@dataclass(frozen=True, slots=True)
class Flow:
    """One sign-in, or with `user_id` one link of that user's. In a cookie of the browser, not in the database: a click
    on "sign in" costs the hub nothing that stays."""

    provider: str
    next_url: str = ""
    user_id: str = ""
    state: str = field(default_factory=lambda: secrets.token_urlsafe(SECRET_BYTES), repr=False)
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(SECRET_BYTES), repr=False)
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(VERIFIER_BYTES), repr=False)
    begun_at: float = field(default_factory=time.time)

    def sealed(self) -> str:
        """For the cookie."""
        return base64.urlsafe_b64encode(seal(json.dumps(asdict(self)).encode(), purpose=PURPOSE)).decode()

    @classmethod
    def opened(cls, sealed: str | None, *, provider: str) -> Flow:
        """What `sealed` gave, when it is for that provider and not too old; raises FlowLost."""
        try:
            flow = cls(**json.loads(unseal(base64.urlsafe_b64decode(sealed or ""), purpose=PURPOSE)))
        except (KeyringError, binascii.Error, ValueError, TypeError) as error:
            # Whoever sends a cookie of their own making learns nothing from it.
            raise FlowLost(reason="no_cookie" if not sealed else "cookie") from error
        if flow.provider != provider:
            raise FlowLost(reason="other_provider")
        if not 0 <= time.time() - flow.begun_at <= LIFETIME_SECONDS:
            raise FlowLost(reason="expired")
        return flow

    def code_of(self, answer: Mapping[str, str], *, issuer: str) -> str:
        """The authorization code in the provider's redirect; raises FlowLost, AnswerNotTrusted or ProviderSaidNo."""
        if not compare_digest(answer.get("state", "").encode(), self.state.encode()):
            raise FlowLost(reason="state")
        if answer.get("iss", issuer) != issuer:
            raise AnswerNotTrusted(reason="iss")
        if "error" in answer or not answer.get("code"):
            raise ProviderSaidNo
        return answer["code"]
