"""Every door of the hub."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from hub import health
from hub.api.docs_view import docs
from hub.api.schema_view import SchemaView
from hub.metrics.views import metrics

urlpatterns = [
    path("livez", health.livez),
    path("readyz", health.readyz),
    path("metrics", metrics),
    path("admin/", admin.site.urls),
    path("signin/", include("users.signin.urls")),
    path("api/v1/", include("generations.api.urls")),
    path("api/v1/", include("media.api.urls")),
    path("api/v1/", include("usage.api.urls")),
    path("api/v1/", include("users.api.urls")),
    path("api/v1/", include("audit.api.urls")),
    path("api/v1/schema", SchemaView.as_view(), name="schema"),
    path("api/v1/docs", docs, name="docs"),
]

handler400 = "hub.api.handlers.bad_request"
handler403 = "hub.api.handlers.forbidden"
handler404 = "hub.api.handlers.not_found"
handler500 = "hub.api.handlers.internal_error"
