"""The lists of the admin, each as it is shown first, filtered by each filter, and searched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.options import ModelAdmin
from django.contrib.auth import get_user_model
from django.db.models import Model
from django.test import RequestFactory

from hub.common.named_queries import NamedQuery, Sort

OURS = ("audit", "users", "usage", "media", "generations")
SEARCHED = {"users": lambda sample: sample.email, "api_keys": lambda sample: sample.prefix}


def admin_queries() -> list[NamedQuery]:
    """Of every model of the hub's that has a page in the admin; what is registered there comes by itself."""
    return [each for model, page in admin.site._registry.items() if _is_ours(model) for each in _of(model, page)]


def _is_ours(model: type[Model]) -> bool:
    return model._meta.app_label in OURS


def _of(model: type[Model], page: ModelAdmin[Any]) -> Iterator[NamedQuery]:
    table = model._meta.db_table
    source = f"{type(page).__module__}.{type(page).__qualname__}"
    yield _query(f"admin: {table}", source, lambda s: _shown(page, {}))
    for name in page.get_list_filter(_request({})):
        yield _query(f"admin: {table} by {name}", source, lambda s, name=name: _filtered(page, str(name)))
    if page.search_fields:
        wanted = SEARCHED.get(table, lambda sample: str(sample.user_id))
        yield _query(f"admin: {table}, searched", source, lambda s: _shown(page, {"q": wanted(s)}))


def _query(name: str, source: str, run: Any) -> NamedQuery:
    return NamedQuery(name=name, sort=Sort.ADMIN, source=source, run=run)


def _request(asked: dict[str, str], query: str = "") -> Any:
    request = RequestFactory().get("/", QUERY_STRING=query or urlencode(asked))
    request.user = get_user_model()(is_staff=True, is_superuser=True)
    return request


def _shown(page: ModelAdmin[Any], asked: dict[str, str], query: str = "") -> object:
    """What the page of the list would show."""
    changes = page.get_changelist_instance(_request(asked, query))
    return list(changes.result_list)


def _filtered(page: ModelAdmin[Any], name: str) -> object:
    """By the first value that the filter offers beside "all"."""
    changes = page.get_changelist_instance(_request({}))
    for spec in changes.filter_specs:
        if name in (getattr(spec, "field_path", None), getattr(spec, "parameter_name", None), str(type(spec))):
            offered = [choice["query_string"] for choice in spec.choices(changes)]
            return _shown(page, {}, offered[-1].lstrip("?"))
    return None
