"""Structured header fields (RFC 9651), as far as the hub sends any: lists of strings with numbers as parameters."""

from __future__ import annotations

import re

_MEMBER = re.compile(r'"(?P<name>[\x20\x21\x23-\x5b\x5d-\x7e]*)"(?P<parameters>(?:;[a-z*][a-z0-9_.*-]*=-?\d{1,15})*)')


def parse_list(field: str) -> dict[str, dict[str, int]]:
    """{string: {parameter: number}}; ValueError for what a parser of the RFC refuses, or a string that is twice."""
    found: dict[str, dict[str, int]] = {}
    at = 0
    while True:
        member = _MEMBER.match(field, at)
        if member is None or member["name"] in found:
            raise ValueError(field)
        pairs = [part.split("=") for part in member["parameters"].split(";")[1:]]
        found[member["name"]] = {name: int(value) for name, value in pairs}
        if member.end() == len(field):
            return found
        comma = re.compile(r"[ \t]*,[ \t]*").match(field, member.end())
        if comma is None:
            raise ValueError(field)
        at = comma.end()
