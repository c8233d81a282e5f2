"""Large files reach their destination piece by piece; nothing holds one whole."""

from __future__ import annotations

import threading
import tracemalloc
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from generations.providers import storage
from generations.providers.base import Output, ProviderError
from generations.providers.tests.conftest import KEY, Pieces, configure, job

MEBIBYTE = 1024 * 1024
FILE_BYTES = 64 * MEBIBYTE


class Sink:
    """A destination that keeps nothing but sizes."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def write(self, data: bytes) -> int:
        self.sizes.append(len(data))
        return len(data)


class FullDisk:
    def write(self, data: bytes) -> int:
        raise OSError(28, "No space left on device")


class Files(BaseHTTPRequestHandler):
    """Every file is active and FILE_BYTES long, under both of Google's addresses; `deny` refuses."""

    paths: ClassVar[list[str]] = []
    authorizations: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.paths.append(self.path)
        self.authorizations.append(self.headers.get("authorization", ""))
        if "deny" in self.path:
            self.send_error(403)
        elif "alt=media" in self.path:
            self._send_file()
        else:
            self._send(b'{"name": "files/abc", "state": "ACTIVE"}', "application/json")

    def _send(self, body: bytes, content_type: str) -> None:
        self.send_response(200)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _send_file(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "video/mp4")
        self.send_header("content-length", str(FILE_BYTES))
        self.end_headers()
        try:
            for _ in range(FILE_BYTES // MEBIBYTE):
                self.wfile.write(bytes(MEBIBYTE))
        except OSError:
            return

    def log_message(self, format: str, *args: Any) -> None:
        return


@pytest.fixture
def files(settings: Any) -> Iterator[str]:
    Files.paths.clear()
    Files.authorizations.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Files)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    configure(settings, url)
    yield url
    server.shutdown()
    server.server_close()


@pytest.fixture
def own_credentials(files: str, machine_credentials: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Enterprise mode by project, with a bucket next door."""
    monkeypatch.setattr(storage, "BASE_URL", files)


def test_a_film_streams_to_its_destination(files: str) -> None:
    sent, sink = job("gemini-omni-1.2-flash", "a fox"), Sink()
    film = Output(uri="https://generativelanguage.googleapis.com/v1beta/files/abc:download?alt=media")
    sent.adapter.fetch(film, Pieces())
    tracemalloc.start()

    sent.adapter.fetch(film, sink)  # type: ignore[arg-type]

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sum(sink.sizes) == FILE_BYTES
    assert max(sink.sizes) <= MEBIBYTE
    assert peak < 16 * MEBIBYTE
    assert KEY not in "".join(Files.paths)


def test_a_full_disk_is_not_the_providers_fault(files: str) -> None:
    sent = job("gemini-omni-1.2-flash", "a fox")

    with pytest.raises(OSError, match="No space left"):
        sent.adapter.fetch(Output(uri="files/abc"), FullDisk())  # type: ignore[arg-type]


def test_an_object_of_cloud_storage_streams_with_the_machines_own_credentials(own_credentials: None) -> None:
    sent, sink = job("veo-3.1-generate-001", "a fox"), Sink()

    sent.adapter.fetch(Output(uri="gs://house-films/a folder/film?.mp4"), sink)  # type: ignore[arg-type]

    assert sum(sink.sizes) == FILE_BYTES
    assert max(sink.sizes) <= MEBIBYTE
    assert Files.paths == ["/storage/v1/b/house-films/o/a%20folder%2Ffilm%3F.mp4?alt=media"]
    assert Files.authorizations == ["Bearer a-token"]


def test_an_object_that_may_not_be_read_is_refused(own_credentials: None) -> None:
    sent = job("veo-3.1-generate-001", "a fox")

    with pytest.raises(ProviderError) as caught:
        sent.adapter.fetch(Output(uri="gs://house-films/deny.mp4"), Pieces())

    assert (caught.value.code, caught.value.retryable, caught.value.status) == ("provider_denied", False, 403)


def test_an_address_that_is_none_is_refused_before_anything_is_sent(own_credentials: None) -> None:
    sent = job("veo-3.1-generate-001", "a fox")

    with pytest.raises(ProviderError) as caught:
        sent.adapter.fetch(Output(uri="https://elsewhere.example/film.mp4"), Pieces())

    assert caught.value.code == "provider_unsupported_output"
    assert not Files.paths
