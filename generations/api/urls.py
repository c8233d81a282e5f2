"""The doors of the work."""

from __future__ import annotations

from django.urls import path

from generations.api import views, webhook_views

urlpatterns = [
    path("models", views.ModelsView.as_view(), name="models"),
    path("quotes", views.QuotesView.as_view(), name="quotes"),
    path("generations", views.GenerationsView.as_view(), name="generations"),
    path("generations/<uuid:generation_id>", views.GenerationView.as_view(), name="generation"),
    path("generations/<uuid:generation_id>/events", views.EventsView.as_view(), name="generation-events"),
    path("generations/<uuid:generation_id>/cancel", views.CancelView.as_view(), name="generation-cancel"),
    path("webhook-endpoints", webhook_views.EndpointsView.as_view(), name="webhook-endpoints"),
    path("webhook-endpoints/<uuid:endpoint_id>", webhook_views.EndpointView.as_view(), name="webhook-endpoint"),
    path(
        "webhook-endpoints/<uuid:endpoint_id>/rotate-secret",
        webhook_views.RotateSecretView.as_view(),
        name="webhook-endpoint-rotate-secret",
    ),
    path("webhook-deliveries", webhook_views.DeliveriesView.as_view(), name="webhook-deliveries"),
    path("webhook-deliveries/<uuid:delivery_id>", webhook_views.DeliveryView.as_view(), name="webhook-delivery"),
    path(
        "webhook-deliveries/<uuid:delivery_id>/redeliver",
        webhook_views.RedeliverView.as_view(),
        name="webhook-delivery-redeliver",
    ),
]
