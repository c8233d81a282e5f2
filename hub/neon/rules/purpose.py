"""Section 1: that this page and this list are one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hub.neon.rules.page import SECTIONS, UnreadablePage, headings, written_rules
from hub.neon.rules.rule import Place, Rule, Verdict, unless


def page_and_list_are_one(numbers: Iterable[str], place: Place) -> Verdict:
    """1.1"""
    return unless(_apart(set(numbers), place))


def _apart(numbers: set[str], place: Place) -> Iterator[str]:
    try:
        written = written_rules(place.root)
    except (OSError, UnreadablePage) as error:
        yield str(error)
        return
    yield from (f"{number} is asked and stands nowhere." for number in sorted(numbers - written.keys()))
    yield from (f"{number} stands here and is never asked." for number in sorted(written.keys() - numbers))
    if (found := [number for number, _ in headings(place.root)]) != list(range(1, SECTIONS + 1)):
        yield f"The sections are {found}, not 1 to {SECTIONS}."


def rule_of_the_page(numbers: Iterable[str]) -> Rule:
    """About all the others, whose numbers are given."""
    known = ["1.1", *numbers]
    return Rule(
        "1.1", lambda place: page_and_list_are_one(known, place), "Write the rule into NEON.md, and what asks for it."
    )
