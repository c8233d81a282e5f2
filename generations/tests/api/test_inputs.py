"""Files as inputs: the caller's own, fit for the model, held for, and kept while they are needed."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from generations.models import Generation, GenerationInput
from generations.services import inputs as generation_inputs
from generations.services.inputs import Input
from media.models import Media
from tests.files import film, mp3, picture, wav
from tests.rest import GENERATIONS, MEDIA, Caller, assert_problem, world
from usage.models import QuotaHold

pytestmark = pytest.mark.usefixtures("prices", "no_jobs", "place")
TEXT, PICTURE, VEO, OMNI, SONG = (
    "gemini-3.8-flash",
    "gemini-3.1-flash-image",
    "veo-3.1-generate-001",
    "gemini-omni-1.2-flash",
    "lyria-3.5",
)
Sent = Callable[..., dict[str, Any]]


@pytest.fixture
def place(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def sent(caller: Caller) -> Sent:
    """Uploads a file and gives it as an input."""

    def sent(content: bytes, **facts: Any) -> dict[str, Any]:
        answer = caller.upload(content)
        assert answer.status_code == 201, answer.content
        return {"media_id": answer.json()["id"], **facts}

    return sent


def estimate(answer: Any) -> Decimal:
    assert answer.status_code == 202, answer.content
    return Decimal(answer.json()["estimate_usd"])


def test_it_shows_what_it_works_with_in_order(caller: Caller, sent: Sent) -> None:
    first, second = sent(picture("JPEG")), sent(picture("PNG"))
    body = caller.submit(model=PICTURE, inputs=[second, first]).json()
    assert [each["media_id"] for each in body["inputs"]] == [second["media_id"], first["media_id"]]
    assert body["inputs"][0] == {
        "media_id": second["media_id"],
        "role": "",
        "kind": "image",
        "mime_type": "image/png",
        "url": f"http://testserver{MEDIA}/{second['media_id']}/content",
    }
    assert caller.get(f"{GENERATIONS}/{body['id']}").json()["inputs"] == body["inputs"]
    assert caller.get(GENERATIONS).json()["results"][0]["inputs"] == body["inputs"]


def test_it_gives_the_roles_in_order_where_none_are_named(caller: Caller, sent: Sent) -> None:
    a, b = sent(picture("JPEG")), sent(picture("PNG"))
    plain = caller.submit(model=VEO, inputs=[a, b]).json()
    named = caller.submit(model=VEO, inputs=[{**b, "role": "last_frame"}, {**a, "role": "first_frame"}]).json()
    assert [each["role"] for each in plain["inputs"]] == ["first_frame", "last_frame"]
    assert [each["role"] for each in named["inputs"]] == ["last_frame", "first_frame"]


@pytest.mark.parametrize(
    ("make", "tokens"),
    [(lambda: picture(), 1120), (lambda: wav(seconds=10), 11 * 32), (lambda: mp3(seconds=3), 4 * 32)],
)
def test_it_holds_for_the_files_too(caller: Caller, sent: Sent, make: Callable[[], bytes], tokens: int) -> None:
    price = Decimal(
        next(
            each["usd"]
            for model in caller.get("/api/v1/models").json()["results"]
            if model["id"] == TEXT
            for each in model["prices"]
            if (each["unit"], each["variant"]) == ("input_token", "")
        )
    )
    plain, answer = caller.submit(), caller.submit(inputs=[sent(make())])
    assert estimate(answer) - estimate(plain) >= tokens * price
    assert QuotaHold.objects.get(reference=answer.json()["id"]).amount == estimate(answer)


def test_a_file_that_a_generation_made_may_be_an_input(caller: Caller, new_media: Callable[..., Media]) -> None:
    made = new_media(caller.user, picture(), "image/png")
    assert caller.submit(model=VEO, inputs=[{"media_id": str(made.id)}]).status_code == 202


def test_unknown_foreign_and_deleted_files_are_one_refusal(caller: Caller, stranger: Caller, sent: Sent) -> None:
    theirs = stranger.upload(picture()).json()["id"]
    deleted = sent(picture())
    assert caller.call("DELETE", f"{MEDIA}/{deleted['media_id']}").status_code == 204
    good = sent(picture())
    before = world()
    details = set()
    for media_id in (theirs, deleted["media_id"], str(uuid4())):
        answer = caller.submit(model=PICTURE, inputs=[good, {"media_id": media_id}])
        problem = assert_problem(answer, 422, "unknown_media")
        assert [error["field"] for error in problem["errors"]] == ["inputs.1.media_id"]
        details.add((problem["detail"], problem["errors"][0]["message"]))
    assert len(details) == 1
    assert world() == before


SHAPES: list[Any] = [
    "a",
    {},
    None,
    ["a"],
    [None],
    [[]],
    [{}],
    [{"media_id": "x"}],
    [{"media_id": None}],
    [{"media_id": 7}],
    [{"media_id": str(uuid4()), "role": "background"}],
    [{"media_id": str(uuid4()), "role": 1}],
    [{"media_id": str(uuid4()), "weight": 1}],
    [{"media_id": str(uuid4())}] * 17,
]


@pytest.mark.parametrize("inputs", SHAPES, ids=range(len(SHAPES)))
def test_it_refuses_another_shape(caller: Caller, inputs: Any) -> None:
    before = world()
    problem = assert_problem(caller.submit(inputs=inputs), 422, "invalid_request")
    assert problem["errors"][0]["field"].startswith("inputs")
    assert world() == before


CASES: dict[str, tuple[str, list[tuple[bytes, dict[str, str]]], str]] = {
    "a model that takes none": ("imagen-4.0-generate-001", [(picture(), {})], "inputs.0"),
    "a kind the model does not take": (PICTURE, [(wav(), {})], "inputs.0"),
    "a type the model does not take": (VEO, [(picture("WEBP"), {})], "inputs.0"),
    "too many": (VEO, [(picture(), {})] * 3, "inputs"),
    "too many of one kind": (TEXT, [(film(), {})] * 2, "inputs"),
    "a role where there are none": (PICTURE, [(picture(), {"role": "first_frame"})], "inputs.0"),
    "a last frame alone": (VEO, [(picture(), {"role": "last_frame"})], "inputs"),
    "one role twice": (VEO, [(picture(), {"role": "first_frame"})] * 2, "inputs"),
    "a role for one of two": (VEO, [(picture(), {"role": "first_frame"}), (picture(), {})], "inputs"),
    "a film for a song": (SONG, [(film(), {})], "inputs.0"),
}


@pytest.mark.parametrize(("model", "files", "field"), CASES.values(), ids=CASES)
def test_it_refuses_files_that_are_not_for_the_model(
    caller: Caller, sent: Sent, model: str, files: list[tuple[bytes, dict[str, str]]], field: str
) -> None:
    given = [sent(content, **facts) for content, facts in files]
    before = world()
    problem = assert_problem(caller.submit(model=model, inputs=given), 422, "invalid_inputs")
    assert field in {error["field"] for error in problem["errors"]}
    assert world() == before


def test_it_refuses_too_many_bytes_together_and_files_of_unknown_length(
    caller: Caller, sent: Sent, new_media: Callable[..., Media]
) -> None:
    large = sent(picture())
    Media.objects.filter(id=large["media_id"]).update(bytes=14_000_001)
    assert_problem(caller.submit(inputs=[large]), 422, "invalid_inputs")
    unread = new_media(caller.user, b"no film", "video/mp4")
    assert_problem(caller.submit(inputs=[{"media_id": str(unread.id)}]), 422, "invalid_inputs")


def test_the_same_key_with_other_files_is_another_request(caller: Caller, sent: Sent) -> None:
    a, b = sent(picture("PNG")), sent(picture("JPEG"))
    order = {"model": PICTURE, "prompt": "Merge them.", "inputs": [a, b]}
    first = caller.post(GENERATIONS, order, Idempotency_Key="k")
    again = caller.post(GENERATIONS, order, Idempotency_Key="k")
    assert (first.json()["id"], again["Idempotency-Replayed"]) == (again.json()["id"], "true")
    for inputs in ([b, a], [a], [], [a, b, a]):
        answer = caller.post(GENERATIONS, {**order, "inputs": inputs}, Idempotency_Key="k")
        assert_problem(answer, 422, "idempotency_key_reused")


def test_a_file_at_work_cannot_be_deleted(caller: Caller, sent: Sent) -> None:
    file = sent(picture())
    job = caller.submit(model=PICTURE, inputs=[file]).json()
    before = world()
    assert_problem(caller.call("DELETE", f"{MEDIA}/{file['media_id']}"), 409, "media_in_use")
    assert world() == before
    assert caller.post(f"{GENERATIONS}/{job['id']}/cancel").status_code == 200
    assert caller.call("DELETE", f"{MEDIA}/{file['media_id']}").status_code == 204
    shown = caller.get(f"{GENERATIONS}/{job['id']}").json()["inputs"]
    assert [each["media_id"] for each in shown] == [file["media_id"]]
    assert_problem(caller.get(shown[0]["url"]), 404, "not_found")


def test_a_file_deleted_between_look_and_write_is_unknown(
    caller: Caller, sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = sent(picture())
    really = generation_inputs.take

    def take(**facts: Any) -> Any:
        taken = really(**facts)
        Media.objects.filter(id=file["media_id"]).update(deleted_at=timezone.now())
        return taken

    monkeypatch.setattr(generation_inputs, "take", take)
    before = world()
    assert_problem(caller.submit(model=PICTURE, inputs=[file]), 422, "unknown_media")
    assert world() == before


def test_more_files_take_no_more_queries(
    caller: Caller, sent: Sent, django_assert_max_num_queries: Any, django_assert_num_queries: Any
) -> None:
    files = [sent(picture("PNG", width=20 + n)) for n in range(10)]
    caller.submit(model=SONG)
    with django_assert_max_num_queries(20) as few:
        assert caller.submit(model=SONG, inputs=files[:1]).status_code == 202
    with django_assert_num_queries(len(few)):
        assert caller.submit(model=SONG, inputs=files).status_code == 202
    for _ in range(3):
        caller.submit(model=SONG, inputs=files)
    with django_assert_max_num_queries(4):
        assert len(caller.get(GENERATIONS).json()["results"]) == 6


def test_a_job_opens_its_files_in_order(caller: Caller, sent: Sent) -> None:
    a, b = sent(picture("PNG")), sent(picture("JPEG"))
    job = Generation.objects.get(id=caller.submit(model=PICTURE, inputs=[b, a]).json()["id"])
    opened = []
    for each in generation_inputs.stored_inputs(job):
        with each.open() as source:
            opened.append(source.read())
    assert opened == [picture("JPEG"), picture("PNG")]
    assert GenerationInput.objects.count() == 2
    assert Input(uuid4()).role == ""
