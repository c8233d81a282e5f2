"""Errors of the sealed audit trail and its checkpoints; the request is the command."""

from __future__ import annotations

import base64
import io
from pathlib import Path

from django.core.management import call_command

from audit.tests.trail import owner, seal_all, write
from tests.api.provocations.scene import Ask, Scene, provokes


def run(*words: str) -> None:
    call_command(*words, stdout=io.StringIO(), stderr=io.StringIO())


def sign_with(scene: Scene, kid: str, byte: bytes) -> None:
    """The only key of this hub from now on."""
    scene.settings.AUDIT_SIGNING_KEYS = (f"{kid}:{base64.urlsafe_b64encode(byte * 32).decode()}",)


def sealed(scene: Scene) -> None:
    """A few entries under a seal, and a key to sign with."""
    sign_with(scene, "s1", b"1")
    write(3)
    assert len(seal_all()) == 1


def checkpoint(scene: Scene) -> Path:
    """The trail as a signed file."""
    sealed(scene)
    path = scene.folder / "trail.jsonl"
    run("export_audit", str(path), "--entries")
    return path


def check(path: Path) -> Ask:
    return lambda: run("verify_audit", "--checkpoint", str(path))


@provokes("checkpoint_malformed")
def a_file_that_is_no_checkpoint(scene: Scene) -> Ask:
    path = scene.folder / "other.jsonl"
    path.write_text("{}\n")
    return check(path)


@provokes("checkpoint_altered")
def a_checkpoint_that_says_something_else_now(scene: Scene) -> Ask:
    path = checkpoint(scene)
    signed = path.read_bytes()
    path.write_bytes(signed.replace(b'"step":2', b'"step":7'))
    assert path.read_bytes() != signed
    return check(path)


@provokes("checkpoint_of_another_hub")
def a_checkpoint_under_another_key_of_the_same_name(scene: Scene) -> Ask:
    path = checkpoint(scene)
    sign_with(scene, "s1", b"9")
    return check(path)


@provokes("signing_key_unknown")
def a_checkpoint_under_a_key_that_was_taken_away(scene: Scene) -> Ask:
    path = checkpoint(scene)
    sign_with(scene, "s2", b"2")
    return check(path)


def export(scene: Scene) -> Ask:
    """To a file that must not be there afterwards."""
    path = scene.folder / "never.jsonl"

    def ask() -> None:
        try:
            run("export_audit", str(path), "--entries")
        finally:
            assert not list(scene.folder.glob("*never*"))

    return ask


@provokes("trail_not_sealed")
def an_export_before_the_first_seal(scene: Scene) -> Ask:
    return export(scene)


@provokes("trail_broken")
def an_export_of_an_entry_that_was_changed(scene: Scene) -> Ask:
    sealed(scene)
    with owner() as cursor:
        cursor.execute("UPDATE audit_logs SET data = '{}' WHERE seal_number = 1")
    return export(scene)
