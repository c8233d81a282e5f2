"""Looks for values in whatever spelling something may have put them down."""

from __future__ import annotations

import base64
import html
import json
import urllib.parse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tests.canary.values import Value


@dataclass(frozen=True)
class Place:
    """Somewhere that something is kept or said, with all that stands there."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, order=True)
class Finding:
    """A value stands in a place."""

    place: str
    kind: str
    spelling: str
    around: str = field(compare=False)

    def __str__(self) -> str:
        return f"{self.kind}, {self.spelling}, in {self.place}: …{self.around}…"


@dataclass(frozen=True)
class Spelling:
    """Of one value; a folded one is looked for in lower case, whatever the case of the place."""

    name: str
    needle: bytes
    is_folded: bool = True


def spellings(form: bytes) -> Iterator[Spelling]:
    """Plain, as JSON, in a URL, in HTML, as hexadecimal, and as base64 of both alphabets at every offset."""
    yield Spelling("plain", form.lower())
    try:
        text = form.decode()
    except UnicodeDecodeError:
        text = ""
    written = {
        "JSON": json.dumps(text)[1:-1],
        "JSON in JSON": json.dumps(json.dumps(text))[3:-3],
        "URL-encoded": urllib.parse.quote(text, safe=""),
        "form-encoded": urllib.parse.quote_plus(text),
        "HTML": html.escape(text),
        "Python": repr(text)[1:-1],
    }
    for name, other in written.items():
        if other and other != text:
            yield Spelling(name, other.lower().encode())
    yield Spelling("hexadecimal", form.hex().encode())
    for offset in range(3):
        for name, encode in (("base64", base64.b64encode), ("base64url", base64.urlsafe_b64encode)):
            needle = _inside(encode(bytes(offset) + form), offset, len(form))
            yield Spelling(f"{name}+{offset}", needle, is_folded=False)


def _inside(encoded: bytes, offset: int, length: int) -> bytes:
    """The characters that the value alone determines, whatever stands before and behind it."""
    first = -(-offset * 8 // 6)
    return encoded[first : (offset + length) * 8 // 6]


def search(places: Iterable[Place], values: Iterable[Value]) -> list[Finding]:
    """Everything that is found, a value once for each place and spelling."""
    needles = [(value, each) for value in values for form in value.forms for each in set(spellings(form))]
    found: set[Finding] = set()
    for place in places:
        folded = place.content.lower()
        for value, spelling in needles:
            content = folded if spelling.is_folded else place.content
            at = content.find(spelling.needle)
            if at >= 0:
                around = place.content[max(0, at - 60) : at + 60].decode(errors="replace")
                found.add(Finding(place.name, value.kind, spelling.name, around))
    return sorted(found)
