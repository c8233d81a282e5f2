"""A forgotten password: who asks for a link, and who comes with one. The link goes by mail (reset_mail.py)."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

from celery import current_app
from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode
from kombu.exceptions import OperationalError as BrokerError

from audit.actions import Action
from audit.services import record
from hub.common.errors import ServiceUnavailable
from hub.common.request_id import current_request_id
from hub.common.tasks import REQUEST_ID_HEADER
from users.models import User
from users.selectors import users_with_email
from users.services import set_password
from users.signin.errors import MailNotSet, PasswordNotTaken, ResetLinkWrong

LINK, NOTICE = "users.mail_reset_link", "users.mail_password_notice"
AWAY = "No mail can be sent at the moment. Nothing was done: try again in a minute."


def refuse_without_passwords() -> None:
    """Raises PasswordNotTaken and MailNotSet: a hub that could not keep its word does not give it."""
    if settings.OIDC_STAFF_REQUIRED:
        raise PasswordNotTaken
    if not settings.MAIL_IS_SENT:
        raise MailNotSet


def ask_for_link(*, email: str, base_url: str, ip: str | None) -> None:
    """Has a link mailed to the account with that address, audited, when it has a password and is open.

    Whoever asks learns nothing: an address without such an account takes the same way, and the worker mails nothing.
    The message has an id and never the address. A second call sends a second mail. Raises ServiceUnavailable.
    """
    user = users_with_email(email).first()
    is_meant = user is not None and user.is_active and user.has_usable_password()
    try:
        _send(LINK, user_id=str(user.id) if user and is_meant else "", base_url=base_url)
    except BrokerError as error:
        raise ServiceUnavailable(AWAY) from error
    record(action=Action.USER_PASSWORD_RESET_ASKED, target=("user", user.id) if user else None, ip=ip, is_sent=is_meant)


def link_of(user: User) -> dict[str, str]:
    """What the link says: whose it is, and a token that dies with the password, the address or the next sign-in."""
    return {"user": urlsafe_base64_encode(user.id.bytes), "token": default_token_generator.make_token(user)}


def holder_of(*, user: str, token: str) -> User:
    """Whose link it is; raises ResetLinkWrong for one that is used, too old, or none of ours."""
    found = User.objects.filter(id=_id_in(user)).first()
    return _checked(found, token)


def reset_password(*, user: str, token: str, password: str, ip: str | None) -> None:
    """Sets the password, audited; all sessions of the account end, and the link with them.

    The password was found to be good enough before. Of two at once the second one finds the link used: ResetLinkWrong.
    """
    with transaction.atomic():
        found = _checked(User.objects.select_for_update().filter(id=_id_in(user)).first(), token)
        set_password(user=found, password=password, actor=found, ip=ip)
    with suppress(BrokerError):
        # The notice is a courtesy; the password is set without it.
        _send(NOTICE, user_id=str(found.id))


def _checked(user: User | None, token: str) -> User:
    is_right = user is not None and user.is_active and default_token_generator.check_token(user, token)
    if user is None or not is_right:
        raise ResetLinkWrong(user_id=user.id if user else None)
    return user


def _id_in(text: str) -> UUID:
    try:
        return UUID(bytes=urlsafe_base64_decode(text))
    except ValueError as error:
        raise ResetLinkWrong from error


def _send(task: str, **words: str) -> None:
    current_app.send_task(task, kwargs=words, headers={REQUEST_ID_HEADER: current_request_id()})
