"""The console as a whole: its name, and no link to a site that is an API."""

from __future__ import annotations

from django.contrib import admin

admin.site.site_header = "AI Generation Hub"
admin.site.site_title = "AI Generation Hub"
admin.site.index_title = "Console"
admin.site.site_url = None
