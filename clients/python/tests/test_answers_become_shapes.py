"""JSON of an older hub, of this one and of a newer one, as dataclasses."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from answers import generation, media

from generation_hub import BadAnswer, FileOutput, Generation, Media, NotSucceeded, TextOutput, UsageSum
from generation_hub.decoding import decoded

FILE = {
    "media_id": "m1",
    "kind": "video",
    "mime_type": "video/mp4",
    "bytes": 12,
    "width": None,
    "height": None,
    "duration_seconds": 8,
    "url": "http://hub/x",
}


def test_money_is_decimal_and_moments_know_their_zone() -> None:
    made = decoded(Generation, generation())
    assert (made.estimate_usd, made.cost_usd) == (Decimal("0.0018"), Decimal("0.00034"))
    assert made.created_at == datetime(2026, 11, 22, 19, 41, 0, 120000, tzinfo=UTC)
    assert decoded(Generation, generation("queued")).cost_usd is None


def test_texts_and_files_are_told_apart() -> None:
    made = decoded(Generation, generation(outputs=[{"text": "One. "}, FILE, {"text": "Two."}]))
    assert [type(output) for output in made.outputs] == [TextOutput, FileOutput, TextOutput]
    assert made.text == "One. Two."
    assert [file.id for file in made.files] == ["m1"]


def test_what_a_newer_hub_adds_is_ignored() -> None:
    new = generation("pondering", carbon_grams="0.2", outputs=[{"text": "x", "language": "en"}])
    assert decoded(Generation, new).status == "pondering"


def test_what_an_older_hub_does_not_say_has_a_default() -> None:
    old = generation()
    del old["inputs"]
    assert decoded(Generation, old).inputs == ()
    assert decoded(Generation, old).links.events is None


def test_a_status_that_is_not_known_has_ended_when_the_hub_says_when() -> None:
    assert decoded(Generation, generation("expired")).ended
    assert not decoded(Generation, generation("paused", finished_at=None)).ended


def test_sums_hold_none_where_nothing_was_grouped_by() -> None:
    found = decoded(UsageSum, {"day": "2026-11-22", "requests": 3, "cost_usd": "1.50", "units": {"image": 3}})
    assert (found.day.isoformat() if found.day else "", found.model, found.cost_usd) == ("2026-11-22", None, 1.5)


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"id": None}, "Generation.id"),
        ({"attempts": "1"}, "Generation.attempts"),
        ({"attempts": True}, "Generation.attempts"),
        ({"cost_usd": 0.1}, "Generation.cost_usd"),
        ({"cost_usd": "much"}, "Generation.cost_usd"),
        ({"created_at": "yesterday"}, "Generation.created_at"),
        ({"tags": "one"}, "Generation.tags"),
        ({"tags": [1]}, "Generation.tags[0]"),
        ({"usage": {"input_token": "9"}}, "Generation.usage.input_token"),
        ({"links": {}}, "Generation.links.self"),
        ({"outputs": ["text"]}, "Generation.outputs[0]"),
    ],
)
def test_what_does_not_fit_is_named(changes: dict[str, Any], where: str) -> None:
    with pytest.raises(BadAnswer) as caught:
        decoded(Generation, generation(**changes))
    assert where in caught.value.detail


def test_what_is_missing_is_named() -> None:
    broken = generation()
    del broken["status"]
    with pytest.raises(BadAnswer, match=r"Generation\.status is missing"):
        decoded(Generation, broken)


def test_shapes_are_frozen() -> None:
    made = decoded(Media, media(b"x", "0"))
    with pytest.raises(FrozenInstanceError):
        made.bytes = 3  # type: ignore[misc]


def test_check_passes_on_what_succeeded_and_raises_what_did_not() -> None:
    done = decoded(Generation, generation())
    assert done.check() is done
    error = {"code": "prompt_blocked", "message": "Refused.", "stage": "prompt", "charged": False, "retryable": False}
    with pytest.raises(NotSucceeded) as caught:
        decoded(Generation, generation("blocked", error=error)).check()
    assert (caught.value.code, caught.value.generation.status) == ("prompt_blocked", "blocked")
    assert "Refused." in str(caught.value)
