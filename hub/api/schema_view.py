"""Serves the schema. Apart from hub.api.schema, which DRF must be able to import before it has made a view."""

from __future__ import annotations

import threading
from functools import cache
from typing import Any

from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
    OpenApiYamlRenderer2,
)
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

RENDERERS = (OpenApiJsonRenderer2, OpenApiJsonRenderer, OpenApiYamlRenderer, OpenApiYamlRenderer2)
_making = threading.Lock()


class SchemaView(APIView):
    """The schema of this API, open to all; JSON unless YAML is asked for."""

    authentication_classes = ()
    permission_classes = ()
    renderer_classes = RENDERERS

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        """The same for everybody, and therefore made once."""
        renderer = request.accepted_renderer
        charset = f"; charset={renderer.charset}" if renderer.charset else ""
        disposition = f'inline; filename="openapi.{renderer.format}"'
        headers = {"Content-Type": f"{renderer.media_type}{charset}", "Content-Disposition": disposition}
        with _making:
            content = _rendered(renderer.media_type)
        return HttpResponse(content, headers=headers)


@cache
def _rendered(media_type: str) -> bytes:
    """A process makes each form once: a third of a second of work that nobody needs a key to ask for."""
    [renderer] = [each for each in RENDERERS if each.media_type == media_type]
    content: bytes = renderer().render(_schema(), renderer_context={})
    return content


@cache
def _schema() -> Any:
    return SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
