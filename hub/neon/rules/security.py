"""Section 7: who may do what, what is kept from whom, and what goes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.apps import apps
from django.conf import settings
from django.utils import timezone

from audit.selectors import oldest_unsealed
from hub.common.models import AppendOnlyModel
from hub.neon.access import all_steps, compare
from hub.neon.grants import table_rights
from hub.neon.rules.catalogue import triggers_of
from hub.neon.rules.rule import Place, Rule, Verdict, unless

GUARDED = {"UPDATE", "DELETE", "TRUNCATE"}
# Once a day the clock seals what is new, and a day may be a weekend without a request.
LONGEST_UNSEALED = timedelta(days=3)
DORMANT = "purge_dormant_users"


def least_privilege(place: Place) -> Verdict:
    """7.1"""
    place.connection.ensure_connection()
    return unless(compare(place.connection.connection, all_steps(table_rights)).lines())


def histories_are_append_only(place: Place) -> Verdict:
    """7.2"""
    return unless(_unguarded(place))


def _unguarded(place: Place) -> Iterator[str]:
    for model in apps.get_models():
        if issubclass(model, AppendOnlyModel):
            table = model._meta.db_table
            yield from (
                f"{table}: no trigger refuses {event}."
                for event in sorted(GUARDED - triggers_of(place.connection, table))
            )


def logs_are_redacted(place: Place) -> Verdict:
    """7.3"""
    return unless(handlers_without("redact"))


def handlers_without(name: str) -> Iterator[str]:
    """The log handlers of the settings that lack this filter."""
    for handler, how in settings.LOGGING["handlers"].items():
        if name not in how.get("filters", ()):
            yield f"The log handler {handler} has no filter {name}."


def dormant_accounts_go(place: Place) -> Verdict:
    """7.4"""
    return unless(_ways_to_stay())


def _ways_to_stay() -> Iterator[str]:
    if DORMANT not in settings.PURGE_DAILY:
        yield f"PURGE_DAILY leaves out {DORMANT}."
    if not settings.MAIL_IS_SENT:
        yield "No mail server is set (EMAIL_HOST), and nobody is suspended who was not told."


def trail_is_sealed(place: Place) -> Verdict:
    """7.5"""
    oldest = oldest_unsealed()
    late = oldest is not None and timezone.now() - oldest > LONGEST_UNSEALED
    return unless([f"The entry of {oldest:%Y-%m-%d %H:%M} has no seal yet."] if late else [])


RULES = (
    Rule("7.1", least_privilege, "manage.py db_grants --apply, as the owner of the database."),
    Rule("7.2", histories_are_append_only, "manage.py schema_drift says what is missing; put it back by a migration."),
    Rule("7.3", logs_are_redacted, 'Give the handler the filter "redact" (hub/logs.py).'),
    Rule("7.4", dormant_accounts_go, f"Name {DORMANT} in PURGE_DAILY and set EMAIL_HOST (docs/PURGING.md)."),
    Rule("7.5", trail_is_sealed, "Look whether the clock runs; manage.py seal_audit seals at once."),
)
