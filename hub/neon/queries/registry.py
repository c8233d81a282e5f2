"""Every named query there is: what the apps name, every list of the admin, and what is read of a person's data."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings

from hub.common.named_queries import NamedQuery, Sample, Sort, named_queries
from hub.common.personal_data import Table, all_holdings
from hub.neon.queries.admin_lists import admin_queries

# Tables that do not grow with use, each with the reason: reading one whole is as good as any index.
SMALL = {
    "model_prices": "some hundreds of rows, most of which are asked for together",
    "audit_exports": "one row for each file that was written",
    "auth_group": "the groups of the staff",
    "auth_permission": "the permissions of the admin",
    "django_content_type": "the models of the hub",
    "django_admin_log": "what the staff did by hand in the admin, which lets them change nothing",
}


def all_queries() -> list[NamedQuery]:
    """In a steady order; names are unique."""
    return [*named_queries(), *admin_queries(), *_of_people()]


def _of_people() -> Iterator[NamedQuery]:
    for module, holdings in zip(settings.PERSONAL_DATA, all_holdings(), strict=True):
        yield from (_of_person(table, f"{module}.HOLDINGS") for table in holdings.tables)


def _of_person(table: Table, source: str) -> NamedQuery:
    def run(sample: Sample) -> object:
        return next(table.export(sample.user_id), None), list(table.left(sample.user_id).values("pk")[:1])

    return NamedQuery(name=f"personal data: {table.name}", sort=Sort.UPKEEP, source=source, run=run)
