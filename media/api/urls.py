"""The doors of the files."""

from __future__ import annotations

from django.urls import path

from media.api import views

urlpatterns = [
    path("media", views.MediaListView.as_view(), name="media-list"),
    path("media/<uuid:media_id>", views.MediaView.as_view(), name="media"),
    path("media/<uuid:media_id>/content", views.ContentView.as_view(), name="media-content"),
]
