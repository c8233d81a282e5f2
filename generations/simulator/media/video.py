"""MP4 files that play: H.264 with an AAC track, of the aspect and duration asked for, small and slow to be cheap."""

from __future__ import annotations

import io
from fractions import Fraction

import av
from PIL import Image, ImageDraw

from generations.simulator.media.audio import melody
from generations.simulator.media.cache import remembered
from generations.simulator.subject import Subject

FRAMES_PER_SECOND = 8
LONG_EDGE = 320
AUDIO_RATE = 16_000


def size_of(aspect_ratio: str) -> tuple[int, int]:
    """Pixels, both even as the encoder wants them; the longer edge is 320 whatever resolution is billed."""
    across, down = (int(side) for side in aspect_ratio.split(":"))
    scale = Fraction(LONG_EDGE, max(across, down))
    return round(across * scale / 2) * 2, round(down * scale / 2) * 2


def film(subject: Subject, *, seconds: int, aspect_ratio: str) -> bytes:
    """An MP4 file of exactly `seconds`."""
    return remembered((subject, "mp4", seconds, aspect_ratio), lambda: _encode(subject, seconds, size_of(aspect_ratio)))


def _encode(subject: Subject, seconds: int, size: tuple[int, int]) -> bytes:
    target = io.BytesIO()
    with av.open(target, "w", format="mp4") as container:
        container.metadata.update(title=subject.title, comment=subject.fingerprint)
        picture = container.add_stream("libx264", rate=FRAMES_PER_SECOND, options={"preset": "ultrafast", "crf": "32"})
        picture.width, picture.height, picture.pix_fmt = *size, "yuv420p"
        picture.codec_context.thread_count = 1
        sound = container.add_stream("aac", rate=AUDIO_RATE, layout="mono", options={"b": "24k"})
        for frame in _frames(subject, seconds, size):
            container.mux(picture.encode(frame))
        container.mux(picture.encode(None))
        container.mux(sound.encode(_sound(subject, seconds)))
        container.mux(sound.encode(None))
    return target.getvalue()


def _frames(subject: Subject, seconds: int, size: tuple[int, int]) -> list[av.VideoFrame]:
    """A ball that crosses a field; colours and path come from the subject."""
    dice, (width, height) = subject.dice(), size
    field, ball = (tuple(dice.randrange(256) for _ in range(3)) for _ in range(2))
    radius, row = dice.randrange(height // 12, height // 5), dice.randrange(height // 4, height * 3 // 4)
    frames = []
    for index in range(seconds * FRAMES_PER_SECOND):
        image = Image.new("RGBA", size, field)
        x = (index * width // (seconds * FRAMES_PER_SECOND) + dice.randrange(3)) % width
        ImageDraw.Draw(image).ellipse((x - radius, row - radius, x + radius, row + radius), fill=ball)
        frame = av.VideoFrame.from_bytes(image.tobytes(), *size, format="rgba")
        frame.pts, frame.time_base = index, Fraction(1, FRAMES_PER_SECOND)
        frames.append(frame)
    return frames


def _sound(subject: Subject, seconds: int) -> av.AudioFrame:
    size = seconds * AUDIO_RATE * 2
    loop = melody(subject, rate=AUDIO_RATE, channels=1)
    frame = av.AudioFrame("s16", "mono", seconds * AUDIO_RATE)
    frame.sample_rate, frame.pts, frame.time_base = AUDIO_RATE, 0, Fraction(1, AUDIO_RATE)
    frame.planes[0].update((loop * (size // len(loop) + 1))[:size])
    return frame
