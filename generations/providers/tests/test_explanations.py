"""A provider's words are shown to the user, and kept in clear, without anything of the user's."""

from __future__ import annotations

from uuid import uuid4

import pytest

from generations.providers.answers import explanation
from generations.providers.base import ProviderRequest

PROMPT = "A fox that carries the name of my sister Ann Example over the bridge."


def said(message: str, **parameters: object) -> str:
    request = ProviderRequest(attempt_id=uuid4(), model="m", kind="text", prompt=PROMPT, parameters=parameters)
    return explanation({"error": {"message": message}}, request)


@pytest.mark.parametrize(
    "message",
    [
        f"Cannot draw: {PROMPT}",
        "Cannot draw 'sister Ann Example over'.",
        "Cannot draw my sister Ann Example at all.",
        "Cannot obey speak as Ann Example does in her letters.",
    ],
)
def test_no_stretch_of_the_users_words_is_repeated(message: str) -> None:
    assert "Ann" not in said(message, system_instruction="speak as Ann Example does in her letters")


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("The image is too large.", "The image is too large."),
        ("It can't be done, and we don't know why.", "It can't be done, and we don't know why."),
        ("The value 'x' isn't known.", "The value … isn't known."),
    ],
)
def test_the_rest_of_what_it_says_is_shown(message: str, shown: str) -> None:
    assert said(message, aspect_ratio="16:9") == shown
