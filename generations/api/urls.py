"""The doors of the work."""

from __future__ import annotations

from django.urls import path

from generations.api import views

urlpatterns = [
    path("models", views.ModelsView.as_view(), name="models"),
    path("quotes", views.QuotesView.as_view(), name="quotes"),
    path("generations", views.GenerationsView.as_view(), name="generations"),
    path("generations/<uuid:generation_id>", views.GenerationView.as_view(), name="generation"),
    path("generations/<uuid:generation_id>/cancel", views.CancelView.as_view(), name="generation-cancel"),
]
