"""The queries of accounts and keys (see hub/common/named_queries.py)."""

from __future__ import annotations

from hub.api.pagination import Position, take_page
from hub.common.named_queries import Sample, Sort, if_there, query
from users import selectors
from users.models import User
from users.privacy import legal_hold, sweeping
from users.privacy import selectors as privacy
from users.signin import accounts, revoking

LIMIT = 30


def _user(sample: Sample) -> User:
    return User(id=sample.user_id)


def _after(sample: Sample) -> Position:
    return Position(sample.month, sample.key_id)


QUERIES = [
    query(
        Sort.LOOKUP, "API key by its prefix", selectors.find_api_key, lambda s: selectors.find_api_key(prefix=s.prefix)
    ),
    query(
        Sort.LOOKUP,
        "account by its address",
        selectors.users_with_email,
        lambda s: list(selectors.users_with_email(s.email)),
    ),
    query(
        Sort.LOOKUP,
        "API key of a user",
        selectors.key_of,
        lambda s: if_there(lambda: selectors.key_of(user=_user(s), key_id=s.key_id)),
    ),
    query(
        Sort.USER,
        "API keys of a user",
        selectors.keys_of,
        lambda s: take_page(selectors.keys_of(user=_user(s)), after=None, limit=LIMIT),
    ),
    query(
        Sort.USER,
        "API keys of a user, the next page",
        selectors.keys_of,
        lambda s: take_page(selectors.keys_of(user=_user(s)), after=_after(s), limit=LIMIT),
    ),
    query(
        Sort.LOOKUP,
        "privacy request of a user",
        privacy.request_of,
        lambda s: if_there(lambda: privacy.request_of(user=_user(s), request_id=s.key_id)),
    ),
    query(
        Sort.USER,
        "privacy requests of a user",
        privacy.requests_of,
        lambda s: take_page(privacy.requests_of(user=_user(s)), after=None, limit=LIMIT),
    ),
    query(
        Sort.USER,
        "privacy requests of a user, the next page",
        privacy.requests_of,
        lambda s: take_page(privacy.requests_of(user=_user(s)), after=_after(s), limit=LIMIT),
    ),
    query(Sort.USER, "sign-ins linked to a user", accounts.links_of, lambda s: list(accounts.links_of(user=_user(s)))),
    query(Sort.UPKEEP, "accounts under legal hold", legal_hold.held_users, lambda s: list(legal_hold.held_users())),
    query(
        Sort.UPKEEP,
        "privacy requests that are unfinished",
        sweeping.unfinished,
        lambda s: list(sweeping.unfinished().order_by("created_at")[: sweeping.BATCH]),
    ),
    query(
        Sort.UPKEEP,
        "what became of an erased account's sign-ins",
        revoking.outcome,
        lambda s: revoking.outcome(erasure_id=s.key_id),
    ),
]
