"""Files in an object store: written and read through its API, handed out by addresses that expire."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

import boto3
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.exceptions import ImproperlyConfigured
from moto.server import ThreadedMotoServer

from hub.storages import media_storages
from media import services, stores
from media.models import Media, Removal
from tests.files import film, picture
from tests.rest import MEDIA, Caller, assert_problem, world

PNG = picture()


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """A stand-in for S3, over HTTP."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint: str, settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Any:
    """An empty bucket, which is where new files go."""
    facts = {
        "S3_BUCKET": "house",
        "S3_ENDPOINT_URL": endpoint,
        "S3_REGION": "us-east-1",
        "S3_ACCESS_KEY_ID": "key",
        "S3_SECRET_ACCESS_KEY": "secret",
        "S3_PREFIX": "hub",
        "S3_ADDRESSING_STYLE": "path",
    }
    for name, value in facts.items():
        monkeypatch.setenv(name, value)
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.MEDIA_STORAGE = "s3"
    settings.STORAGES = {**settings.STORAGES, **media_storages("s3")}
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", "region_name": "us-east-1"}
    bucket = boto3.resource("s3", endpoint_url=endpoint, **keys).Bucket("house")
    bucket.create()
    bucket.objects.all().delete()
    return bucket


def keys(bucket: Any) -> list[str]:
    return [each.key for each in bucket.objects.all()]


def test_an_upload_goes_to_the_bucket_and_comes_from_it(caller: Caller, bucket: Any) -> None:
    body = caller.upload(PNG).json()
    media = Media.objects.get(id=body["id"])
    assert (media.storage, keys(bucket)) == ("s3", [f"hub/{media.key}"])
    answer = caller.get(body["url"])
    assert (answer.status_code, answer.content) == (307, b"")
    assert answer["Cache-Control"] == "private, no-store"
    with urlopen(answer["Location"]) as fetched:
        assert fetched.read() == PNG
        assert fetched.headers["Content-Type"] == "image/png"
        assert fetched.headers["Content-Disposition"] == f'attachment; filename="{media.id}.png"'
    with urlopen(Request(answer["Location"], headers={"Range": "bytes=2-5"})) as part:
        assert (part.status, part.read()) == (206, PNG[2:6])


def test_the_address_names_its_end_and_bears_no_change(caller: Caller, bucket: Any, settings: Any) -> None:
    settings.SIGNED_URL_SECONDS = 7
    body = caller.upload(PNG).json()
    location = caller.get(body["url"])["Location"]
    query = parse_qs(urlsplit(location).query)
    assert query["X-Amz-Expires"] == ["7"]
    assert query["X-Amz-SignedHeaders"] == ["host"]
    assert "secret" not in location
    assert caller.text not in location


def test_the_hub_answers_itself_what_needs_no_bytes(caller: Caller, stranger: Caller, bucket: Any) -> None:
    body = caller.upload(PNG).json()
    tag = f'"{body["sha256"]}"'
    assert caller.get(body["url"], If_None_Match=tag).status_code == 304
    head = caller.call("HEAD", body["url"])
    assert (head.status_code, head["Content-Length"], head["ETag"]) == (200, str(len(PNG)), tag)
    assert_problem(stranger.get(body["url"]), 404, "not_found")


def test_a_deletion_removes_the_object(caller: Caller, bucket: Any, django_capture_on_commit_callbacks: Any) -> None:
    body = caller.upload(PNG).json()
    with django_capture_on_commit_callbacks(execute=True):
        assert caller.call("DELETE", f"{MEDIA}/{body['id']}").status_code == 204
    assert (keys(bucket), Removal.objects.count()) == ([], 0)
    assert_problem(caller.get(body["url"]), 404, "not_found")


def test_what_a_generation_made_goes_there_too(caller: Caller, bucket: Any) -> None:
    for _ in range(2):
        stored = services.store_file(
            folder="generations/00/x", name="1-0", source=io.BytesIO(film()), mime_type="video/mp4"
        )
    assert (stored.storage, stored.key, len(keys(bucket))) == ("s3", "generations/00/x/1-0.mp4", 1)
    with stores.opened("s3", stored.key) as file:
        assert file.read() == film()
    assert services.discard_files(folder="generations/00/x", prefix="2-") == 0
    assert (services.discard_files(folder="generations/00/x", prefix="1-"), keys(bucket)) == (1, [])


