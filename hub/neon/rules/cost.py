"""Section 10: what Neon bills for."""

from __future__ import annotations

from collections.abc import Iterator

from celery import current_app
from django.conf import settings

from hub.neon.rules.asking import refusal_of
from hub.neon.rules.rule import Place, Rule, Verdict, not_asked, unless

# They ask the database every few seconds, whether there is anything to do or not.
WAKERS = ("django_celery_beat", "django_celery_results", "health_check.db")


def idle_hub_asks_nothing(place: Place) -> Verdict:
    """10.1"""
    return unless(_wakers(place))


def _wakers(place: Place) -> Iterator[str]:
    yield from (f"{app} asks the database on and on." for app in WAKERS if app in settings.INSTALLED_APPS)
    if current_app.conf.beat_schedule:
        yield f"Celery's beat has a schedule: {', '.join(sorted(current_app.conf.beat_schedule))}."
    pool = place.connection.settings_dict.get("OPTIONS", {}).get("pool")
    if pool and (not isinstance(pool, dict) or pool.get("min_size", 4)):
        yield "The pool of connections keeps some open: min_size must be 0."


def month_has_a_budget(place: Place) -> Verdict:
    """10.2"""
    if not settings.NEON_API_KEY:
        return not_asked("NEON_API_KEY is not set: this database is not on Neon, or the nightly workflow asks.")
    return refusal_of("neon_report")


RULES = (
    Rule("10.1", idle_hub_asks_nothing, "Let the clock do it from Redis (generations/clock.py), or from outside."),
    Rule("10.2", month_has_a_budget, "manage.py neon_branches --prune --apply; look what neon_report names."),
)
