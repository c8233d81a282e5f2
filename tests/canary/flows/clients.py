"""With an API key: keys, files, webhooks, generations of every kind and ending, the rights over one's own data."""

from __future__ import annotations

import io
from secrets import token_hex
from typing import Any

from PIL import Image, PngImagePlugin

from tests.canary.places import redis_places
from tests.canary.world import ClientFromSomewhere, World
from tests.receiver import Answer as Reply
from tests.stack import eventually
from tests.stack.client import GENERATIONS

KEYS, HOOKS, MEDIA, ME = "/api/v1/api-keys", "/api/v1/webhook-endpoints", "/api/v1/media", "/api/v1/me"
TEXT, PICTURE, FILM, OMNI, SONG = (
    *("gemini-3.8-flash", "gemini-3.1-flash-image", "veo-3.1-generate-001"),
    *("gemini-omni-1.2-flash", "lyria-3.5"),
)
FAULTS = ("400", "403", "500", "blocked_prompt", "blocked_output", "reset_after", "bad_json", "truncated")


def keys(world: World, client: ClientFromSomewhere) -> None:
    """Made, rotated, used from elsewhere, revoked, and keys that are none."""
    values = world.values
    order = {"name": values.new("key name"), "scopes": ["usage:read"], "allowed_ips": [values.address("network")]}
    made = client.call("POST", KEYS, order)
    assert made.status == 201, made.body
    bearer = f"Bearer {made.json['api_key']}"
    assert client.call("GET", "/api/v1/usage", Authorization=bearer).status == 403
    assert client.call("POST", f"{KEYS}/{made.json['id']}/rotate", {}).status == 200
    assert client.call("DELETE", f"{KEYS}/{made.json['id']}").status in (200, 204)
    assert client.call("GET", "/api/v1/usage", Authorization=bearer).status == 401
    home = values.address("network")
    narrow = {"name": values.new("key name"), "scopes": ["keys:write"], "allowed_ips": [home]}
    bound = f"Bearer {client.call('POST', KEYS, narrow).json['api_key']}"
    wider = {"name": values.new("key name"), "scopes": ["keys:write"], "allowed_ips": [values.address("network")]}
    assert client.call("POST", KEYS, wider, Authorization=bound, X_Forwarded_For=home).status == 403
    unknown = f"hub_{'a' * 12}_{values.new('api key of a refusal', '{}' + 'b' * 23)}"
    malformed = values.new("api key of a refusal")
    for header in (f"Bearer {unknown}", f"Bearer {malformed}", f"Basic {malformed}"):
        assert client.call("GET", ME, Authorization=header).status == 401


def picture(world: World) -> bytes:
    """With a text in it that says who took it, as cameras put it there."""
    about = PngImagePlugin.PngInfo()
    about.add_text("Author", world.values.new("metadata of a file"))
    exif = Image.Exif()
    exif[0x013B] = world.values.new("metadata of a file")
    target = io.BytesIO()
    Image.effect_noise((64, 48), 60).convert("RGB").save(target, "PNG", pnginfo=about, exif=exif)
    return target.getvalue()


def upload(world: World, client: ClientFromSomewhere, content: bytes) -> Any:
    name = world.values.new("file name", "{}.png")
    head = f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
    return client.send(head + content + b"\r\n--x--\r\n", "multipart/form-data; boundary=x", MEDIA)


def files(world: World, client: ClientFromSomewhere) -> str:
    """One that is taken, and three that are not."""
    taken = upload(world, client, picture(world))
    assert taken.status == 201, taken.body
    assert upload(world, client, world.values.new("content of a refused file").encode()).status in (415, 422)
    torn = picture(world)[:400] + world.values.new("content of a refused file").encode()
    assert upload(world, client, torn).status in (415, 422)
    nameless = f'--x\r\nContent-Disposition: form-data; name="{world.values.new("field name")}"\r\n\r\nx\r\n--x--\r\n'
    assert client.send(nameless.encode(), "multipart/form-data; boundary=x", MEDIA).status in (400, 422)
    return str(taken.json["id"])


