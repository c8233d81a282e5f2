"""What NEON.md names as an enforcer exists: commands, targets of make, checks, files and folders."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.core.management import get_commands

from hub.env import BASE_DIR
from hub.neon.rules.page import headings, written_rules
from hub.neon.rules.registry import RULES

MAKEFILE = (BASE_DIR / "Makefile").read_text(encoding="utf-8")
# The sections of the protocol that this page is the edition of.
SECTIONS = (
    *("Purpose", "Integration and ORM", "Schema management", "Development and deployment", "Data modelling rules"),
    *("Data access and code structure", "Security and privacy", "Backups and rollbacks", "Performance"),
    *("Cost management", "Observability", "Documentation and onboarding", "Extras and automation"),
)
# {what it is: (how it is written, whether there is one of that name)}
NAMED: dict[str, tuple[re.Pattern[str], Callable[[str], bool]]] = {
    "a command": (re.compile(r"manage\.py (\w+)"), lambda name: name in get_commands()),
    "a target of make": (
        re.compile(r"`make ([\w-]+)`"),
        lambda name: re.search(rf"^{name}:", MAKEFILE, re.MULTILINE) is not None,
    ),
    "a system check": (re.compile(r"`(hub\.\w+\.[EW]\d+)`"), lambda name: name in CHECKS),
    "a file or folder": (
        re.compile(r"(?<![\w/.])((?:\.github|docs|hub|tests)/[\w./-]*\w)"),
        lambda name: (BASE_DIR / name).exists(),
    ),
}
CHECKS = {
    found
    for path in (BASE_DIR / "hub").rglob("*.py")
    if "tests" not in path.parts
    for found in re.findall(r"\"(hub\.\w+\.[EW]\d+)\"", path.read_text(encoding="utf-8"))
}


def missing(text: str) -> list[str]:
    """Each name that leads nowhere, with what it should be."""
    return [
        f"{what}: {name}"
        for what, (pattern, is_there) in NAMED.items()
        for name in pattern.findall(text)
        if not is_there(name)
    ]


@pytest.mark.parametrize("number", [rule.number for rule in RULES])
def test_its_enforcer_is_there(number: str) -> None:
    rule = written_rules()[number]
    assert missing(f"{rule.text} {rule.enforcer}") == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.number)
def test_what_mends_it_is_there(rule: object) -> None:
    assert missing(rule.mend) == []  # type: ignore[attr-defined]


def test_a_name_that_leads_nowhere_is_seen() -> None:
    text = "`manage.py no_such`, `make no-such`, the check `hub.models.E999`, docs/NONE.md and tests/none"
    assert [each.partition(":")[0] for each in missing(text)] == [*NAMED, "a file or folder"]


def test_it_has_the_sections_of_the_protocol() -> None:
    assert headings() == list(enumerate(SECTIONS, start=1))
