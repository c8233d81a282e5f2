"""The tasks of this app. Each carries an id and may run twice; users/privacy/dispatch.py sends them, those that mail
about a password users/signin/reset.py."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from users.privacy import dispatch
from users.privacy.exporting import build_export as build
from users.privacy.finishing import finish_erasure as finish
from users.privacy.requests import carry_out_erasure
from users.signin import reset, reset_mail
from users.signin.revoking import revoke_unlinked


@shared_task(name=dispatch.EXPORT)
def build_export(*, request_id: str, **_: object) -> None:
    """Builds the ZIP of one export. A second run finds it taken or ended, and does nothing."""
    build(request_id=UUID(request_id))


@shared_task(name=dispatch.ERASE)
def erase(*, request_id: str, **_: object) -> None:
    """Carries out one erasure that was asked for. A second run finds it done, or tries again what it waited for."""
    carry_out_erasure(request_id=UUID(request_id))


@shared_task(name=dispatch.FINISH)
def finish_erasure(*, request_id: str, **_: object) -> None:
    """Removes what lies elsewhere, logs and verifies one erasure. A second run does what the first one could not."""
    finish(request_id=UUID(request_id))


@shared_task(name=dispatch.REVOKE)
def revoke_token(*, revocation_id: str, **_: object) -> None:
    """Asks a provider to end one token of a link that is gone. A second run finds nothing, or asks again."""
    revoke_unlinked(revocation_id=UUID(revocation_id))


@shared_task(name=reset.LINK)
def mail_reset_link(*, user_id: str, base_url: str, **_: object) -> None:
    """Mails a link to set a new password; "" is nobody's id. A second run sends a second link, as good as the first."""
    reset_mail.mail_link(user_id=user_id, base_url=base_url)


@shared_task(name=reset.NOTICE)
def mail_password_notice(*, user_id: str, **_: object) -> None:
    """Tells by mail that a password was changed. A second run tells it again."""
    reset_mail.mail_notice(user_id=user_id)
