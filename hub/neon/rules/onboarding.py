"""Section 12: what the next person needs to know."""

from __future__ import annotations

from datetime import UTC, datetime

from hub.neon.auditing.reports import why_stale
from hub.neon.rules.rule import Place, Rule, Verdict, unless

TO_READ = ("https://neon.com/docs", "https://docs.djangoproject.com", "NEON.md")
CRUD = ("create", "read", "update", "delete")
AUDITS = "docs/audits"


def newcomers_are_told_what_to_read(place: Place) -> Verdict:
    """12.1"""
    text = place.text("docs/ONBOARDING.md")
    return unless(f"docs/ONBOARDING.md does not name {each}." for each in TO_READ if each not in text)


def access_is_shown(place: Place) -> Verdict:
    """12.2"""
    headings = [line for line in place.text("docs/DB_USAGE.md").lower().splitlines() if line.startswith("#")]
    missing = [verb for verb in CRUD if not any(verb in line for line in headings)]
    return unless(f"docs/DB_USAGE.md does not show how to {verb}." for verb in missing)


def audited_every_quarter(place: Place) -> Verdict:
    """12.3"""
    why = why_stale(place.root / AUDITS, today=datetime.now(UTC).date())
    return unless([why] if why else [])


RULES = (
    Rule("12.1", newcomers_are_told_what_to_read, "Put it into docs/ONBOARDING.md.", of_sources=True),
    Rule("12.2", access_is_shown, "Add the example; tests/docs runs it.", of_sources=True),
    Rule("12.3", audited_every_quarter, "manage.py db_audit, and commit its report.", of_sources=True),
)
