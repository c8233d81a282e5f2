"""Makes what an Order asks for: texts, a file, the usage and what it bills."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from generations.simulator import words
from generations.simulator.media import audio, images, video
from generations.simulator.models import Maker
from generations.simulator.orders import Order
from generations.simulator.subject import Subject
from generations.simulator.usage import (
    AUDIO_TOKENS_PER_SECOND,
    VIDEO_TOKENS_PER_SECOND,
    Usage,
    cut_to,
    image_tokens,
    text_tokens,
)

THINKING = {"minimal": 0.0, "low": 0.5, "medium": 1.0, "high": 2.0}


@dataclass(frozen=True, slots=True)
class Media:
    """A file that is made when it is first read; `family` is image, audio or video."""

    family: str
    mime_type: str
    make: Callable[[], bytes]
    seconds: int = 0


@dataclass(frozen=True, slots=True)
class Product:
    """`texts` has one text for each candidate; `units` is what it bills."""

    texts: tuple[str, ...]
    finish: str
    usage: Usage
    units: Mapping[str, int]
    thought: str = ""
    media: Media | None = None


def make(order: Order) -> Product:
    """Pure: the same order makes the same product. Files are made later, when they are read."""
    makers: dict[Maker, Callable[[Order], Product]] = {Maker.IMAGE: _image, Maker.OMNI: _video}
    if order.model.kind == "music":
        return _music(order)
    return makers.get(order.model.maker, _text)(order)


def without_output(product: Product) -> Usage:
    """The usage of a request that got no further than its prompt."""
    return replace(product.usage, text=0, thoughts=0, media={})


def subject_of(order: Order, *, index: int = 0) -> Subject:
    return Subject(order.prompt, variation=f"{order.model.id}/{order.seed}/{index}{order.files}")


def _text(order: Order) -> Product:
    cap = order.max_output_tokens or order.model.output_limit
    thoughts = _thoughts(order, cap)
    whole = [_stopped(_written(order, index), order.stop) for index in range(order.count)]
    texts = tuple(cut_to(text, cap - thoughts) for text in whole)
    usage = _usage(order, text=sum(map(text_tokens, texts)), thoughts=thoughts)
    finish = "STOP" if list(texts) == whole else "MAX_TOKENS"
    thought = words.thought(subject_of(order)) if order.include_thoughts and thoughts else ""
    return Product(texts=texts, finish=finish, usage=usage, units=usage.units(), thought=thought)


def _written(order: Order, index: int) -> str:
    subject = subject_of(order, index=index)
    return words.document(subject, order.schema) if order.json else words.paragraph(subject)


def _stopped(text: str, stops: tuple[str, ...]) -> str:
    for stop in stops:
        text = text.partition(stop)[0]
    return text


def _thoughts(order: Order, cap: int) -> int:
    """At most half of the cap, and never above a thinking budget."""
    if not order.model.thinks and order.thinking is None:
        return 0
    tokens = 40 + subject_of(order).digest[0] // 2
    if isinstance(order.thinking, int):
        tokens = tokens if order.thinking < 0 else min(tokens, order.thinking)
    else:
        tokens = int(tokens * THINKING.get(str(order.thinking).lower(), 1.0))
    return min(tokens, cap // 2)


def _usage(order: Order, *, text: int = 0, thoughts: int = 0, media: Mapping[str, int] | None = None) -> Usage:
    return Usage(prompt=order.tokens, cached=order.cached, text=text, thoughts=thoughts, media=media or {})


def _image(order: Order) -> Product:
    subject = subject_of(order)
    width, height = images.size_of(order.aspect_ratio, order.image_size)
    mime_type = "image/jpeg" if order.mime_type == "image/jpeg" else "image/png"
    media = Media("image", mime_type, lambda: images.picture(subject, width=width, height=height, mime_type=mime_type))
    text = f"Here is the picture of “{subject.title}”." if order.with_text else ""
    thoughts = _thoughts(order, order.max_output_tokens or order.model.output_limit)
    tokens = {"IMAGE": image_tokens(order.model.id, order.image_size)}
    usage = _usage(order, text=text_tokens(text), thoughts=thoughts, media=tokens)
    return Product(texts=(text,), finish="STOP", usage=usage, units=usage.units(), media=media)


def _video(order: Order) -> Product:
    subject, seconds, aspect = subject_of(order), order.seconds, order.aspect_ratio
    media = Media("video", "video/mp4", lambda: video.film(subject, seconds=seconds, aspect_ratio=aspect), seconds)
    tokens = seconds * VIDEO_TOKENS_PER_SECOND[order.resolution]
    usage = _usage(order, thoughts=_thoughts(order, 64), media={"VIDEO": tokens})
    return Product(texts=("",), finish="STOP", usage=usage, units=usage.units(), media=media)


def _music(order: Order) -> Product:
    """A song is short here (20 s) to be cheap; a clip has the 30 s of the real one."""
    subject, song = subject_of(order), order.model.maker is Maker.SONG
    seconds = audio.SONG_SECONDS if song else audio.CLIP_SECONDS
    media = Media("audio", "audio/mpeg", lambda: audio.mp3(subject, seconds=seconds), seconds)
    text = words.lyrics(subject) if order.with_text else ""
    usage = _usage(order, text=text_tokens(text), media={"AUDIO": seconds * AUDIO_TOKENS_PER_SECOND})
    return Product(texts=(text,), finish="STOP", usage=usage, units={"song" if song else "clip": 1}, media=media)
