"""A request of ASGI as WSGI knows it (PEP 3333)."""

from __future__ import annotations

import io
import sys
from typing import Any
from urllib.parse import unquote_to_bytes

from hub.api.internal import INTERNAL
from hub.serving.asgi import Scope
from hub.serving.body import Body

# A view leaves a coroutine function here when its answer is to go on without a thread: hub/serving/handover.py.
HANDOVER = "hub.handover"
_OWN_NAMES = {"content-length": "CONTENT_LENGTH", "content-type": "CONTENT_TYPE"}


def environ_of(scope: Scope, body: Body, *, limit: int) -> dict[str, Any]:
    """The environment of one request. A body that comes in chunks is given a length, as Django takes none for empty:
    its own when it is here, else `limit` and one byte, so that reading stops where too much is seen to be too much."""
    server, port = scope["server"] or ("localhost", None)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": server,
        "SERVER_PORT": str(port or 80),
        "REMOTE_ADDR": scope["client"][0] if scope["client"] else "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": io.BufferedReader(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    _add_headers(environ, scope)
    if "HTTP_TRANSFER_ENCODING" in environ:
        environ["CONTENT_LENGTH"] = str(len(body) if body.is_whole else limit + 1)
    if scope.get("state", {}).get(INTERNAL):
        environ[INTERNAL] = True
    return environ


def _add_headers(environ: dict[str, Any], scope: Scope) -> None:
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        key = _OWN_NAMES.get(name) or f"HTTP_{name.upper().replace('-', '_')}"
        # RFC 9110, 5.3: lines of one name are one list; cookies are parted by a semicolon.
        separator = "; " if name == "cookie" else ","
        environ[key] = f"{environ[key]}{separator}{value}" if key in environ else value
