"""What a model takes, and the most one request of it can bill."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from generations.catalogue.inputs import GivenFile, Inputs
from generations.catalogue.parameters import Parameter, ParameterErrors
from usage.enums import Unit

# The turn markers and the role that a provider puts around a prompt.
OVERHEAD_TOKENS = 64
LIKELY_CHARACTERS_PER_TOKEN = 4
DURATION, RESOLUTION, IMAGE_SIZE, COUNT = "duration_seconds", "resolution", "image_size", "number_of_images"


@dataclass(frozen=True, slots=True)
class Mounting:
    """What a request can mount up to: a count for each unit, and the variant of a unit that has variants."""

    units: Mapping[str, int]
    variants: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One model of the catalogue. The figures below `shutdown_at` are for the estimate alone.

    `output_tokens` is a cap, or the name of the parameter that sends one; `image_tokens` one figure, or one by
    `image_size`; `video_tokens_per_second` one by `resolution`.
    """

    id: str
    kind: str
    adapter: str
    bills: tuple[str, ...]
    max_prompt_characters: int
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    inputs: Inputs = field(default_factory=Inputs)
    shutdown_at: datetime | None = None
    output_tokens: int | str | None = None
    image_tokens: int | Mapping[str, int] | None = None
    video_tokens_per_second: Mapping[str, int] | None = None
    variant_by: Mapping[str, str] = field(default_factory=dict)

    def validate(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters complete with their defaults. Raises ParameterErrors naming every one that is wrong."""
        errors = {name: self._problem(name, value) for name, value in given.items()}
        found = {name: problem for name, problem in errors.items() if problem is not None}
        if found:
            raise ParameterErrors(found)
        defaults = {name: item.default for name, item in self.parameters.items() if item.default is not None}
        return {**defaults, **given}

    def most(self, prompt: str, parameters: Mapping[str, Any], files: Sequence[GivenFile] = ()) -> Mounting:
        """The most that one request can bill; `parameters` are validated ones, `files` those that go with the prompt.

        A token is at least one byte of UTF-8, so bytes bound what goes in. What is cached or audio costs no more than
        plain input, so all of the input counts as plain; a model for which that is not so takes no sound.
        """
        units = {unit: _MOST[unit](self, prompt, parameters) for unit in self.bills if unit in _MOST}
        if Unit.INPUT_TOKEN in units:
            units[Unit.INPUT_TOKEN] += self.inputs.most_tokens(files)
        return Mounting(units, {unit: str(self._chosen(parameters, name)) for unit, name in self.variant_by.items()})

    def likely(
        self,
        prompt: str,
        parameters: Mapping[str, Any],
        *,
        texts: Sequence[str],
        files: int,
        inputs: Sequence[GivenFile] = (),
    ) -> dict[str, int]:
        """What an answer that came without usage probably counts, from its texts and files; never above `most`."""
        most = self.most(prompt, parameters, inputs).units
        pieces = {Unit.IMAGE_TOKEN, Unit.VIDEO_TOKEN, Unit.VIDEO_SECOND}
        counted = {unit: count * files if unit in pieces else count for unit, count in most.items()}
        told = {
            Unit.INPUT_TOKEN: _likely_tokens(prompt + str(parameters.get("system_instruction") or ""))
            + self.inputs.most_tokens(inputs),
            Unit.OUTPUT_TOKEN: sum(map(_likely_tokens, texts)),
            Unit.IMAGE: files,
            Unit.SONG: files,
            Unit.CLIP: files,
        }
        counted.update({unit.value: count for unit, count in told.items() if unit in counted})
        return {unit: min(count, most[unit]) for unit, count in counted.items()}

    def public(self) -> dict[str, Any]:
        """As the API shows the model, without its prices."""
        return {
            "id": self.id,
            "kind": self.kind,
            "adapter": self.adapter,
            "parameters": {name: parameter.public() for name, parameter in self.parameters.items()},
            "inputs": self.inputs.public(),
            "max_prompt_characters": self.max_prompt_characters,
            "shutdown_at": None if self.shutdown_at is None else self.shutdown_at.isoformat().replace("+00:00", "Z"),
        }

    def _problem(self, name: str, value: object) -> str | None:
        if name not in self.parameters:
            return f"is no parameter of {self.id}; it takes: {', '.join(self.parameters) or 'none'}"
        return self.parameters[name].problem(value)

    def _chosen(self, parameters: Mapping[str, Any], name: str) -> Any:
        """A job that was taken in before a parameter was added to the catalogue goes by its default."""
        return parameters.get(name, self.parameters[name].default)

    def input_tokens(self, prompt: str, parameters: Mapping[str, Any]) -> int:
        system = str(parameters.get("system_instruction") or "")
        return sum(len(text.encode("utf-8", "surrogatepass")) for text in (prompt, system)) + OVERHEAD_TOKENS

    def output_cap(self, _prompt: str, parameters: Mapping[str, Any]) -> int:
        cap = self.output_tokens
        return int(self._chosen(parameters, cap) if isinstance(cap, str) else cap or 0)

    def image_token_count(self, _prompt: str, parameters: Mapping[str, Any]) -> int:
        tokens = self.image_tokens
        return int(tokens[self._chosen(parameters, IMAGE_SIZE)] if isinstance(tokens, Mapping) else tokens or 0)

    def video_token_count(self, prompt: str, parameters: Mapping[str, Any]) -> int:
        rates = self.video_tokens_per_second or {}
        return rates[self._chosen(parameters, RESOLUTION)] * self.video_seconds(prompt, parameters)

    def video_seconds(self, _prompt: str, parameters: Mapping[str, Any]) -> int:
        return int(self._chosen(parameters, DURATION))

    def image_count(self, _prompt: str, parameters: Mapping[str, Any]) -> int:
        return int(self._chosen(parameters, COUNT))

    def one(self, _prompt: str, _parameters: Mapping[str, Any]) -> int:
        return 1


_MOST: Mapping[str, Callable[[ModelSpec, str, Mapping[str, Any]], int]] = {
    Unit.INPUT_TOKEN: ModelSpec.input_tokens,
    Unit.OUTPUT_TOKEN: ModelSpec.output_cap,
    Unit.IMAGE_TOKEN: ModelSpec.image_token_count,
    Unit.VIDEO_TOKEN: ModelSpec.video_token_count,
    Unit.VIDEO_SECOND: ModelSpec.video_seconds,
    Unit.IMAGE: ModelSpec.image_count,
    Unit.SONG: ModelSpec.one,
    Unit.CLIP: ModelSpec.one,
}


def _likely_tokens(text: str) -> int:
    """Four ASCII characters to a token, or one of any other script."""
    plain = sum(character.isascii() for character in text)
    return math.ceil(plain / LIKELY_CHARACTERS_PER_TOKEN + len(text) - plain)
