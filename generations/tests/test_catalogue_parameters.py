"""Parameters are checked against the model's own limits before anything else happens."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from generations.catalogue import ParameterErrors
from generations.catalogue.loading import load

CATALOGUE = load(Path(__file__).resolve().parents[1] / "catalogue.toml")


def errors(model: str, **given: Any) -> dict[str, str]:
    with pytest.raises(ParameterErrors) as caught:
        CATALOGUE[model].validate(given)
    return caught.value.errors


def test_defaults_are_filled_in_and_what_has_none_is_left_out() -> None:
    assert CATALOGUE["gemini-3.8-flash"].validate({}) == {"max_output_tokens": 8192}
    assert CATALOGUE["veo-3.1-generate-001"].validate({"duration_seconds": 4, "generate_audio": False}) == {
        "duration_seconds": 4,
        "resolution": "720p",
        "aspect_ratio": "16:9",
        "generate_audio": False,
    }


def test_every_wrong_parameter_is_named_at_once() -> None:
    found = errors("veo-3.1-lite-generate-001", duration_seconds=5, resolution="4k", colour="red", seed=-1)

    assert found == {
        "duration_seconds": "must be one of: 4, 6, 8",
        "resolution": "must be one of: 720p, 1080p",
        "colour": (
            "is no parameter of veo-3.1-lite-generate-001; it takes: "
            "duration_seconds, resolution, aspect_ratio, generate_audio, negative_prompt, seed"
        ),
        "seed": "must be at least 0",
    }


@pytest.mark.parametrize("value", ["8192", 1.5, 8192.0, True, None, [1], {}, 0, 65537, 10**30])
def test_a_whole_number_is_nothing_else(value: Any) -> None:
    assert set(errors("gemini-3.8-flash", max_output_tokens=value)) == {"max_output_tokens"}


@pytest.mark.parametrize("value", ["1", True, None, math.nan, math.inf, -math.inf, -0.1, 2.1])
def test_a_number_is_finite_and_within_its_limits(value: Any) -> None:
    assert set(errors("gemini-3.8-flash", temperature=value)) == {"temperature"}


@pytest.mark.parametrize("value", [0, 1, 2, 0.0, 1.3, 2.0])
def test_a_number_may_be_whole(value: float) -> None:
    assert CATALOGUE["gemini-3.8-flash"].validate({"temperature": value})["temperature"] == value


@pytest.mark.parametrize("value", [1, None, "", "x" * 32001, "a\0b", "\ud800", ["text"]])
def test_a_text_is_clean_and_neither_empty_nor_too_long(value: Any) -> None:
    assert set(errors("gemini-3.8-flash", system_instruction=value)) == {"system_instruction"}


@pytest.mark.parametrize("value", [0, 1, "true", None])
def test_a_truth_value_is_true_or_false(value: Any) -> None:
    assert errors("veo-3.1-generate-001", generate_audio=value) == {"generate_audio": "must be true or false"}


def test_a_model_without_parameters_takes_none() -> None:
    assert CATALOGUE["lyria-3.5"].validate({}) == {}
    assert errors("lyria-3.5", seed=1) == {"seed": "is no parameter of lyria-3.5; it takes: none"}


def test_the_public_shape_has_limits_and_no_figures_of_the_estimate() -> None:
    shown = CATALOGUE["imagen-4.0-generate-001"].public()

    assert shown["parameters"]["number_of_images"] == {"type": "integer", "minimum": 1, "maximum": 4, "default": 1}
    assert shown["shutdown_at"] == "2027-01-01T00:00:00Z"
    assert set(shown) == {"id", "kind", "adapter", "parameters", "inputs", "max_prompt_characters", "shutdown_at"}
