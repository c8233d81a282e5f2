"""The mails about a password. The worker makes them: no answer's time tells whether there is an account."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from users.models import User
from users.notices import tell
from users.signin.reset import link_of


def mail_link(*, user_id: str, base_url: str) -> bool:
    """Mails a link to set a new password; whether it was sent. "" is nobody's id. A second call sends another one."""
    user = _account(user_id)
    if user is None:
        return False
    link = f"{base_url.rstrip('/')}{reverse('signin:password-new')}?{urlencode(link_of(user))}"
    facts = {"link": link, "minutes": settings.PASSWORD_RESET_TIMEOUT // 60}
    return tell(
        user=user, subject="A new password for the hub", body=render_to_string("signin/mail/password_link.txt", facts)
    )


def mail_notice(*, user_id: str) -> bool:
    """Tells the account's owner that its password was changed; whether it was sent."""
    user = _account(user_id)
    if user is None:
        return False
    body = render_to_string("signin/mail/password_changed.txt")
    return tell(user=user, subject="Your password for the hub was changed", body=body)


def _account(user_id: str) -> User | None:
    return User.objects.filter(id=UUID(user_id)).first() if user_id else None
