"""The API's page for people: the served schema, rendered by files of the hub itself."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from hub.api.handlers import only_reads

# Nothing from elsewhere, and no code in the page: what a schema says can never run. Swagger UI sets styles of elements.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@only_reads
def docs(request: HttpRequest) -> HttpResponse:
    """Open to all, as the schema is; a key is entered in the page and stays there until it is closed."""
    answer = render(request, "docs.html")
    answer["Content-Security-Policy"] = POLICY
    return answer
