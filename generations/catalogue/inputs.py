"""The files that may go with a prompt, and the most tokens that they can bill."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

TILE_PIXELS = 768
# Google cuts a picture into squares of two thirds of its shorter edge; a small one is a single tile.
CROP = 1.5
SMALL_PIXELS = 384


@dataclass(frozen=True, slots=True)
class GivenFile:
    """What is known of a file: pixels and seconds are None where it has none. `role` is "" for none."""

    kind: str
    mime_type: str
    bytes: int
    width: int | None = None
    height: int | None = None
    seconds: Decimal | None = None
    role: str = ""


@dataclass(frozen=True, slots=True)
class InputRule:
    """What a model takes of one kind of file. The three figures bound the tokens of one file; zero: it bills none."""

    mime_types: tuple[str, ...]
    maximum: int | None = None
    maximum_seconds: int | None = None
    tokens: int = 0
    tokens_per_tile: int = 0
    tokens_per_second: int = 0

    def most(self, file: GivenFile) -> int:
        """The most tokens that this file can bill. A second that has begun counts, and one more for the rounding."""
        picture = max(self.tokens, self.tokens_per_tile * tiles(file.width or 0, file.height or 0))
        seconds = math.ceil(file.seconds) + 1 if file.seconds is not None else 0
        return picture + self.tokens_per_second * seconds

    def problem(self, file: GivenFile) -> str | None:
        """What is wrong with the file for this model, in words for the caller; None when nothing is."""
        if file.mime_type not in self.mime_types:
            return f"is {file.mime_type}; the model takes: {', '.join(self.mime_types)}"
        if (file.kind == "image" and not file.width) or (file.kind != "image" and file.seconds is None):
            return "cannot be used: its size or length is not known"
        if self.maximum_seconds is not None and file.seconds is not None and file.seconds > self.maximum_seconds:
            return f"lasts {file.seconds} seconds; the model takes {self.maximum_seconds}"
        return None

    def public(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "mime_types": list(self.mime_types),
            "maximum": self.maximum,
            "maximum_seconds": self.maximum_seconds,
        }


@dataclass(frozen=True, slots=True)
class Inputs:
    """The files that a model takes: by kind, in all, and in bytes together. `roles` are given in their order."""

    maximum: int = 0
    maximum_bytes: int = 0
    roles: tuple[str, ...] = ()
    rules: Mapping[str, InputRule] = field(default_factory=dict)

    def most_tokens(self, files: Sequence[GivenFile]) -> int:
        """The most that these can bill together; a file of a kind that has left the catalogue counts nothing."""
        return sum(self.rules[file.kind].most(file) for file in files if file.kind in self.rules)

    def problems(self, files: Sequence[GivenFile]) -> dict[str, str]:
        """What is wrong with the files, by field: `inputs` for all of them, `inputs.0` for the first, and so on."""
        found = {f"inputs.{at}": problem for at, file in enumerate(files) if (problem := self._problem(file))}
        together = self._problem_of_all(files)
        return {**({"inputs": together} if together else {}), **found}

    def public(self) -> dict[str, Any] | None:
        """As the API shows them; None for a model that takes none."""
        if not self.rules:
            return None
        kinds = [{"kind": kind, **rule.public()} for kind, rule in self.rules.items()]
        return {
            "maximum": self.maximum,
            "maximum_bytes": self.maximum_bytes,
            "roles": list(self.roles),
            "kinds": kinds,
        }

    def _problem(self, file: GivenFile) -> str | None:
        if file.kind not in self.rules:
            return f"is of kind {file.kind}; the model takes: {', '.join(self.rules) or 'no files'}"
        if file.role and file.role not in self.roles:
            return f"has the role {file.role}; the model knows: {', '.join(self.roles) or 'no roles'}"
        return self.rules[file.kind].problem(file)

    def _problem_of_all(self, files: Sequence[GivenFile]) -> str | None:
        if len(files) > self.maximum:
            return f"are {len(files)} files; the model takes {self.maximum}"
        if sum(file.bytes for file in files) > self.maximum_bytes and files:
            return f"have {sum(file.bytes for file in files)} bytes; the model takes {self.maximum_bytes} together"
        for kind, rule in self.rules.items():
            count = sum(file.kind == kind for file in files)
            if rule.maximum is not None and count > rule.maximum:
                return f"hold {count} of kind {kind}; the model takes {rule.maximum}"
        return self._problem_of_roles([file.role for file in files])

    def _problem_of_roles(self, given: Sequence[str]) -> str | None:
        """Each role once, and none without those before it: a last frame needs a first."""
        if not self.roles or not given:
            return None
        if sorted(given) != sorted(self.roles[: len(given)]):
            return f"must have these roles, each once and in this order: {', '.join(self.roles)}"
        return None


def tiles(width: int, height: int) -> int:
    """How many tiles a picture is cut into at most, by either of the ways that Google describes."""
    if max(width, height) <= SMALL_PIXELS:
        return 1
    unit = max(1, math.floor(min(width, height) / CROP))
    cut = math.ceil(width / unit) * math.ceil(height / unit)
    return max(cut, math.ceil(width / TILE_PIXELS) * math.ceil(height / TILE_PIXELS))
