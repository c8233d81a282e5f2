"""The lists of the admin, each as it is shown first, filtered by each filter, and searched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.options import ModelAdmin
from django.contrib.auth import get_user_model
from django.db.models import Model
from django.test import RequestFactory

from hub.common.named_queries import NamedQuery, Sample, Sort

OURS = ("audit", "users", "usage", "media", "generations")


def admin_queries() -> list[NamedQuery]:
    """Of every model of the hub's that has a page in the admin; what is registered there comes by itself."""
    return [each for model, page in admin.site._registry.items() if _is_ours(model) for each in _of(model, page)]


def _is_ours(model: type[Model]) -> bool:
    return model._meta.app_label in OURS


def _of(model: type[Model], page: ModelAdmin[Any]) -> Iterator[NamedQuery]:
    table = model._meta.db_table
    source = f"{type(page).__module__}.{type(page).__qualname__}"
    yield _query(f"admin: {table}", source, lambda s: _shown(page))
    for name in page.get_list_filter(_request()):
        yield _query(f"admin: {table} by {name}", source, partial(_filtered, page, str(name)))
    if page.search_fields:
        yield _query(f"admin: {table}, searched", source, lambda s: _shown(page, urlencode({"q": _wanted(table, s)})))


def _wanted(table: str, sample: Sample) -> str:
    return {"users": sample.email, "api_keys": sample.prefix}.get(table, str(sample.user_id))


def _query(name: str, source: str, run: Callable[[Sample], object]) -> NamedQuery:
    return NamedQuery(name=name, sort=Sort.ADMIN, source=source, run=run)


def _request(query: str = "") -> Any:
    request = RequestFactory().get("/", QUERY_STRING=query)
    request.user = get_user_model()(is_staff=True, is_superuser=True)
    return request


def _shown(page: ModelAdmin[Any], query: str = "") -> object:
    """What the page of the list would show."""
    return list(page.get_changelist_instance(_request(query)).result_list)


def _filtered(page: ModelAdmin[Any], name: str, sample: Sample) -> object:
    """By the last value that the filter offers, which is seldom the one that most rows have."""
    changes: Any = page.get_changelist_instance(_request())
    for spec in changes.filter_specs:
        if name in (getattr(spec, "field_path", None), str(type(spec))):
            offered = [str(choice["query_string"]) for choice in spec.choices(changes)]
            return _shown(page, offered[-1].lstrip("?"))
    return None
