"""Music that plays: MP3 at 44.1 kHz stereo for songs and clips, WAV at 48 kHz stereo for lyria-002."""

from __future__ import annotations

import array
import io
import itertools
import math
import wave

import av

from generations.simulator.media.cache import remembered
from generations.simulator.subject import Subject

MP3_RATE = 44_100
WAV_RATE = 48_000
SONG_SECONDS = 20
CLIP_SECONDS = 30
NOTES = 16
NOTE_SECONDS = 0.25
LOUDNESS = 6000


def melody(subject: Subject, *, rate: int, channels: int) -> bytes:
    """Sixteen notes as signed 16-bit samples: whole periods, so that no note clicks."""
    dice = subject.dice()
    return b"".join(_note(dice.randrange(36), rate, channels) for _ in range(NOTES))


def _note(semitone: int, rate: int, channels: int) -> bytes:
    period = round(rate / (110 * 2 ** (semitone / 12)))
    wave_form = [int(LOUDNESS * math.sin(2 * math.pi * step / period)) for step in range(period)]
    samples = array.array("h", (value for value in wave_form for _ in range(channels)))
    return samples.tobytes() * max(1, round(rate * NOTE_SECONDS / period))


def mp3(subject: Subject, *, seconds: int) -> bytes:
    return remembered((subject, "mp3", seconds), lambda: _encode_mp3(subject, seconds))


def wav(subject: Subject, *, seconds: int) -> bytes:
    return remembered((subject, "wav", seconds), lambda: _encode_wav(subject, seconds))


def _encode_wav(subject: Subject, seconds: int) -> bytes:
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(WAV_RATE)
        file.writeframes(_lasting(melody(subject, rate=WAV_RATE, channels=2), seconds * WAV_RATE * 4))
    return target.getvalue()


def _lasting(loop: bytes, size: int) -> bytes:
    return (loop * (size // len(loop) + 1))[:size]


def _encode_mp3(subject: Subject, seconds: int) -> bytes:
    """The melody is encoded once and its packets repeated: frames without a bit reservoir stand alone."""
    target = io.BytesIO()
    with av.open(target, "w", format="mp3") as container:
        container.metadata.update(title=subject.title, comment=subject.fingerprint)
        options = {"reservoir": "0", "compression_level": "9", "b": "96k"}
        stream = container.add_stream("libmp3lame", rate=MP3_RATE, layout="stereo", options=options)
        loop = melody(subject, rate=MP3_RATE, channels=2)
        frame = av.AudioFrame("s16", "stereo", len(loop) // 4)
        frame.sample_rate, frame.pts = MP3_RATE, 0
        frame.planes[0].update(loop)
        packets = [bytes(packet) for packet in itertools.chain(stream.encode(frame), stream.encode(None))]
        step = stream.codec_context.frame_size
        for index in range(math.ceil(seconds * MP3_RATE / step)):
            packet = av.Packet(packets[index % len(packets)])
            packet.stream, packet.pts, packet.dts, packet.duration = stream, index * step, index * step, step
            packet.time_base = stream.codec_context.time_base
            container.mux(packet)
    return target.getvalue()