def test_old_files_stay_readable_when_the_place_changes(
    caller: Caller, bucket: Any, settings: Any, new_media: Callable[..., Media]
) -> None:
    away = caller.upload(PNG).json()
    settings.MEDIA_STORAGE = "file"
    settings.STORAGES = {**settings.STORAGES, **media_storages("file")}
    here = new_media(caller.user, b"bytes")
    assert (here.storage, caller.get(f"{MEDIA}/{here.id}/content").getvalue()) == ("file", b"bytes")
    with urlopen(caller.get(away["url"])["Location"]) as fetched:
        assert fetched.read() == PNG


def test_an_object_that_is_gone_is_gone_for_whoever_fetches_it(caller: Caller, bucket: Any) -> None:
    body = caller.upload(PNG).json()
    bucket.objects.all().delete()
    with pytest.raises(HTTPError, match="40[34]"):
        urlopen(caller.get(body["url"])["Location"])


def test_a_store_that_is_away_refuses_uploads_and_leaves_nothing(
    caller: Caller, bucket: Any, settings: Any, monkeypatch: pytest.MonkeyPatch, client: Any
) -> None:
    monkeypatch.setenv("S3_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    settings.STORAGES = {**settings.STORAGES, **media_storages("s3")}
    before = world() | {"Removal": 1}
    assert_problem(caller.upload(PNG), 503, "service_unavailable")
    # What may have arrived all the same is noted for the sweep.
    assert world() == before
    assert client.get("/readyz").json()["parts"]["storage"] == "unreachable"


def test_readyz_asks_the_bucket(db: None, bucket: Any, client: Any) -> None:
    assert client.get("/readyz").json()["parts"]["storage"] == "ok"


@pytest.fixture
def service_account() -> str:
    """A key of an account that does not exist."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    facts = {"client_email": "hub@house.iam.gserviceaccount.com", "token_uri": "https://oauth2.googleapis.com/token"}
    return json.dumps({"type": "service_account", "project_id": "house", "private_key": pem, **facts})


def test_google_cloud_storage_signs_without_asking_anybody(
    caller: Caller,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    service_account: str,
    new_media: Callable[..., Media],
) -> None:
    monkeypatch.setenv("GCS_BUCKET", "house")
    monkeypatch.setenv("GCS_PREFIX", "hub")
    monkeypatch.setenv("GCS_CREDENTIALS", service_account)
    media = new_media(caller.user, PNG, "image/png")
    Media.objects.filter(id=media.id).update(storage="gcs")
    settings.STORAGES = {**settings.STORAGES, **media_storages("gcs")}
    settings.SIGNED_URL_SECONDS = 60
    answer = caller.get(f"{MEDIA}/{media.id}/content")
    url = urlsplit(answer["Location"])
    query = parse_qs(url.query)
    assert answer.status_code == 307
    assert (url.scheme, url.netloc, url.path) == ("https", "storage.googleapis.com", f"/house/hub/{media.key}")
    assert query["X-Goog-Expires"] == ["60"]
    assert query["response-content-type"] == ["image/png"]
    assert query["response-content-disposition"] == [f'attachment; filename="{media.id}.png"']
    assert len(query["X-Goog-Signature"][0]) == 512


def test_a_file_in_a_store_that_is_not_set_up_any_more_says_so(caller: Caller, new_media: Callable[..., Media]) -> None:
    media = new_media(caller.user, PNG, "image/png")
    Media.objects.filter(id=media.id).update(storage="gcs")
    assert_problem(caller.get(f"{MEDIA}/{media.id}/content"), 503, "service_unavailable")


@pytest.mark.parametrize(
    ("current", "facts", "says"),
    [
        ("ftp", {}, "MEDIA_STORAGE must be file, s3 or gcs"),
        ("s3", {}, "S3_BUCKET is not set"),
        ("gcs", {}, "GCS_BUCKET is not set"),
        ("s3", {"S3_BUCKET": "b", "S3_ACCESS_KEY_ID": "k"}, "S3_SECRET_ACCESS_KEY is not set"),
        ("gcs", {"GCS_BUCKET": "b", "GCS_CREDENTIALS": "{}"}, "GCS_CREDENTIALS must be"),
        ("gcs", {"GCS_BUCKET": "b", "GCS_CREDENTIALS": "a secret"}, "GCS_CREDENTIALS must be"),
    ],
)
def test_a_store_that_is_half_set_up_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, current: str, facts: dict[str, str], says: str
) -> None:
    for name, value in facts.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=says) as caught:
        media_storages(current)
    assert "a secret" not in str(caught.value)
