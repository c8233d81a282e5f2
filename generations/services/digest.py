"""What tells two orders apart, kept in place of their text.

Keyed, as prompts are short enough to be guessed from a plain hash.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hub.common.keyring import blind_index, blind_indexes

PURPOSE = "generations.request_hash"


def digest(content: Mapping[str, Any]) -> str:
    """64 hexadecimal digits; the order of names does not matter."""
    return blind_index(_plain(content), purpose=PURPOSE).hex()


def is_digest_of(stored: str, content: Mapping[str, Any]) -> bool:
    """Whether `digest` gave `stored` for it, under whichever key of the ring."""
    return stored in {each.hex() for each in blind_indexes(_plain(content), purpose=PURPOSE)}


def _plain(content: Mapping[str, Any]) -> str:
    return json.dumps(content, sort_keys=True, default=str)
