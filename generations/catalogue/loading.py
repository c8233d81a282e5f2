"""Reads the catalogue's file and refuses one that could not be priced or sent, in one line that names model and key."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from generations.catalogue.inputs import InputRule, Inputs
from generations.catalogue.parameters import TYPES, Parameter
from generations.catalogue.spec import COUNT, DURATION, IMAGE_SIZE, RESOLUTION, ModelSpec
from usage.enums import Kind, Unit

# The names of generations.providers.registry, which is not imported here: it would bring the SDK into the web process.
ADAPTERS = ("gemini", "interactions", "vertex")
# What may go with a prompt, by kind of file; the names of media.sniffing, and of the roles of generations.models.
FILES = {
    "image": ("image/png", "image/jpeg", "image/webp"),
    "video": ("video/mp4",),
    "audio": ("audio/mpeg", "audio/wav"),
}
ROLES = ("first_frame", "last_frame")
FIGURES = ("maximum", "maximum_seconds", "tokens", "tokens_per_tile", "tokens_per_second")
INPUT_KEYS = frozenset({"maximum", "maximum_bytes", "roles", *FILES})
RULE_KEYS = frozenset(field.name for field in fields(InputRule))
MODEL_KEYS = frozenset(field.name for field in fields(ModelSpec)) - {"id"}
PARAMETER_KEYS = frozenset(field.name for field in fields(Parameter)) - {"name"}
# What a unit needs of its model to be counted before the request is made.
NEEDS = {
    Unit.OUTPUT_TOKEN: ("output_tokens",),
    Unit.IMAGE_TOKEN: ("image_tokens",),
    Unit.VIDEO_TOKEN: ("video_tokens_per_second",),
}
COUNTED_BY = {
    Unit.VIDEO_TOKEN: (DURATION, RESOLUTION),
    Unit.VIDEO_SECOND: (DURATION,),
    Unit.IMAGE: (COUNT,),
}


class CatalogueError(ImproperlyConfigured):
    """The catalogue cannot be used; the message is one line that names the file, the model and the key."""


def load(path: Path) -> dict[str, ModelSpec]:
    """Every model of the file by its id, in the file's order."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CatalogueError(f"{path}: {' '.join(str(error).split())}") from error
    unknown = sorted(content.keys() - {"models"})
    if unknown or not isinstance(content.get("models"), dict):
        raise CatalogueError(f'{path}: expected tables [models."ID"] only, found {", ".join(unknown) or "none"}')
    return {id: _Reader(path, id, facts).spec() for id, facts in content["models"].items()}


