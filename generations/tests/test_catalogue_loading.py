"""A catalogue that could not be priced or sent is refused whole, in one line that names the model and the key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from generations import catalogue
from generations.catalogue.loading import CatalogueError, load

WHOLE = """
[models."m"]
kind = "video"
adapter = "interactions"
bills = ["input_token", "output_token", "video_token"]
max_prompt_characters = 100
output_tokens = "max_output_tokens"
video_tokens_per_second = { 720p = 100, 1080p = 200 }
variant_by = { video_token = "resolution" }
shutdown_at = 2027-01-01T00:00:00Z
[models."m".parameters]
max_output_tokens = { type = "integer", minimum = 1, maximum = 10, default = 5 }
duration_seconds = { type = "integer", minimum = 1, maximum = 10, default = 5 }
resolution = { type = "string", enum = ["720p", "1080p"], default = "720p" }
"""
IMAGES = """
[models."m"]
kind = "image"
adapter = "gemini"
bills = ["image_token"]
max_prompt_characters = 100
image_tokens = 100
[models."m".parameters]
image_size = { type = "string", enum = ["1K", "2K"], default = "1K" }
"""


def refusal(tmp_path: Path, text: str | bytes) -> str:
    path = tmp_path / "catalogue.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(CatalogueError) as caught:
        load(path)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(str(path))
    return message.removeprefix(f"{path}: ")


def test_a_whole_one_is_read(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.toml"
    path.write_text(WHOLE)

    spec = load(path)["m"]

    assert spec.most("fox", spec.validate({"resolution": "1080p"})).units == {
        "input_token": 67,
        "output_token": 5,
        "video_token": 1000,
    }


@pytest.mark.parametrize(
    ("was", "becomes", "says"),
    [
        ('kind = "video"', 'kind = "smell"', "model m: kind: is 'smell'; it must be one of text, image, video, music"),
        ('kind = "video"', "", "model m: kind: is None"),
        ('adapter = "interactions"', 'adapter = "openai"', "model m: adapter: is 'openai'"),
        ('"video_token"]', '"video_token", "frame"]', "model m: bills: 'frame' is not one of"),
        ('["input_token", "output_token", "video_token"]', "[]", "model m: bills: must be a list with at least one"),
        ('["input_token", "output_token", "video_token"]', '"input_token"', "model m: bills: must be a list"),
        ("max_prompt_characters = 100", "max_prompt_characters = 0", "model m: max_prompt_characters: must be a whole"),
        ("max_prompt_characters = 100", "max_prompt_characters = true", "model m: max_prompt_characters: must be"),
        ("max_prompt_characters = 100", "max_prompt_characters = 100\ncolour = 1", "model m: colour: is not known"),
        ("max_prompt_characters = 100", 'max_prompt_characters = 100\ninputs = ["a/b"]', "model m: inputs: must be"),
        ("2027-01-01T00:00:00Z", "2027-01-01T00:00:00", "model m: shutdown_at: must be a moment with its offset"),
        ("2027-01-01T00:00:00Z", '"tomorrow"', "model m: shutdown_at: must be a moment"),
        (
            'output_tokens = "max_output_tokens"',
            "",
            "model m: output_tokens: is missing; a model that bills output_token",
        ),
        ('output_tokens = "max_output_tokens"', "output_tokens = -1", "model m: output_tokens: must be a whole number"),
        ('output_tokens = "max_output_tokens"', 'output_tokens = "cap"', "model m: parameters.cap: must be there with"),
        ("{ 720p = 100, 1080p = 200 }", "{ 720p = 100 }", "model m: video_tokens_per_second: must have a whole number"),
        ("{ 720p = 100, 1080p = 200 }", "{ 720p = 100, 1080p = 0 }", "model m: video_tokens_per_second: must have"),
        ("{ 720p = 100, 1080p = 200 }", "100", "model m: video_tokens_per_second: must be a table"),
        ("{ video_token =", "{ image =", "model m: variant_by.image: is no unit that this model bills"),
        (
            'video_token = "resolution"',
            'video_token = "size"',
            "model m: parameters.size: must be there with a default",
        ),
        (
            "maximum = 10, default = 5 }\nd",
            "maximum = 10, default = 11 }\nd",
            "parameters.max_output_tokens.default: 11",
        ),
        ("duration_seconds = {", "seconds = {", "model m: parameters.duration_seconds: must be there with a default"),
        ('default = "720p"', 'default = "8k"', "model m: parameters.resolution.default: '8k' must be one of"),
        (', default = "720p"', "", "model m: parameters.resolution: must be there with a default"),
        ('["720p", "1080p"]', '["720p", 1080]', "model m: parameters.resolution.enum: 1080 must be a text"),
        ('["720p", "1080p"]', '"720p"', "model m: parameters.resolution.enum: must be a list"),
        ('resolution = { type = "string"', 'resolution = { type = "text"', "model m: parameters.resolution.type: is"),
        (
            'resolution = { type = "string"',
            'resolution = { type = "string", size = 1',
            "parameters.resolution.size: is",
        ),
        (
            "minimum = 1, maximum = 10, default = 5 }\nd",
            'minimum = "a" }\nd',
            "parameters.max_output_tokens.minimum: must",
        ),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, was: str, becomes: str, says: str) -> None:
    assert WHOLE.count(was) == 1

    assert says in refusal(tmp_path, WHOLE.replace(was, becomes))


FILES = """
[models."m".inputs]
maximum = 2
maximum_bytes = 1000
roles = ["first_frame"]
image = { mime_types = ["image/png"], maximum = 2, tokens = 100 }
audio = { mime_types = ["audio/wav"], tokens_per_second = 32 }
"""


def test_the_files_of_a_model_are_read(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.toml"
    path.write_text(WHOLE + FILES)

    inputs = load(path)["m"].inputs

    assert (inputs.maximum, inputs.maximum_bytes, inputs.roles, list(inputs.rules)) == (
        2,
        1000,
        ("first_frame",),
        ["image", "audio"],
    )


@pytest.mark.parametrize(
    ("was", "becomes", "says"),
    [
        ("maximum = 2\n", "", "model m: inputs.maximum: must be a whole number above zero"),
        ("maximum_bytes = 1000", "maximum_bytes = 0", "model m: inputs.maximum_bytes: must be"),
        ('["first_frame"]', '["background"]', "model m: inputs.roles: 'background' is not one of"),
        ('["first_frame"]', '"first_frame"', "model m: inputs.roles: must be a list"),
        ('["image/png"]', '["image/svg+xml"]', "model m: inputs.image.mime_types: 'image/svg+xml' is not one of"),
        ('mime_types = ["image/png"], ', "", "model m: inputs.image.mime_types: must be a list"),
        ("tokens = 100", "tokens = -1", "model m: inputs.image.tokens: must be a whole number above zero"),
        (", tokens = 100", "", "model m: inputs.image: needs tokens or tokens_per_tile"),
        (", tokens_per_second = 32", "", "model m: inputs.audio: needs tokens_per_second"),
        ("tokens = 100", "tokens = 100, size = 1", "model m: inputs.image.size: is not known"),
        ("audio = {", "smell = {", "model m: inputs.smell: is not known"),
        (
            'audio = { mime_types = ["audio/wav"], tokens_per_second = 32 }',
            "audio = 1",
            "inputs.audio: must be a table",
        ),
    ],
)
def test_what_is_wrong_with_the_files_is_named(tmp_path: Path, was: str, becomes: str, says: str) -> None:
    assert FILES.count(was) == 1

    assert says in refusal(tmp_path, WHOLE + FILES.replace(was, becomes))


def test_sound_that_costs_more_than_words_is_not_taken(tmp_path: Path) -> None:
    text = WHOLE.replace('bills = ["input_token", ', 'bills = ["input_token", "audio_token", ')

    assert "model m: inputs.audio: cannot be bounded" in refusal(tmp_path, text + FILES)


@pytest.mark.parametrize(
    "figure", ["0", "true", '"many"', "{ 1K = 1 }", "{ 1K = 1, 2K = 0 }", "{ 1K = 1, 2K = 2, 4K = 3 }"]
)
def test_a_picture_has_a_figure_for_every_size(tmp_path: Path, figure: str) -> None:
    text = IMAGES.replace("image_tokens = 100", f"image_tokens = {figure}")

    assert "model m: image_tokens: must" in refusal(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", 'expected tables [models."ID"] only, found none'),
        ("models = 1", 'expected tables [models."ID"] only'),
        ("[model.m]\nkind = 1", 'expected tables [models."ID"] only, found model'),
        ("[models]\nm = 1", "model m: must be a table"),
        ("[models.m]\nkind = 'text'\nkind = 'text'", "Cannot overwrite"),
        ("not toml", "Expected"),
        (b"\xff\xfe", "decode"),
    ],
)
def test_a_file_of_another_shape_is_refused(tmp_path: Path, text: str | bytes, says: str) -> None:
    assert says in refusal(tmp_path, text)


def test_a_parameter_that_is_no_table_is_refused(tmp_path: Path) -> None:
    text = WHOLE.replace('[models."m".parameters]', '[models."m".parameters]\ncolour = "red"')

    assert "model m: parameters.colour: must be a table" in refusal(tmp_path, text)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="nowhere"):
        load(tmp_path / "nowhere.toml")


def test_the_catalogue_is_that_of_the_settings_and_read_once(tmp_path: Path, settings: Any) -> None:
    path = tmp_path / "catalogue.toml"
    path.write_text(WHOLE)
    settings.HUB_CATALOGUE = path

    first = catalogue.models()
    path.unlink()

    assert list(first) == ["m"]
    assert catalogue.models() is first
