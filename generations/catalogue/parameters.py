"""One parameter of a model: what may be given, and what is taken when nothing is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TYPES: Mapping[str, str] = {
    "integer": "a whole number",
    "number": "a number",
    "string": "a text",
    "boolean": "true or false",
}


class ParameterErrors(Exception):
    """Parameters that a model does not take; `errors` has a message for each by name."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(errors)
        self.errors = dict(errors)


@dataclass(frozen=True, slots=True)
class Parameter:
    """`minimum` and `maximum` bound the value of a number and the length of a string; no `default` means not sent."""

    name: str
    type: str
    minimum: float | None = None
    maximum: float | None = None
    enum: tuple[Any, ...] = ()
    default: Any = None

    def problem(self, value: object) -> str | None:
        """What is wrong with the value, in words for the caller; None when nothing is."""
        if not self._is_typed(value):
            return f"must be {TYPES[self.type]}"
        if self.enum and value not in self.enum:
            return f"must be one of: {', '.join(map(str, self.enum))}"
        return self._out_of_bounds(value)

    def public(self) -> dict[str, Any]:
        """As the API shows it: what is not limited is left out."""
        facts = {
            "type": self.type,
            "minimum": self.minimum,
            "maximum": self.maximum,
            "enum": list(self.enum) or None,
            "default": self.default,
        }
        return {name: fact for name, fact in facts.items() if fact is not None}

    def _is_typed(self, value: object) -> bool:
        if self.type == "boolean":
            return isinstance(value, bool)
        if self.type == "string":
            return isinstance(value, str) and _is_clean(value)
        if isinstance(value, bool):
            return False
        if self.type == "integer":
            return isinstance(value, int)
        return isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))

    def _out_of_bounds(self, value: Any) -> str | None:
        size, unit = (len(value), " characters") if self.type == "string" else (value, "")
        if self.minimum is not None and size < self.minimum:
            return f"must be at least {self.minimum}{unit}"
        if self.maximum is not None and size > self.maximum:
            return f"must be at most {self.maximum}{unit}"
        return None


def _is_clean(text: str) -> bool:
    """Half a surrogate pair cannot be sent, a NUL cannot be stored."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
