"""Has providers end the tokens of links that are gone: asked after the transaction, and again while one is away."""

from __future__ import annotations

import logging
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from audit.actions import Action
from audit.services import record
from users.models import OauthAccount, TokenRevocation
from users.signin import provider as wire

logger = logging.getLogger(__name__)
State = TokenRevocation.State


def held_tokens(account: OauthAccount) -> dict[str, str]:
    """{hint: token}, the one first that the others come from."""
    tokens = {"refresh_token": account.refresh_token, "access_token": account.access_token}
    return {hint: token for hint, token in tokens.items() if token}


def count_tokens(*, user_id: UUID) -> int:
    """How many `note_tokens` would write down now."""
    links = OauthAccount.objects.filter(user_id=user_id)
    sums = links.aggregate(
        refresh=Count("id", filter=Q(refresh_token__isnull=False)),
        access=Count("id", filter=Q(access_token__isnull=False)),
    )
    return int(sums["refresh"] + sums["access"])


def note_tokens(*, user_id: UUID, erasure_id: UUID) -> int:
    """Writes down each token of the user's links, in the erasure's transaction; returns how many."""
    noted = [
        TokenRevocation(erasure_id=erasure_id, provider=link.provider, hint=hint, token=token)
        for link in OauthAccount.objects.filter(user_id=user_id)
        for hint, token in held_tokens(link).items()
    ]
    TokenRevocation.objects.bulk_create(noted)
    return len(noted)


def note_unlinked(account: OauthAccount, *, hints: list[str]) -> None:
    """Writes down those tokens of a link that ends, for the sweep. In the transaction that ends it."""
    TokenRevocation.objects.bulk_create(
        TokenRevocation(user_id=account.user_id, provider=account.provider, hint=hint, token=token)
        for hint, token in held_tokens(account).items()
        if hint in hints
    )


def asked_to_end(*, provider: str, hint: str, token: str) -> State:
    """Asks now; PENDING when the provider could not be asked. Not inside a transaction: it is a network call."""
    if provider not in settings.OIDC_PROVIDERS:
        return State.DECLINED
    has_ended = wire.revoke(wire.provider_named(provider), token=token, hint=hint)
    if has_ended is None:
        return State.DECLINED
    return State.REVOKED if has_ended else State.PENDING


def revoke_erased(*, erasure_id: UUID) -> None:
    """Asks for those of one erasure; what cannot be asked now stays pending. A second run asks for those alone."""
    for revocation in TokenRevocation.objects.filter(erasure_id=erasure_id, state=State.PENDING):
        state = _state_now(revocation)
        if state != State.PENDING:
            TokenRevocation.objects.filter(id=revocation.id).update(state=state, token="")


def revoke_unlinked(*, revocation_id: UUID) -> None:
    """Asks for one that no erasure waits for, audited, and forgets it. A second run finds nothing, or asks again."""
    revocation = TokenRevocation.objects.filter(id=revocation_id, erasure_id=None).first()
    state = State.PENDING if revocation is None else _state_now(revocation)
    if revocation is None or state == State.PENDING:
        return
    with transaction.atomic():
        if not TokenRevocation.objects.filter(id=revocation_id, erasure_id=None).delete()[0]:
            return
        record(
            action=Action.OAUTH_ACCOUNT_REVOKED,
            target=("token_revocation", revocation_id),
            subject_id=revocation.user_id,
            provider=revocation.provider,
            outcome=state,
        )


def _state_now(revocation: TokenRevocation) -> State:
    state = asked_to_end(provider=revocation.provider, hint=revocation.hint, token=revocation.token)
    if state != State.PENDING:
        return state
    is_over = revocation.created_at <= timezone.now() - timedelta(days=settings.OIDC_REVOCATION_DAYS)
    logger.warning("revocation %s: the provider is away, %s", revocation.id, "given up" if is_over else "later again")
    return State.GIVEN_UP if is_over else State.PENDING


def outcome(*, erasure_id: UUID) -> dict[str, int]:
    """{state: how many}."""
    counted = TokenRevocation.objects.filter(erasure_id=erasure_id).values("state").annotate(n=Count("id"))
    return {row["state"]: row["n"] for row in counted}
