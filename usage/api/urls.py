"""The doors of the money."""

from __future__ import annotations

from django.urls import path

from usage.api import views

urlpatterns = [
    path("usage", views.UsageView.as_view(), name="usage"),
    path("quotas", views.QuotasView.as_view(), name="quotas"),
]