def webhooks(world: World, client: ClientFromSomewhere) -> None:
    """An endpoint with a token in its URL, whose receiver fails with words of its own; one inside the house."""
    values = world.values
    url = f"{world.receiver.url}/{values.new('webhook url')}?key={values.new('webhook url')}"
    made = client.call("POST", HOOKS, {"url": url, "description": values.new("description of a webhook")})
    assert made.status == 201, made.body
    assert client.call("POST", f"{HOOKS}/{made.json['id']}/rotate-secret", {}).status == 200
    changed = {"url": f"{world.receiver.url}/{values.new('webhook url')}"}
    assert client.call("PATCH", f"{HOOKS}/{made.json['id']}", changed).status == 200
    inside = f"https://user:{values.new('webhook url')}@10.0.0.1/{values.new('webhook url')}"
    assert client.call("POST", HOOKS, {"url": inside}).status == 422
    words = values.new("answer of a webhook's receiver")
    moved = Reply(302, {"Location": f"https://example.org/{words}"}, [words.encode()])
    world.receiver.answers = [Reply(500, {"X-Words": words}, [words.encode()]), moved, Reply()]


def order_of(world: World, model: str, **more: Any) -> dict[str, Any]:
    values = world.values
    prompt = values.new("prompt", 'A fox "ö&\n {} by the sea')
    return {"model": model, "prompt": prompt, "tags": [values.new("tag")], **more}


def generations(world: World, client: ClientFromSomewhere, media_id: str) -> None:
    """Of every kind; while nobody works on them their messages are looked at; one is listened to."""
    values, stack = world.values, world.stack
    stack.kill("worker")
    parameters = {"system_instruction": values.new("parameter")}
    inputs = [{"media_id": media_id}]
    orders = [order_of(world, TEXT, parameters=parameters, inputs=inputs)]
    orders.append(order_of(world, FILM, parameters={"negative_prompt": values.new("parameter")}))
    orders += [order_of(world, model) for model in (PICTURE, OMNI, SONG)]
    for order in orders:
        headers = {"Idempotency_Key": values.new("idempotency key"), "X_Request_ID": values.new("request id")}
        headers["Traceparent"] = f"00-{token_hex(16)}-{token_hex(8)}-01"
        headers["Tracestate"] = f"x={values.new('trace state')}"
        assert client.call("POST", GENERATIONS, order, **headers).status == 202
        assert client.call("POST", "/api/v1/quotes", {"model": order["model"], "prompt": order["prompt"]}).status in (
            200,
            201,
        )
    repeated = {"Idempotency_Key": headers["Idempotency_Key"]}
    assert client.call("POST", GENERATIONS, order_of(world, TEXT), **repeated).status == 422
    canceled = client.call("POST", GENERATIONS, order_of(world, TEXT))
    assert client.call("POST", f"{GENERATIONS}/{canceled.json['id']}/cancel", {}).status == 200
    assert client.call("POST", f"{ME}/export", {}).status == 202
    world.queued += redis_places(stack, "while jobs wait")
    world.log_in_json("worker")
    listened = client.call("POST", GENERATIONS, order_of(world, TEXT), Accept="text/event-stream")
    assert b"event: delta" in listened.body
    waited = client.call("POST", GENERATIONS, order_of(world, TEXT), Prefer="wait=20")
    assert waited.status == 202


def endings(world: World, client: ClientFromSomewhere) -> None:
    """Jobs that go wrong, in the ways in which a provider may quote what it was sent."""
    for fault in FAULTS:
        order = order_of(world, "gemini-3.5-flash-lite")
        order["prompt"] = f"{order['prompt']} [[fault:{fault}]]"
        assert client.call("POST", GENERATIONS, order).status == 202
    misspelt = order_of(world, "gemini-3.5-flash-lite")
    misspelt["prompt"] = f"[[fault:{world.values.new('prompt')}]]"
    assert client.call("POST", GENERATIONS, misspelt).status == 202
    world.stack.wait_until_all_have_ended(90)
    for job in client.call("GET", f"{GENERATIONS}?limit=100").json["results"]:
        for output in job["outputs"]:
            if "text" in output:
                world.values.learn("output", output["text"])


