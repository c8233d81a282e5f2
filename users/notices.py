"""Mail from the hub to an account."""

from __future__ import annotations

import logging
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail

from users.models import User

logger = logging.getLogger(__name__)


def tell(*, user: User, subject: str, body: str) -> bool:
    """Sends one mail; False when the hub has no mail, the account no address, or the mail server did not take it.

    Not inside a transaction: it is a network call. A second call sends a second mail.
    """
    if not settings.MAIL_IS_SENT or not user.email or not user.is_active:
        return False
    try:
        send_mail(subject, body, None, [user.email])
    except (SMTPException, OSError) as error:
        # Its text may hold the address.
        logger.warning("a mail to user %s could not be sent: %s", user.id, type(error).__name__)
        return False
    return True
