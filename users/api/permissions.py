"""What a caller's key may do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from users.errors import KeyMissing, ScopeMissing
from users.models import ApiKey

if TYPE_CHECKING:
    # DRF imports this module, named in its settings, before it has made APIView.
    from rest_framework.views import APIView

# Methods that say nothing about an object, and nothing more than the schema does.
_FREE_METHODS = frozenset({"OPTIONS"})


class HasScope(BasePermission):
    """The key has the scope that the view names: `required_scope = "usage:read"`, or one by method.

    `required_scope = {"GET": "generations:read", "POST": "generations:write"}`; HEAD goes by GET. Raises ScopeMissing.
    A view that names none, or none for a method that it serves, is a mistake and lets nobody in (ImproperlyConfigured).
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        """True, or an error that says what is missing."""
        if not isinstance(request.auth, ApiKey):
            raise KeyMissing
        method = str(request.method)
        if method in _FREE_METHODS or not hasattr(view, method.lower()):
            return True
        needed = _required_scope(view, "GET" if method == "HEAD" else method)
        if needed not in request.auth.scopes:
            raise ScopeMissing(required_scope=needed)
        return True


def _required_scope(view: APIView, method: str) -> str:
    named: str | Mapping[str, str] | None = getattr(view, "required_scope", None)
    scope = named if isinstance(named, str) or named is None else named.get(method)
    if not scope:
        raise ImproperlyConfigured(f"{type(view).__name__} names no required_scope for {method}.")
    return scope
