"""`python -m tests.stack.prepare`: migrates the database, loads the prices, and makes the clients that are ordered.

Standard input is JSON, `{name: [limit in US dollars, period]}`; standard output `{name: {id, api_key}}`.
"""

from __future__ import annotations

import io
import json
import os
import sys
from decimal import Decimal

import django
from django.core.management import call_command


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")
    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    call_command("load_prices", yes=True, stdout=io.StringIO())
    ordered = json.load(sys.stdin)
    made = {name: _client(name, limit, period) for name, (limit, period) in ordered.items()}
    json.dump(made, sys.stdout)


def _client(name: str, limit: str, period: str) -> dict[str, str]:
    from usage.services import set_quota
    from users.services import create_user, issue_api_key

    user = create_user(email=f"{name}@example.org")
    _, text = issue_api_key(owner=user, name="stack")
    set_quota(user=user, kind="", period=period, limit=Decimal(limit), actor=None)
    return {"id": str(user.pk), "api_key": text}


if __name__ == "__main__":
    main()
