"""Which account an identity opens, and the links between the two."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from audit.actions import Action
from audit.services import record
from hub.identity import ANY_DOMAIN
from users.errors import EmailTaken
from users.models import OauthAccount, User
from users.privacy import watch
from users.selectors import users_with_email
from users.services import create_user
from users.signin import provider as wire
from users.signin.claims import Identity
from users.signin.errors import (
    AccountClosed,
    AccountUnknown,
    DomainNotAllowed,
    LinkedToAnother,
    LinkGone,
    LinkInTheWay,
    SigninRefused,
)
from users.signin.models import SUBJECT
from users.signin.provider import Tokens
from users.signin.revoking import State, asked_to_end, held_tokens, note_unlinked


def links_of(*, user: User) -> QuerySet[OauthAccount]:
    """The user's, oldest first."""
    return OauthAccount.objects.filter(user=user).order_by("created_at", "id")


def link_of(*, user: User, link_id: UUID) -> OauthAccount:
    """One of the user's; raises LinkGone, also for another user's."""
    found = links_of(user=user).filter(id=link_id).first()
    if found is None:
        raise LinkGone(user_id=user.id)
    return found


def account_for(*, identity: Identity, tokens: Tokens, ip: str | None) -> User:
    """The account that the identity opens, its tokens kept.

    By the link that there is; else, linked now, the account with its address, when the address's domain is named in
    OIDC_ALLOWED_DOMAINS; else a new one, when OIDC_SIGN_UP. Raises DomainNotAllowed, AccountUnknown, AccountClosed and
    LinkInTheWay (the account's address was somebody else's before), with nothing written.
    """
    refuse_domain(identity)
    try:
        with transaction.atomic():
            return _opened(identity, tokens, ip)
    except (IntegrityError, EmailTaken):
        # The same person came in by two doors at once: the other one has made what was missing.
        with transaction.atomic():
            return _opened(identity, tokens, ip)


def refuse_domain(identity: Identity) -> None:
    """Raises DomainNotAllowed."""
    if ANY_DOMAIN not in settings.OIDC_ALLOWED_DOMAINS and identity.domain not in settings.OIDC_ALLOWED_DOMAINS:
        raise DomainNotAllowed


def _opened(identity: Identity, tokens: Tokens, ip: str | None) -> User:
    link = _find(identity)
    user = link.user if link else _first_time(identity)
    if not user.is_active:
        raise AccountClosed(user_id=user.id)
    if link is None:
        _make_link(user, identity, tokens, ip, how="email")
    else:
        _keep(link, tokens, last_used_at=timezone.now())
    return user


def _find(identity: Identity) -> OauthAccount | None:
    return OauthAccount.objects.select_related("user").filter(SUBJECT.matching(identity.subject)).first()


def _first_time(identity: Identity) -> User:
    """`*` lets anybody in, and takes nobody's word for whose an account is that is there already."""
    existing = users_with_email(identity.email).first()
    if existing is not None:
        if identity.domain not in settings.OIDC_ALLOWED_DOMAINS:
            raise AccountUnknown(user_id=existing.id, reason="domain_not_named")
        return existing
    if not settings.OIDC_SIGN_UP:
        raise AccountUnknown
    return create_user(email=identity.email)


def link(*, user: User, identity: Identity, tokens: Tokens, ip: str | None) -> None:
    """Links the identity to the account of who is signed in, audited; again, only its tokens are kept.

    Raises DomainNotAllowed, LinkedToAnother and LinkInTheWay.
    """
    refuse_domain(identity)
    try:
        with transaction.atomic():
            found = _find(identity)
            if found is None:
                _make_link(user, identity, tokens, ip, how="signed_in")
            elif found.user_id != user.id:
                raise LinkedToAnother(user_id=user.id)
            else:
                _keep(found, tokens)
    except IntegrityError as error:
        raise LinkedToAnother(user_id=user.id, reason="meanwhile") from error


def _make_link(user: User, identity: Identity, tokens: Tokens, ip: str | None, *, how: str) -> None:
    if OauthAccount.objects.filter(user=user, provider=identity.provider).exists():
        raise LinkInTheWay(user_id=user.id)
    made = OauthAccount.objects.create(
        user=user,
        provider=identity.provider,
        subject=identity.subject,
        **SUBJECT.values(identity.subject),
        access_token=tokens.access,
        refresh_token=tokens.refresh,
        scopes=list(tokens.scopes),
        expires_at=tokens.expires_at,
        last_used_at=timezone.now(),
    )
    _record(Action.OAUTH_ACCOUNT_LINKED, made, ip=ip, by=how)


def _keep(kept: OauthAccount, tokens: Tokens, **more: Any) -> bool:
    """The newer tokens; a provider that gives no refresh token this time means the one it gave before.

    False, and nothing written, when somebody else wrote newer ones meanwhile.
    """
    changes = {
        "access_token": tokens.access,
        "scopes": list(tokens.scopes),
        "expires_at": tokens.expires_at,
        "tokens_at": timezone.now(),
        **more,
    }
    if tokens.refresh:
        changes["refresh_token"] = tokens.refresh
    return bool(OauthAccount.objects.filter(id=kept.id, tokens_at=kept.tokens_at).update(**changes))


def refresh(*, account: OauthAccount) -> bool:
    """New tokens from the provider, audited; False without a refresh token, or when another process was quicker.

    Raises AnswerNotTrusted when the provider has ended the link, and ProviderAway. Not inside a transaction.
    """
    if not account.refresh_token:
        return False
    try:
        tokens = wire.refreshed(wire.provider_named(account.provider), refresh_token=account.refresh_token)
    except SigninRefused as refusal:
        refusal.user_id = account.user_id
        raise
    with transaction.atomic():
        if not _keep(account, tokens):
            return False
        _record(Action.OAUTH_ACCOUNT_REFRESHED, account)
    return True


def unlink(*, account: OauthAccount, ip: str | None) -> None:
    """Ends its tokens at the provider, where that can be done, then the link, audited. Not inside a transaction.

    A provider that is away does not keep anybody's link alive: it is asked again later (see users/signin/revoking.py).
    """
    states = {
        hint: asked_to_end(provider=account.provider, hint=hint, token=token)
        for hint, token in held_tokens(account).items()
    }
    pending = [hint for hint, state in states.items() if state == State.PENDING]
    with transaction.atomic():
        deleted, _ = OauthAccount.objects.filter(id=account.id).delete()
        if deleted:
            note_unlinked(account, hints=pending)
            _record(Action.OAUTH_ACCOUNT_UNLINKED, account, ip=ip, is_revoked=_is_revoked(list(states.values())))
    if pending:
        watch.note()


def _is_revoked(states: list[State]) -> bool | None:
    if State.PENDING in states:
        return False
    return True if State.REVOKED in states else None


def _record(action: Action, about: OauthAccount, ip: str | None = None, **data: Any) -> None:
    facts: Mapping[str, Any] = {"provider": about.provider, **data}
    target = ("oauth_account", about.id)
    record(action=action, actor_id=about.user_id, target=target, subject_id=about.user_id, ip=ip, **facts)
