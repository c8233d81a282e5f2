"""The door of the trail."""

from __future__ import annotations

from django.urls import path

from audit.api import views

urlpatterns = [path("audit", views.AuditView.as_view(), name="audit")]
