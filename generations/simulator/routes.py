"""Which path is what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

PLACE = r"/(?:v1|v1beta|v1beta1)(?P<parent>/projects/[^/]+/locations/[^/]+)?"
PUBLISHER = r"(?P<publisher>/publishers/google)?"
WORK = frozenset({"generateContent", "streamGenerateContent", "predict", "predictLongRunning", "interactions"})


@dataclass(frozen=True, slots=True)
class Target:
    """What a request is for: `verb` is the action, `name` the model, operation, interaction or file."""

    verb: str
    name: str = ""
    parent: str = ""
    enterprise: bool = False

    @property
    def starts_work(self) -> bool:
        return self.verb in WORK

    @property
    def of_interactions(self) -> bool:
        return self.verb.startswith("interactions")


_ROUTES: tuple[tuple[str, str, str], ...] = (
    ("POST", rf"{PLACE}{PUBLISHER}/models/(?P<name>[^/:]+):(?P<verb>[A-Za-z]+)", ""),
    ("GET", rf"{PLACE}{PUBLISHER}/models", "models.list"),
    ("GET", rf"{PLACE}{PUBLISHER}/models/(?P<name>[^/:]+)", "models.get"),
    (
        "GET",
        rf"{PLACE}{PUBLISHER}(?:/models/[^/]+)?/operations/(?P<name>[^/]+)",
        "operations.get",
    ),
    ("POST", rf"{PLACE}/interactions", "interactions"),
    ("GET", rf"{PLACE}/interactions/(?P<name>[^/]+)", "interactions.get"),
    ("DELETE", rf"{PLACE}/interactions/(?P<name>[^/]+)", "interactions.delete"),
    ("POST", rf"{PLACE}/interactions/(?P<name>[^/]+)/cancel", "interactions.cancel"),
    ("GET", rf"{PLACE}/files/(?P<name>[a-z0-9]+):download", "files.download"),
    ("GET", rf"{PLACE}/files/(?P<name>[a-z0-9]+)", "files.get"),
    ("DELETE", rf"{PLACE}/files/(?P<name>[a-z0-9]+)", "files.delete"),
)
_COMPILED = tuple((method, re.compile(pattern), verb) for method, pattern, verb in _ROUTES)


def find(method: str, path: str) -> Target | None:
    """The target of a path without its query, or None."""
    for wanted, pattern, verb in _COMPILED:
        match = pattern.fullmatch(unquote(path))
        if match and method == wanted:
            return _target(match.groupdict(), verb)
    return None


def _target(found: Mapping[str, str | None], verb: str) -> Target:
    parent = (found.get("parent") or "").removeprefix("/")
    enterprise = bool(found.get("publisher") or parent)
    return Target(verb=verb or found["verb"] or "", name=found.get("name") or "", parent=parent, enterprise=enterprise)
