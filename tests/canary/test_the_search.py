"""The search finds a value however it was put down, and nothing else."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from html import escape
from urllib.parse import quote

import pytest

from tests.canary.search import Place, search, spellings
from tests.canary.values import Values

WAYS: dict[str, Callable[[bytes], bytes]] = {
    "as it is": lambda text: text,
    "in capitals": bytes.upper,
    "as JSON": lambda text: json.dumps(text.decode()).encode(),
    "in a URL": lambda text: quote(text, safe="").encode(),
    "in HTML": lambda text: escape(text.decode()).encode(),
    "hexadecimal": lambda text: text.hex().encode(),
    **{f"base64 behind {n}": lambda text, n=n: base64.b64encode(b"x" * n + text + b"yz") for n in range(4)},
    **{f"base64url behind {n}": lambda text, n=n: base64.urlsafe_b64encode(b"x" * n + text) for n in range(4)},
}


@pytest.mark.parametrize("way", WAYS)
def test_a_value_is_found_in_every_spelling(way: str) -> None:
    values = Values()
    values.learn("secret", 'pass "wörd" /&+?~>')
    values.new("token")
    values.address()
    values.learn("webhook secret", "whsec_" + base64.b64encode(bytes(range(200, 232))).decode())
    for value in values:
        content = b"before " + WAYS[way](value.text.encode()) + b" behind"
        assert search([Place("x", content)], [value]), (value.kind, way)
        assert not search([Place("x", content)], [each for each in values if each is not value])


def test_the_bytes_of_an_address_and_of_a_secret_are_found_too() -> None:
    values = Values()
    values.address()
    values.learn("webhook secret", "whsec_" + base64.b64encode(bytes(range(200, 232))).decode())
    for value in values:
        for form in value.forms:
            for way in (bytes, bytes.hex, base64.b64encode):
                content = way(form)  # type: ignore[operator]
                content = content.encode() if isinstance(content, str) else content
                assert search([Place("x", content)], [value])


def test_a_spelling_is_long_enough_not_to_be_there_by_chance() -> None:
    values = Values()
    values.new("token")
    values.address()
    for value in values:
        assert all(len(each.needle) >= 8 for form in value.forms for each in spellings(form))
