"""What every model is held to, as Django's system checks: they run before each command.

An error stops `makemigrations` and `migrate` too, so that no table is made that breaks a rule.
"""

from __future__ import annotations

from django.core.checks import Tags, register

from hub.model_checks.keys import check_keys
from hub.model_checks.media import check_media
from hub.model_checks.sensitive import check_sensitive_fields

for _check in (check_keys, check_media, check_sensitive_fields):
    register(Tags.models)(_check)
