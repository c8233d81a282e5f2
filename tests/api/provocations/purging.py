"""Errors of the purge commands; the request is the command."""

from __future__ import annotations

import io
from datetime import timedelta

from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.utils import timezone

from hub.common.locks import SideLock
from tests.api.provocations.scene import Ask, Scene, provokes


def run(*words: str) -> None:
    call_command(*words, stdout=io.StringIO(), stderr=io.StringIO())


def two_old_sessions() -> None:
    long_ago = timezone.now() - timedelta(days=99)
    for name in ("one", "two"):
        Session.objects.create(session_key=name, expire_date=long_ago)


@provokes("purge_too_large", is_audited=True)
def more_than_the_ceiling(scene: Scene) -> Ask:
    two_old_sessions()
    return lambda: run("purge_sessions", "--ceiling", "1")


@provokes("purge_running", is_audited=True)
def a_second_run_at_once(scene: Scene) -> Ask:
    two_old_sessions()

    def ask() -> None:
        other = SideLock("purge.purge_sessions")
        try:
            with other.held() as is_ours:
                assert is_ours
                run("purge_sessions")
        finally:
            other.close()

    return ask


@provokes("purge_impossible")
def dormant_accounts_without_mail_to_tell_them(scene: Scene) -> Ask:
    scene.settings.MAIL_IS_SENT = False
    return lambda: run("purge_dormant_users")
