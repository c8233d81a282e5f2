"""Errors of the operators' commands; the request is the command."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path

from django.core.management import call_command
from django.utils import timezone

from tests.api.provocations.scene import Ask, Scene, provokes


def price_file(scene: Scene, song: str, since: str) -> Path:
    path = scene.folder / "prices.toml"
    path.write_text(f'[[prices]]\nmodel = "m"\nfrom = {since}\nsource = "list"\neach = {{ song = "{song}" }}\n')
    return path


def load(path: Path, *options: str) -> None:
    call_command("load_prices", str(path), *options, stdout=io.StringIO())


@provokes("email_malformed")
def an_address_without_a_host(scene: Scene) -> Ask:
    return lambda: call_command("create_client", "studio", stdout=io.StringIO())


@provokes("email_taken")
def an_address_that_has_an_account(scene: Scene) -> Ask:
    return lambda: call_command("create_client", scene.caller.user.email.upper(), stdout=io.StringIO())


@provokes("price_file_invalid")
def a_price_in_words(scene: Scene) -> Ask:
    path = price_file(scene, "one", "2026-01-01")
    return lambda: load(path, "--yes")


@provokes("price_history_fixed")
def another_price_for_the_past(scene: Scene) -> Ask:
    load(price_file(scene, "1", "2026-01-01"), "--yes")
    path = price_file(scene, "2", "2026-01-01")
    return lambda: load(path, "--yes")


@provokes("prices_changed_meanwhile")
def a_load_while_another_one_asks_for_confirmation(scene: Scene) -> Ask:
    """The first has shown its difference and asks; before the answer comes, somebody loads another file."""
    tomorrow = (timezone.now() + timedelta(days=1)).isoformat()
    faster = price_file(scene, "3", tomorrow).rename(scene.folder / "faster.toml")
    slower = price_file(scene, "2", tomorrow)

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    def somebody_else(_question: str) -> str:
        load(faster, "--yes")
        return "y"

    scene.monkeypatch.setattr("sys.stdin", Terminal())
    scene.monkeypatch.setattr("builtins.input", somebody_else)
    return lambda: load(slower)
