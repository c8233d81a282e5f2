"""Sessions in the database, whose keys are not: whoever reads the table cannot take a session over."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.base_session import AbstractBaseSession
from django.contrib.sessions.models import Session
from django.utils import timezone

# What the column has room for; 160 bits of the hash.
STORED_CHARACTERS = 40


def stored_key(session_key: str) -> str:
    """What stands for a session's key in the table. A plain hash does: the key has 165 random bits."""
    return sha256(session_key.encode()).hexdigest()[:STORED_CHARACTERS]


class SessionStore(DatabaseStore):
    """Django's own, with `stored_key` wherever it names a row. The browser alone has the key itself."""

    def _get_session_from_db(self) -> Session | None:
        found = self._row().first() if self.session_key else None
        if found is None:
            self._session_key = None
        return found

    async def _aget_session_from_db(self) -> Session | None:
        found = await self._row().afirst() if self.session_key else None
        if found is None:
            self._session_key = None
        return found

    def _row(self) -> Any:
        return self.model.objects.filter(session_key=stored_key(self.session_key or ""), expire_date__gt=timezone.now())

    def exists(self, session_key: str) -> bool:
        """Whether there is such a session, expired ones too."""
        return super().exists(stored_key(session_key))

    async def aexists(self, session_key: str) -> bool:
        """As exists."""
        return await super().aexists(stored_key(session_key))

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        """The row."""
        return _with_stored_key(super().create_model_instance(data))

    async def acreate_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        """As create_model_instance."""
        return _with_stored_key(await super().acreate_model_instance(data))

    def delete(self, session_key: str | None = None) -> None:
        """That session, or this one; nothing when there is none."""
        key = session_key or self.session_key
        if key:
            super().delete(stored_key(key))

    async def adelete(self, session_key: str | None = None) -> None:
        """As delete."""
        key = session_key or self.session_key
        if key:
            await super().adelete(stored_key(key))


def _with_stored_key(row: AbstractBaseSession) -> AbstractBaseSession:
    row.session_key = stored_key(row.session_key)
    return row
