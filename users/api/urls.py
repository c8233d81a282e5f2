"""The doors of the rights over one's own data."""

from __future__ import annotations

from django.urls import path

from users.api import privacy

urlpatterns = [
    path("me/export", privacy.ExportView.as_view(), name="me-export"),
    path("me/erasure", privacy.ErasureView.as_view(), name="me-erasure"),
    path("me/privacy-requests", privacy.PrivacyRequestsView.as_view(), name="privacy-requests"),
    path("me/privacy-requests/<uuid:privacy_request_id>", privacy.PrivacyRequestView.as_view(), name="privacy-request"),
    path(
        "me/privacy-requests/<uuid:privacy_request_id>/content",
        privacy.ArchiveView.as_view(),
        name="privacy-request-content",
    ),
]
