"""PNG and JPEG pictures of the size that was asked for."""

from __future__ import annotations

import io
import math

from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from generations.simulator.media.cache import remembered
from generations.simulator.subject import Subject

EDGE = {"512": 512, "1K": 1024, "2K": 2048, "4K": 4096}
COLOURS = 16


def size_of(aspect_ratio: str, image_size: str) -> tuple[int, int]:
    """Pixels of `aspect_ratio` ("16:9") with the area of a square of `image_size`, in steps of 16."""
    across, down = (int(side) for side in aspect_ratio.split(":"))
    edge = EDGE[image_size]
    width = edge * math.sqrt(across / down)
    height = edge * math.sqrt(down / across)
    return max(16, round(width / 16) * 16), max(16, round(height / 16) * 16)


def picture(subject: Subject, *, width: int, height: int, mime_type: str) -> bytes:
    """An image file; `mime_type` is image/png or image/jpeg."""
    return remembered((subject, width, height, mime_type), lambda: _encode(subject, width, height, mime_type))


def _encode(subject: Subject, width: int, height: int, mime_type: str) -> bytes:
    image, target = _draw(subject, width, height), io.BytesIO()
    if mime_type == "image/jpeg":
        image.convert("RGB").save(target, "JPEG", quality=80, comment=subject.fingerprint.encode())
    else:
        notes = PngImagePlugin.PngInfo()
        notes.add_text("Comment", subject.fingerprint)
        image.save(target, "PNG", compress_level=1, pnginfo=notes)
    return target.getvalue()


def _draw(subject: Subject, width: int, height: int) -> Image.Image:
    """Drawn in a palette: one byte a pixel keeps a 4K picture cheap."""
    dice = subject.dice()
    image = Image.new("P", (width, height), 0)
    image.putpalette([dice.randrange(256) for _ in range(3 * COLOURS)])
    pen = ImageDraw.Draw(image)
    for colour in range(1, COLOURS - 2):
        x, y = dice.randrange(width), dice.randrange(height)
        reach = dice.randrange(min(width, height) // 8, min(width, height) // 2)
        shape = pen.ellipse if dice.random() < 0.5 else pen.rectangle
        shape((x - reach, y - reach, x + reach, y + reach), fill=colour)
    band = max(12, height // 12)
    pen.rectangle((0, height - band, width, height), fill=COLOURS - 2)
    font = ImageFont.load_default(size=max(8, min(band // 2, width // 42)))
    pen.text((band // 4, height - band * 3 // 4), subject.title, fill=COLOURS - 1, font=font)
    return image
