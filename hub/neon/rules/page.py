"""NEON.md as data: the number, the text and the enforcer of each rule, which stand there and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hub.env import BASE_DIR

PAGE = "NEON.md"
SECTIONS = 13
# `- **4.2** The text. *Enforced:* by this.`, on as many lines as it takes.
_RULE = re.compile(r"^- \*\*(?P<number>\d+\.\d+)\*\* (?P<text>.+?)\s+\*Enforced:\*\s+(?P<enforcer>.+?)$", re.DOTALL)
_HEADING = re.compile(r"^## (\d+)\. (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Written:
    """A rule as NEON.md has it, each part on one line."""

    number: str
    text: str
    enforcer: str


class UnreadablePage(ValueError):
    """NEON.md has a rule without a number or without an enforcer."""


def written_rules(root: Path = BASE_DIR) -> dict[str, Written]:
    """By number, in the order of the page. Raises UnreadablePage, and OSError when there is no page."""
    rules: dict[str, Written] = {}
    for item in _items((root / PAGE).read_text(encoding="utf-8")):
        found = _RULE.match(item)
        if found is None:
            raise UnreadablePage(f"{PAGE} has an item that is no rule (- **N.N** text *Enforced:* by): {item[:80]!r}")
        number, text, enforcer = (" ".join(found[name].split()) for name in ("number", "text", "enforcer"))
        if number in rules:
            raise UnreadablePage(f"{PAGE} has two rules {number}.")
        rules[number] = Written(number, text, enforcer)
    return rules


def headings(root: Path = BASE_DIR) -> list[tuple[int, str]]:
    """The sections: number and title, in the order of the page."""
    return [(int(number), title) for number, title in _HEADING.findall((root / PAGE).read_text(encoding="utf-8"))]


def _items(page: str) -> Iterator[str]:
    """Each item of a list with the lines that it goes on for."""
    item: list[str] = []
    for line in [*page.splitlines(), ""]:
        if item and line.startswith("  "):
            item.append(line)
            continue
        if item:
            yield "\n".join(item)
        item = [line] if line.startswith("- ") else []
