"""Files sent by a client become films, pictures, songs and answers, through real processes; the books balance."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.files import film, picture, wav
from tests.stack import HubStack
from tests.stack.client import GENERATIONS, Client

pytestmark = pytest.mark.stack
WORK = {
    "veo-3.1-generate-001": [picture("PNG"), picture("JPEG")],
    "gemini-omni-1.2-flash": [picture("PNG")],
    "gemini-3.1-flash-image": [picture("WEBP"), picture("PNG")],
    "lyria-3.5": [picture("PNG")],
    "lyria-3-clip-preview": [picture("JPEG")],
    "gemini-3.8-flash": [picture("PNG"), film(), wav()],
    "gemini-2.5-pro": [picture("JPEG", width=1600, height=900)],
}


def upload(client: Client, content: bytes) -> str:
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + content + b"\r\n--x--\r\n"
    answer = client.send(body, "multipart/form-data; boundary=x", "/api/v1/media")
    assert answer.status == 201, answer.body
    return str(answer.json["id"])


def test_it_works_with_files_of_every_kind(new_stack: Callable[..., HubStack]) -> None:
    stack = new_stack()
    jobs, files = {}, {}
    for model, contents in WORK.items():
        files[model] = [upload(stack.rich, content) for content in contents]
        inputs = [{"media_id": media_id} for media_id in files[model]]
        order = {"model": model, "prompt": f"Work with this, {model}.", "inputs": inputs}
        answer = stack.rich.call("POST", GENERATIONS, order)
        assert answer.status == 202, answer.body
        jobs[model] = answer.json["id"]
    stack.wait_until_all_have_ended()
    for model, job in jobs.items():
        shown = stack.rich.generation(job)
        assert (shown["status"], shown["attempts"], len(stack.calls_of(job))) == ("succeeded", 1, 1), shown
        assert [each["media_id"] for each in shown["inputs"]] == files[model]
        assert float(shown["cost_usd"]) <= float(shown["estimate_usd"]), model
        assert stack.rich.call("DELETE", f"/api/v1/media/{files[model][0]}").status == 204
    stack.assert_the_books_balance()
    assert_the_server_refuses_in_the_hubs_shape(stack.rich)


def assert_the_server_refuses_in_the_hubs_shape(client: Client) -> None:
    """What no request could be made of, and nothing of it is quoted."""
    for answer, status, code in (
        (client.call("GET", f"/api/v1/usage?model={'secret' * 1000}"), 414, "uri_too_long"),
        (client.call("GET", "/api/v1/usage", X_Long="secret" * 2000), 431, "headers_too_large"),
        (client.call("GET", "/api/v1/usage", X_Odd="a\x00secret"), 400, "bad_request"),
    ):
        assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json"), answer.body
        assert answer.json["code"] == code
        assert answer.json["request_id"] == answer.headers["x-request-id"]
        assert b"secret" not in answer.body
