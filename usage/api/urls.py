"""The doors of the money."""

from __future__ import annotations

from django.urls import path

from usage.api import keys, views

urlpatterns = [
    path("usage", views.UsageView.as_view(), name="usage"),
    path("usage/summary", views.SummaryView.as_view(), name="usage-summary"),
    path("usage/export", views.ExportView.as_view(), name="usage-export"),
    path("api-keys", keys.ApiKeysView.as_view(), name="api-keys"),
    path("api-keys/<uuid:key_id>", keys.ApiKeyView.as_view(), name="api-key"),
    path("api-keys/<uuid:key_id>/rotate", keys.RotateView.as_view(), name="api-key-rotate"),
    path("me", keys.MeView.as_view(), name="me"),
    path("quotas", views.QuotasView.as_view(), name="quotas"),
]
