"""`manage.py explain_queries`: measures every registered query and writes docs/QUERY_PERF.md."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError, CommandParser
from django.db import DatabaseError, connection

from hub.common.named_queries import Sample
from hub.neon.connections import DirectCommand
from hub.neon.queries.explaining import Explained, explain
from hub.neon.queries.indexes import OURS, own_indexes
from hub.neon.queries.page import Measured, page
from hub.neon.queries.registry import all_queries
from hub.neon.queries.sampling import busiest_sample
from hub.neon.queries.seeding import seed
from hub.neon.shadow import shadow_database
from hub.postgresql.refusals import cannot_connect, is_refused

PATH = Path(settings.BASE_DIR) / "docs" / "QUERY_PERF.md"
MILLION = 1_000_000


class Command(DirectCommand):
    """What is written is what was measured; a second run differs in its figures alone. 1: a query can use no index."""

    help = (
        "Fills a scratch database, carries out every registered query there with EXPLAIN (ANALYZE, BUFFERS), and "
        "writes docs/QUERY_PERF.md. With --connected it asks the connected database as it is and changes nothing. "
        "Exit status 1 when no index can serve a query."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """--rows, --connected, --output."""
        parser.add_argument("--rows", type=_rows, default=MILLION, metavar="N", help="of the ledger; default: 1000000")
        parser.add_argument("--connected", action="store_true", help="no scratch database: ask the connected one")
        parser.add_argument("--output", type=Path, default=PATH, metavar="FILE", help="default: docs/QUERY_PERF.md")

    def handle(self, *, rows: int, connected: bool, output: Path, **options: Any) -> None:
        """Exits with 1 and one line when it could not measure, or when a query can use no index."""
        try:
            with nullcontext() if connected else _scratch_database():
                sample = busiest_sample() if connected else seed(rows=rows, tell=self._tell)
                found = self._explained(sample)
                text = page(found, own_indexes(), Measured(_version(), _counts()))
        except DatabaseError as error:
            if is_refused(error):
                raise CommandError(cannot_connect(error)) from error
            raise CommandError(f"Not measured: {str(error).splitlines()[0]}. {_hint(connected)}") from error
        try:
            output.write_text(text, encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{output} cannot be written: {error.strerror}.") from error
        self._say(found, output)

    def _explained(self, sample: Sample) -> list[Explained]:
        queries = all_queries()
        self._tell(f"{len(queries)} queries ...")
        return list(explain(queries, sample))

    def _say(self, found: list[Explained], output: Path) -> None:
        slowest = max(found, key=lambda each: each.plan.milliseconds or 0)
        self.stdout.write(
            f"{output}: {len(found)} statements; the slowest took {slowest.plan.milliseconds:.1f} ms "
            f"({slowest.query.name})."
        )
        unserved = [each for each in found if each.unserved]
        for each in unserved:
            self.stderr.write(f"{each.query.name}: no index serves it on {', '.join(sorted(each.unserved))}")
        if unserved:
            raise CommandError(f"{len(unserved)} statements can use no index: give them one, and run this again.")

    def _tell(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


@contextmanager
def _scratch_database() -> Iterator[None]:
    with shadow_database(connection, purpose="hub_scratch"):
        call_command("migrate", interactive=False, verbosity=0)
        yield


def _hint(connected: bool) -> str:
    if connected:
        return "Connect as a role that may read every table."
    return "Connect as a role that may create databases, not through a pooler, or take --connected."


def _version() -> str:
    number = connection.cursor().connection.info.server_version
    return f"{number // 10_000}.{number % 10_000}"


def _counts() -> dict[str, int]:
    models = (model for model in apps.get_models(include_auto_created=True) if model._meta.app_label in OURS)
    return {model._meta.db_table: model._default_manager.count() for model in models}


def _rows(raw: str) -> int:
    number = raw.replace("_", "").replace(",", "")
    if not number.isdecimal() or not 100 <= int(number) <= 100_000_000:
        raise argparse.ArgumentTypeError(f"wanted is a whole number from 100 to 100000000; it is {raw!r}")
    return int(number)