class _Reader:
    """One model's table, turned into a ModelSpec."""

    def __init__(self, path: Path, id: str, facts: object) -> None:
        self.path, self.id = path, id
        if not isinstance(facts, dict):
            raise self.wrong("", "must be a table")
        self.facts: dict[str, Any] = facts

    def wrong(self, key: str, why: str) -> CatalogueError:
        return CatalogueError(f"{self.path}: model {self.id}: {f'{key}: ' if key else ''}{why}")

    def spec(self) -> ModelSpec:
        self._know(self.facts, MODEL_KEYS)
        spec = ModelSpec(
            id=self.id,
            kind=self._one_of("kind", Kind.values),
            adapter=self._one_of("adapter", ADAPTERS),
            bills=self._list("bills", Unit.values, needed=True),
            max_prompt_characters=self._positive("max_prompt_characters"),
            parameters={name: self._parameter(name, facts) for name, facts in self._table("parameters").items()},
            inputs=self._inputs(),
            shutdown_at=self._moment("shutdown_at"),
            output_tokens=self.facts.get("output_tokens"),
            image_tokens=self.facts.get("image_tokens"),
            video_tokens_per_second=self._table("video_tokens_per_second") or None,
            variant_by=self._table("variant_by"),
        )
        self._check_estimate(spec)
        return spec

    def _inputs(self) -> Inputs:
        facts = self._table("inputs")
        if not facts:
            return Inputs()
        self._know(facts, INPUT_KEYS, "inputs.")
        for key in ("maximum", "maximum_bytes"):
            if not _is_count(facts.get(key)):
                raise self.wrong(f"inputs.{key}", "must be a whole number above zero")
        rules = {kind: self._input_rule(kind, facts[kind]) for kind in FILES if kind in facts}
        if not rules:
            raise self.wrong("inputs", f"must have at least one of {', '.join(FILES)}")
        roles = self._some_of("inputs.roles", facts.get("roles", []), ROLES)
        return Inputs(facts["maximum"], facts["maximum_bytes"], roles, rules)

    def _input_rule(self, kind: str, facts: object) -> InputRule:
        key = f"inputs.{kind}"
        if not isinstance(facts, dict):
            raise self.wrong(key, "must be a table")
        self._know(facts, RULE_KEYS, f"{key}.")
        for name in FIGURES:
            if name in facts and not _is_count(facts[name]):
                raise self.wrong(f"{key}.{name}", "must be a whole number above zero")
        types = self._some_of(f"{key}.mime_types", facts.get("mime_types"), FILES[kind])
        rule = InputRule(**{**facts, "mime_types": types})
        self._check_rule(key, kind, rule)
        return rule

    def _check_rule(self, key: str, kind: str, rule: InputRule) -> None:
        """A file that is billed by tokens needs a figure that bounds them, and sound must cost no more than text."""
        bills = self.facts.get("bills", [])
        bounds = (rule.tokens or rule.tokens_per_tile) if kind == "image" else rule.tokens_per_second
        if Unit.INPUT_TOKEN in bills and not bounds:
            raise self.wrong(key, "needs tokens or tokens_per_tile" if kind == "image" else "needs tokens_per_second")
        if Unit.AUDIO_TOKEN in bills and kind != "image":
            raise self.wrong(key, "cannot be bounded: the model bills sound apart")

    def _know(self, facts: Mapping[str, Any], keys: frozenset[str], prefix: str = "") -> None:
        for key in facts.keys() - keys:
            raise self.wrong(f"{prefix}{key}", f"is not known; the keys are {', '.join(sorted(keys))}")

    def _one_of(self, key: str, allowed: list[str] | tuple[str, ...]) -> str:
        value = self.facts.get(key)
        if value not in allowed:
            raise self.wrong(key, f"is {value!r}; it must be one of {', '.join(allowed)}")
        return str(value)

    def _list(self, key: str, allowed: list[str] | tuple[str, ...], *, needed: bool = False) -> tuple[str, ...]:
        return self._some_of(key, self.facts.get(key, []), allowed, needed=needed)

    def _some_of(
        self, key: str, values: object, allowed: list[str] | tuple[str, ...], *, needed: bool = False
    ) -> tuple[str, ...]:
        if not isinstance(values, list) or (needed and not values):
            raise self.wrong(key, "must be a list with at least one item" if needed else "must be a list")
        for value in values:
            if value not in allowed:
                raise self.wrong(key, f"{value!r} is not one of {', '.join(allowed)}")
        return tuple(values)

    def _positive(self, key: str) -> int:
        value = self.facts.get(key)
        if not _is_count(value):
            raise self.wrong(key, "must be a whole number above zero")
        return int(str(value))

    def _table(self, key: str) -> dict[str, Any]:
        value = self.facts.get(key, {})
        if not isinstance(value, dict):
            raise self.wrong(key, "must be a table")
        return value

    def _moment(self, key: str) -> datetime | None:
        value = self.facts.get(key)
        if value is not None and (not isinstance(value, datetime) or value.tzinfo is None):
            raise self.wrong(key, "must be a moment with its offset, such as 2027-01-01T00:00:00Z")
        return value

    def _parameter(self, name: str, facts: object) -> Parameter:
        key = f"parameters.{name}"
        if not isinstance(facts, dict):
            raise self.wrong(key, "must be a table")
        self._know(facts, PARAMETER_KEYS, f"{key}.")
        if facts.get("type") not in TYPES:
            raise self.wrong(f"{key}.type", f"is {facts.get('type')!r}; it must be one of {', '.join(TYPES)}")
        self._check_bounds(key, facts)
        parameter = Parameter(name, **{**facts, "enum": tuple(facts.get("enum", ()))})
        for value in parameter.enum:
            self._must_fit(parameter, value, f"{key}.enum")
        if parameter.default is not None:
            self._must_fit(parameter, parameter.default, f"{key}.default")
        return parameter

    def _check_bounds(self, key: str, facts: Mapping[str, Any]) -> None:
        for bound in ("minimum", "maximum"):
            if bound in facts and (isinstance(facts[bound], bool) or not isinstance(facts[bound], int | float)):
                raise self.wrong(f"{key}.{bound}", "must be a number")
        if not isinstance(facts.get("enum", []), list):
            raise self.wrong(f"{key}.enum", "must be a list")

    def _must_fit(self, parameter: Parameter, value: object, key: str) -> None:
        problem = parameter.problem(value)
        if problem is not None:
            raise self.wrong(key, f"{value!r} {problem}")

    def _check_estimate(self, spec: ModelSpec) -> None:
        for unit in map(Unit, spec.bills):
            for key in NEEDS.get(unit, ()):
                if key not in self.facts:
                    raise self.wrong(key, f"is missing; a model that bills {unit.value} needs it")
            for name in COUNTED_BY.get(unit, ()):
                self._need_default(spec, name, f"a model that bills {unit.value} needs it")
        self._check_output_tokens(spec)
        self._check_figures(spec, "image_tokens", IMAGE_SIZE, spec.image_tokens)
        self._check_figures(spec, "video_tokens_per_second", RESOLUTION, spec.video_tokens_per_second)
        for varied, name in spec.variant_by.items():
            if varied not in spec.bills:
                raise self.wrong(f"variant_by.{varied}", "is no unit that this model bills")
            self._need_default(spec, name, f"variant_by.{varied} names it")

    def _check_output_tokens(self, spec: ModelSpec) -> None:
        value = spec.output_tokens
        if isinstance(value, str):
            self._need_default(spec, value, "output_tokens names it")
        elif value is not None and not _is_count(value):
            raise self.wrong("output_tokens", "must be a whole number above zero or the name of a parameter")

    def _check_figures(self, spec: ModelSpec, key: str, by: str, figures: int | Mapping[str, int] | None) -> None:
        """One figure, or one for every choice of the parameter that it goes by."""
        if not isinstance(figures, Mapping):
            if figures is not None and not _is_count(figures):
                raise self.wrong(key, "must be a whole number above zero or a table of them")
            return
        self._need_default(spec, by, f"{key} goes by it")
        if set(figures) != set(spec.parameters[by].enum) or not all(map(_is_count, figures.values())):
            raise self.wrong(key, f"must have a whole number above zero for every choice of parameters.{by}.enum")

    def _need_default(self, spec: ModelSpec, name: str, why: str) -> None:
        parameter = spec.parameters.get(name)
        if parameter is None or parameter.default is None:
            raise self.wrong(f"parameters.{name}", f"must be there with a default: {why}")


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
