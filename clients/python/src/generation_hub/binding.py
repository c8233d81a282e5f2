"""An operation as a method: its name, its docstring, and its parameters without the options."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import update_wrapper
from inspect import Parameter, Signature, signature
from typing import Any, Required, TypeVar, get_args, get_origin, get_type_hints

Method = TypeVar("Method", bound=Callable[..., Any])


def as_method(operation: Callable[..., Any], method: Method) -> Method:
    """`method`, that shows itself to `help` and to an editor as `operation`."""
    update_wrapper(method, operation)
    _, *parameters = signature(operation).parameters.values()
    own = Parameter("self", Parameter.POSITIONAL_ONLY)
    named = [each for parameter in parameters for each in _named(operation, parameter)]
    # What it returns is the type checker's to say: here it would be the plan.
    method.__signature__ = Signature([own, *named])  # type: ignore[attr-defined]
    return method


def _named(operation: Callable[..., Any], parameter: Parameter) -> Iterator[Parameter]:
    """`**order: Unpack[Order]` as the parameters that an Order names, which is how it is called."""
    if parameter.kind is not Parameter.VAR_KEYWORD:
        yield parameter
        return
    [members] = get_args(get_type_hints(operation)[parameter.name])
    for name, hint in get_type_hints(members, include_extras=True).items():
        required = get_origin(hint) is Required
        annotation = get_args(hint)[0] if required else hint
        default = Parameter.empty if required else None
        yield Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
