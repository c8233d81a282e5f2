"""The hub's settings without the hub: no middleware, no authentication, two views."""

from __future__ import annotations

from typing import Any

from hub import settings as hub

globals().update({name: getattr(hub, name) for name in dir(hub) if name.isupper()})

ROOT_URLCONF = "tests.bench.floor"
MIDDLEWARE: list[str] = []
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "UNAUTHENTICATED_USER": None,
}
