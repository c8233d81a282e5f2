"""Examples of the schema: one for each shape, wherever the shape is sent or shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.drainage import get_override, set_override
from drf_spectacular.utils import OpenApiExample
from rest_framework import serializers

Shape = TypeVar("Shape", bound=type[serializers.Serializer[Any]])
# Of what was made, was taken, and is there.
_STATUSES = ["200", "201", "202"]


def shown_as(**values: Any) -> Callable[[Shape], Shape]:
    """Class decorator: the serializer's example, by field. A test holds it against the schema of the serializer."""

    def decorate(shape: Shape) -> Shape:
        set_override(shape, "examples", [_example(values)])
        return shape

    return decorate


def example_of(shape: type[serializers.Serializer[Any]]) -> dict[str, Any]:
    """The values that `shown_as` was given, none without it."""
    known: list[OpenApiExample] = get_override(shape, "examples", [])
    values: dict[str, Any] = known[0].value if known else {}
    return dict(values)


def give_page_example(page: serializers.Serializer[Any], shape: type[serializers.Serializer[Any]]) -> None:
    """A page's example is one result of its shape, where that has an example."""
    one = example_of(shape)
    if one:
        set_override(page, "examples", [_example({"results": [one], "next": None})])


def _example(values: dict[str, Any]) -> OpenApiExample:
    return OpenApiExample("Example", value=values, status_codes=_STATUSES)
