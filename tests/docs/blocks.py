"""The commands of a page and the answers that it shows, and whether an answer is as shown.

- A fence ```sh is a command; the fence ```json or ```text that follows it is what it prints.
- In JSON the value "…" stands for anything, a member "…" for members that are not shown, and "…" at the end of a list
  for further elements. Everything else must be there and equal.
- In text `…` stands for anything within a line, and alone on a line for any number of lines.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

ANYTHING = "…"
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SHOWN = ("json", "text")


@dataclass(frozen=True)
class Block:
    """A command with the line where it begins; `language` of what is shown is "" where nothing is."""

    line: int
    command: str
    language: str = ""
    shown: str = ""


def blocks_of(page: str) -> list[Block]:
    """The commands of the page, in order."""
    fences = [(page.count("\n", 0, found.start()) + 2, *found.groups()) for found in _FENCE.finditer(page)]
    followers = [*fences[1:], (0, "", "")]
    return [
        Block(line, text, *(after[1:] if after[1] in _SHOWN else ()))
        for (line, language, text), after in zip(fences, followers, strict=True)
        if language == "sh"
    ]


def difference(block: Block, printed: str) -> str:
    """What is not as shown, in words; "" when all is."""
    if block.language == "json":
        try:
            return json_difference(json.loads(block.shown), json.loads(printed))
        except json.JSONDecodeError as error:
            return f"no JSON: {error}"
    if block.language == "text" and not text_pattern(block.shown).fullmatch(printed.rstrip("\n") + "\n"):
        return "another text than is shown"
    return ""


def json_difference(shown: Any, found: Any, where: str = "$") -> str:
    """The first difference, by its path."""
    if shown == ANYTHING:
        return ""
    if isinstance(shown, dict) and isinstance(found, dict):
        return _of_objects(shown, found, where)
    if isinstance(shown, list) and isinstance(found, list):
        return _of_lists(shown, found, where)
    same = type(shown) is type(found) and shown == found
    return "" if same else f"{where} is {found!r} and not {shown!r}"


def _of_objects(shown: dict[str, Any], found: dict[str, Any], where: str) -> str:
    named = shown.keys() - {ANYTHING}
    if missing := named - found.keys():
        return f"{where} has no {sorted(missing)}"
    if ANYTHING not in shown and (more := found.keys() - named):
        return f"{where} has {sorted(more)}, which are not shown"
    return next(filter(None, (json_difference(shown[name], found[name], f"{where}.{name}") for name in named)), "")


def _of_lists(shown: list[Any], found: list[Any], where: str) -> str:
    is_open = shown[-1:] == [ANYTHING]
    named = shown[:-1] if is_open else shown
    if len(found) < len(named) or (len(found) > len(named) and not is_open):
        return f"{where} has {len(found)} elements and not {len(named)}"
    pairs = enumerate(zip(named, found, strict=False))
    return next(filter(None, (json_difference(one, other, f"{where}[{at}]") for at, (one, other) in pairs)), "")


def text_pattern(shown: str) -> re.Pattern[str]:
    """For the whole text, each line with its end."""
    lines = shown.rstrip("\n").split("\n")
    parts = [
        r"(?:.*\n)*?" if line == ANYTHING else ".*?".join(map(re.escape, line.split(ANYTHING))) + r"\n"
        for line in lines
    ]
    return re.compile("".join(parts))
