"""Section 2: how the hub comes to its data."""

from __future__ import annotations

from collections.abc import Iterator

from hub.neon.rules.rule import Place, Rule, Verdict, unless
from hub.neon.rules.tree import secrets_in

ENGINE = "hub.postgresql"
OLDEST_SERVER = 18


def orm_on_postgresql(place: Place) -> Verdict:
    """2.1"""
    return unless(_engine(place))


def _engine(place: Place) -> Iterator[str]:
    engine = place.connection.settings_dict["ENGINE"]
    if engine != ENGINE:
        yield f"The engine is {engine}, not {ENGINE}, which retries a cold start."
    elif (server := place.connection.pg_version // 10_000) < OLDEST_SERVER:  # type: ignore[attr-defined]
        yield f"The server is PostgreSQL {server}; the hub is tested on {OLDEST_SERVER}."


def no_secrets_in_the_tree(place: Place) -> Verdict:
    """2.2"""
    return unless(_in_the_tree(place))


def _in_the_tree(place: Place) -> Iterator[str]:
    if ".env" not in place.text(".gitignore").splitlines():
        yield ".gitignore does not name .env."
    yield from secrets_in(place.root)


RULES = (
    Rule("2.1", orm_on_postgresql, f'Put ENGINE "{ENGINE}" and a DATABASE_URL of PostgreSQL {OLDEST_SERVER} in place.'),
    Rule(
        "2.2",
        no_secrets_in_the_tree,
        "Take it out of the tree and its history, and revoke it: it has been seen.",
        of_sources=True,
    ),
)
