"""`python -m tests.canary.batch`: commands of `manage.py` one after the other, in one process that starts once.

Standard input is JSON, a list of command lines; standard output a list of {words, said, is_refused}.
"""

from __future__ import annotations

import io
import json
import os
import sys

import django
from django.core.management import CommandError, call_command


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")
    django.setup()
    json.dump([_run(words) for words in json.load(sys.stdin)], sys.stdout)


def _run(words: list[str]) -> dict[str, object]:
    out, refused = io.StringIO(), ""
    try:
        call_command(*words, stdout=out, stderr=out)
    except CommandError as error:
        refused = str(error)
    return {"words": words, "said": out.getvalue() + refused, "is_refused": bool(refused)}


if __name__ == "__main__":
    main()
