"""Errors of files: sent, fetched and deleted."""

from __future__ import annotations

from tests.api.provocations.scene import Ask, Scene, provokes
from tests.files import bomb, picture
from tests.rest import MEDIA


@provokes("malformed_upload")
def a_form_without_its_boundary(scene: Scene) -> Ask:
    headers = {"Authorization": f"Bearer {scene.caller.text}"}
    send = scene.caller.client.generic
    return lambda: send("POST", MEDIA, b"--x--", content_type="multipart/form-data", headers=headers)


@provokes("media_too_large")
def a_file_over_the_limit(scene: Scene) -> Ask:
    scene.settings.MAX_UPLOAD_BYTES = 10_000
    return lambda: scene.caller.upload(picture() + bytes(10_000))


@provokes("unsupported_media")
def a_page_that_is_called_a_photo(scene: Scene) -> Ask:
    return lambda: scene.caller.upload(b"<html><script>alert(1)</script>", name="photo.png", declared="image/png")


@provokes("unreadable_media")
def half_a_picture(scene: Scene) -> Ask:
    return lambda: scene.caller.upload(picture()[: len(picture()) // 2])


@provokes("media_over_limit")
def a_picture_of_ten_thousand_million_pixels(scene: Scene) -> Ask:
    return lambda: scene.caller.upload(bomb(100_000, 100_000))


@provokes("media_in_use")
def the_deletion_of_what_a_job_works_with(scene: Scene) -> Ask:
    sent = scene.new_media(scene.caller.user, picture(), "image/png").id
    assert scene.caller.submit(inputs=[{"media_id": str(sent)}]).status_code == 202
    return lambda: scene.caller.delete(f"{MEDIA}/{sent}")


@provokes("range_not_satisfiable")
def a_part_beyond_the_end(scene: Scene) -> Ask:
    film = scene.new_media(scene.caller.user, b"twelve bytes").id
    return lambda: scene.caller.get(f"{MEDIA}/{film}/content", Range="bytes=12-")
