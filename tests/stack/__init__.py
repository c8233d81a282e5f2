"""The whole hub as real processes, to be driven, killed and audited by a test."""

from __future__ import annotations

from tests.stack.client import Answer, Client
from tests.stack.cluster import Template
from tests.stack.hub import HubStack
from tests.stack.waiting import eventually

__all__ = ["Answer", "Client", "HubStack", "Template", "eventually"]
