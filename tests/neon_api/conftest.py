"""The fixtures of the stand-in."""

from __future__ import annotations

from tests.neon_api.fixtures import neon

__all__ = ["neon"]
