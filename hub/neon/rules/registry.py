"""All rules, in the order of NEON.md."""

from __future__ import annotations

from collections.abc import Iterator

from hub.neon.rules import (
    access,
    automation,
    backups,
    cost,
    deployment,
    integration,
    modelling,
    observability,
    onboarding,
    performance,
    schema,
    security,
)
from hub.neon.rules.purpose import rule_of_the_page
from hub.neon.rules.rule import Place, Rule, Verdict

_OTHERS: tuple[Rule, ...] = (
    *integration.RULES,
    *schema.RULES,
    *deployment.RULES,
    *modelling.RULES,
    *access.RULES,
    *security.RULES,
    *backups.RULES,
    *performance.RULES,
    *cost.RULES,
    *observability.RULES,
    *onboarding.RULES,
    *automation.RULES,
)
RULES: tuple[Rule, ...] = (rule_of_the_page(each.number for each in _OTHERS), *_OTHERS)


def ask_all(place: Place) -> Iterator[tuple[Rule, Verdict]]:
    """Each rule with its verdict, as it comes."""
    for rule in RULES:
        yield rule, rule.ask(place)
