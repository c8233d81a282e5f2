"""From JSON to the dataclasses of `generation_hub.shapes`, by their type hints."""

from __future__ import annotations

import collections.abc
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from generation_hub.errors import BadAnswer

T = TypeVar("T")


def decoded(shape: type[T], value: object) -> T:
    """`value` as a `shape`. What the shape does not know is ignored; raises BadAnswer for what does not fit."""
    return cast(T, _value(shape, value, shape.__name__))


@dataclass(frozen=True, slots=True)
class _Member:
    name: str
    hint: Any
    required: bool


@cache
def _members(shape: type) -> tuple[_Member, ...]:
    hints = get_type_hints(shape)
    return tuple(
        _Member(each.name, hints[each.name], each.default is MISSING and each.default_factory is MISSING)
        for each in fields(shape)
    )


def _value(hint: Any, value: object, at: str) -> object:
    if hint is Any:
        return value
    if is_dataclass(hint):
        return _object(cast(type, hint), value, at)
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return _one_of(get_args(hint), value, at)
    if origin is tuple:
        return tuple(_value(get_args(hint)[0], each, f"{at}[{n}]") for n, each in enumerate(_list(value, at)))
    if origin is collections.abc.Mapping:
        return {name: _value(get_args(hint)[1], each, f"{at}.{name}") for name, each in _dict(value, at).items()}
    return _scalar(hint, value, at)


def _object(shape: type, value: object, at: str) -> object:
    given = _dict(value, at)
    for member in _members(shape):
        if member.required and member.name not in given:
            raise BadAnswer(f"{at}.{member.name} is missing in the hub's answer.")
    known = [member for member in _members(shape) if member.name in given]
    return shape(**{each.name: _value(each.hint, given[each.name], f"{at}.{each.name}") for each in known})


def _one_of(hints: tuple[Any, ...], value: object, at: str) -> object:
    """Of None and a shape the one that it is; of several shapes the first whose members are all there."""
    if value is None and type(None) in hints:
        return None
    shapes = [hint for hint in hints if hint is not type(None)]
    for shape in shapes[:-1]:
        if all(each.name in _dict(value, at) for each in _members(shape) if each.required):
            return _value(shape, value, at)
    return _value(shapes[-1], value, at)


def _dict(value: object, at: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise BadAnswer(f"{at} is no object in the hub's answer.")
    return value


def _list(value: object, at: str) -> list[object]:
    if not isinstance(value, list):
        raise BadAnswer(f"{at} is no list in the hub's answer.")
    return value


# What JSON has for a type, and how it becomes one. An integer is a number too, and True is none.
_SCALARS: dict[type, tuple[tuple[type, ...], Callable[[Any], object]]] = {
    str: ((str,), str),
    bool: ((bool,), bool),
    int: ((int,), int),
    float: ((int, float), float),
    Decimal: ((str,), Decimal),
    datetime: ((str,), datetime.fromisoformat),
    date: ((str,), date.fromisoformat),
}


def _scalar(hint: type, value: object, at: str) -> object:
    accepted, make = _SCALARS[hint]
    if type(value) not in accepted:
        raise BadAnswer(f"{at} is no {hint.__name__} in the hub's answer.")
    try:
        return make(value)
    except (ValueError, InvalidOperation) as error:
        raise BadAnswer(f"{at} is no {hint.__name__} in the hub's answer.") from error
