"""What a session says of how it was begun."""

from __future__ import annotations

from typing import Any

from users.backends import EmailBackend

BY_PASSWORD = "users.backends.EmailBackend"
BY_PROVIDER = "users.signin.backends.ProviderBackend"


class ProviderBackend(EmailBackend):
    """Stands for an OpenID provider's word; nobody gets in by asking it."""

    def authenticate(self, request: Any, **credentials: Any) -> None:  # type: ignore[override]
        """Never: the callback of the provider decides."""
        return
