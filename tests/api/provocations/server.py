"""Errors of the server, which refuses before there is a request; on the wire they are in tests/flows/test_inputs.py."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponse

from hub.serving.refusals import refusal
from tests.api.provocations.scene import Ask, Scene, provokes


class Answer(HttpResponse):
    """As the wire has it."""

    def __init__(self, sent: bytes) -> None:
        head, _, body = sent.partition(b"\r\n\r\n")
        line, *fields = head.decode().split("\r\n")
        super().__init__(body, status=int(line.split()[1]), headers=dict(each.split(": ", 1) for each in fields))

    def json(self) -> Any:
        return json.loads(self.content)


@provokes("uri_too_long")
def an_address_of_pages(scene: Scene) -> Ask:
    return lambda: Answer(refusal(414))


@provokes("headers_too_large")
def header_fields_of_pages(scene: Scene) -> Ask:
    return lambda: Answer(refusal(431))
