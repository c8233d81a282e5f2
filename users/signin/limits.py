"""How often somebody may try to sign in: by address and by account, neither of which is kept in the plain."""

from __future__ import annotations

from django.conf import settings

from hub.common.fields import normalise_email
from hub.common.keyring import blind_index
from hub.common.rate_limit import Bucket, LimiterAway, RateLimited, take
from hub.common.rates import Rate
from users.refusals import address_stand_in

ACCOUNT_PURPOSE = "rate_limits.account"
TOO_MANY = "There were too many attempts to sign in from your address or at this account lately."
TOO_MANY_LINKS = "There were too many requests for a new password from your address or for this account lately."
# Nobody types more; a longer text is no address, and need not be hashed whole.
LONGEST_TYPED = 254


def count_attempt(*, ip: str | None, account: str | None = None) -> None:
    """Counts one for the address and, where one is named, the account (whether there is one or not).

    Raises RateLimited when it was one too many for either. While Redis is away nothing is counted: the console must
    open when things are broken, and second factors have a limit of their own in the database.
    """
    wanted = [("signin", address_stand_in(ip), settings.RATE_LIMIT_SIGNIN)]
    if account is not None:
        wanted.append(("signin_account", _account_stand_in(account), settings.RATE_LIMIT_SIGNIN_ACCOUNT))
    _count(wanted, TOO_MANY)


def count_reset(*, ip: str | None, account: str) -> None:
    """Counts one request for a link by mail, as count_attempt does; those for one account have a limit of their own."""
    wanted = [
        ("signin", address_stand_in(ip), settings.RATE_LIMIT_SIGNIN),
        ("signin_reset", _account_stand_in(account), settings.RATE_LIMIT_RESET),
    ]
    _count(wanted, TOO_MANY_LINKS)


def _count(wanted: list[tuple[str, str, Rate | None]], refusal: str) -> None:
    buckets = [Bucket(policy, owner, rate) for policy, owner, rate in wanted if rate is not None]
    if not buckets:
        return
    try:
        taken = take(buckets)
    except LimiterAway:
        return
    if not taken.is_admitted:
        raise RateLimited(taken, refusal)


def _account_stand_in(typed: str) -> str:
    try:
        name = normalise_email(typed)
    except ValueError:
        name = typed[:LONGEST_TYPED].casefold()
    return blind_index(name, purpose=ACCOUNT_PURPOSE).hex()
