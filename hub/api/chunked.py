"""Bodies that come in chunks, without a Content-Length."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class ChunkedBodies:
    """WSGI middleware: Django takes a body without a length for an empty one, and would answer that fields are missing.

    Where the server says that its input ends by itself, the body is given the most that a body may have plus one byte
    as its length: reading stops where the chunks end, and one byte too many is seen as too large.
    """

    def __init__(self, application: WSGIApplication) -> None:
        self.application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        is_chunked = environ.get("HTTP_TRANSFER_ENCODING", "").strip().lower() == "chunked"
        if is_chunked and environ.get("wsgi.input_terminated"):
            limit = settings.LARGE_BODIES.get(environ.get("PATH_INFO", ""), settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
            environ["CONTENT_LENGTH"] = str(limit + 1)
        return self.application(environ, start_response)
