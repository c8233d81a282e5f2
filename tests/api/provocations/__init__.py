"""One provocation for every documented error code, in files by what is asked for.

A code that comes gets a function under `@provokes("the_code")` in the file where it belongs; a file that comes is named
here, or its provocations are not in the table.
"""

from __future__ import annotations

from tests.api.provocations import (
    accounts,
    commands,
    files,
    generations,
    money,
    privacy,
    purging,
    requests,
    schema,
    server,
    trail,
    webhooks,
)
from tests.api.provocations.scene import PROVOCATIONS, Ask, Provocation, Scene

__all__ = ["PROVOCATIONS", "Ask", "Provocation", "Scene"]
FILES = (accounts, commands, files, generations, money, privacy, purging, requests, schema, server, trail, webhooks)
