"""Primary keys."""

from __future__ import annotations

import uuid

from uuid_utils import compat


def uuid7() -> uuid.UUID:
    """A UUID of version 7 (RFC 9562): its first 48 bits are the time, so that inserts stay local in the index."""
    return compat.uuid7()