def own_data(world: World, client: ClientFromSomewhere) -> None:
    """The export that was asked for is fetched; what is shown of oneself."""
    [row] = eventually(
        lambda: world.stack.rows("SELECT id FROM privacy_requests WHERE kind = 'export' AND status = 'done'"), "it"
    )
    archive = client.call("GET", f"{ME}/privacy-requests/{row['id']}")
    if archive.status == 200:
        assert client.call("GET", archive.json["archive"]["url"]).status == 200
    for path in (ME, "/api/v1/audit", "/api/v1/usage", "/api/v1/quotas", "/api/v1/webhook-deliveries", HOOKS):
        assert client.call("GET", path).status == 200


def refusals(world: World, client: ClientFromSomewhere, media_id: str) -> None:
    """Everything that can be wrong with a request, with a value wherever one can be put."""
    values = world.values

    def new(what: str) -> str:
        return values.new(f"{what} of a refusal")

    def prompt() -> str:
        return values.new("prompt")

    bodies: list[dict[str, Any]] = [
        {"model": new("model name"), "prompt": prompt()},
        {"model": TEXT, "prompt": prompt(), new("field name"): prompt()},
        {"model": TEXT, "prompt": prompt(), "parameters": {new("parameter name"): prompt()}},
        {"model": TEXT, "prompt": prompt(), "parameters": {"max_output_tokens": prompt()}},
        {"model": TEXT, "prompt": prompt(), "parameters": {"thinking": prompt(), "temperature": prompt()}},
        {"model": PICTURE, "prompt": prompt(), "parameters": {"aspect_ratio": prompt(), "image_size": prompt()}},
        {"model": TEXT, "prompt": prompt(), "inputs": [{"media_id": prompt(), "role": prompt()}]},
        {"model": TEXT, "prompt": prompt(), "tags": prompt(), "max_cost": prompt(), "quote_id": prompt()},
        {"model": TEXT, "prompt": prompt(), "max_cost": "0.000000001"},
        {"model": TEXT, "prompt": {"text": prompt()}},
        {"model": TEXT, "prompt": prompt() + "x" * 900_000},
        {"model": "imagen-4.0-generate-001", "prompt": prompt(), "inputs": [{"media_id": media_id}]},
    ]
    for body in bodies:
        answer = client.call("POST", GENERATIONS, body)
        assert 400 <= answer.status < 500, (answer.status, body)
    for query in ("kind", "status", "model", "tag", "cursor", "limit", "created_after", "x"):
        client.call("GET", f"{GENERATIONS}?{query}={new('query value')}")
    client.call("GET", f"{GENERATIONS}/{new('path')}")
    client.call("GET", f"/api/v1/{new('path')}?q={new('path')}")
    client.call("GET", ME, Accept=f"text/{new('type')}")
    client.call("GET", ME, Host=f"{new('host')}.example")
    client.call("GET", ME, Idempotency_Key=new("idempotency key"))
    client.call(new("method").upper(), GENERATIONS, {})
    client.call("POST", GENERATIONS, {"model": TEXT, "prompt": prompt()}, Prefer=f"wait={new('preference')}")
    client.call("POST", GENERATIONS, {"model": TEXT, "prompt": prompt()}, Idempotency_Key=new("idempotency key") * 20)
    client.call("GET", f"{MEDIA}/{media_id}/content", Range=f"bytes={new('header')}", If_Match=new("header"))
    client.send(f'{{"model": "{TEXT}", "prompt": "{prompt()}'.encode(), "application/json", GENERATIONS)
    client.send(f'{{"prompt": "{prompt()}", "prompt": "{prompt()}"}}'.encode(), "application/json", GENERATIONS)
    client.send(f"prompt={prompt()}".encode(), f"application/{new('type')}", GENERATIONS)
    client.send(b"\xff" + prompt().encode(), "application/json", GENERATIONS)
    key = {
        "name": new("key name"),
        "scopes": [new("scope")],
        "allowed_ips": [new("network")],
        "expires_at": new("moment"),
        "caps": [{"period": new("period")}],
    }
    assert client.call("POST", KEYS, key).status == 422
    assert (
        client.call(
            "POST", HOOKS, {"url": new("webhook url"), "events": [new("event")], "description": new("description")}
        ).status
        == 422
    )
    assert client.call("POST", f"{ME}/erasure", {"confirm": new("confirmation")}).status == 422
