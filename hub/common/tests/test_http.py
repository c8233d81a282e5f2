"""What leaves for a URL of a user's: to public addresses alone, once, in time, and without following anybody."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from hub.common import http
from tests.receiver import Answer, Receiver, running_receiver


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOK_ALLOWED_HOSTS = ["127.0.0.1"]
    with running_receiver() as running:
        yield running


def send(url: str, timeout: float = 5) -> http.Answer:
    return http.post(url, content=b"{}", headers={"Content-Type": "application/json"}, timeout=timeout)


class FakeResolver:
    """Stands for the system's resolver: gives each answer once, the last one again; counts the questions."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append((host, port))
        return list(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])


@pytest.fixture
def no_connections(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Whoever connects all the same fails the test."""
    made: list[Any] = []
    monkeypatch.setattr(socket, "create_connection", lambda *arguments, **_: made.append(arguments))
    return made


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://example.org/", "https"),
        ("ftp://example.org/", "https"),
        ("file:///etc/passwd", "host"),
        ("javascript:alert(1)", "host"),
        ("//example.org/", "https"),
        ("example.org/hook", "host"),
        ("https://", "host"),
        ("https:///path", "host"),
        ("https://user@example.org/", "user name"),
        ("https://user:word@example.org/", "user name"),
        ("https://127.0.0.1@example.org/", "user name"),
        ("https://example.org\\@127.0.0.1/", "character"),
        ("https://example.org/a b", "character"),
        ("https://example.org/\r\nHost: other", "character"),
        ("https://example.org/\t", "character"),
        ("https://ex\u00e4mple.org/", "character"),
        ("https://example.org/#fragment", "fragment"),
        ("https://example.org:0/", "port"),
        ("https://example.org:70000/", "port"),
        ("https://example.org:abc/", "port"),
        ("https://[::1/", "URL"),
        ("https://[fe80::1%25eth0]/", "zone"),
        ("https://exa_mple..org/", "host"),
        ("https://" + "a" * 64 + ".org/", "host"),
        ("https://example.org/" + "a" * 2000, "characters"),
        ("", "characters"),
    ],
)
def test_it_refuses_a_url_of_bad_form(url: str, why: str) -> None:
    with pytest.raises(http.Refused, match=why):
        http.check_url(url)


def test_it_takes_a_url_apart() -> None:
    target = http.check_url("https://Hooks.Example.ORG.:8443/a/b?c=d")
    assert (target.host, target.port, target.path) == ("hooks.example.org", 8443, "/a/b?c=d")
    assert http.check_url("https://example.org").path == "/"
    assert "c=d" not in repr(target)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "[::1]", "localhost", "2130706433", "0x7f000001", "127.1", "0177.0.0.1", "169.254.169.254"]
    + ["10.0.0.1", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[fd00:ec2::254]", "0.0.0.0"],
)
@pytest.mark.usefixtures("no_connections")
def test_it_refuses_a_host_inside_when_saved_and_when_sent(host: str, no_connections: list[Any]) -> None:
    with pytest.raises(http.Refused):
        http.check_reachable(f"https://{host}/")
    with pytest.raises(http.Refused):
        send(f"https://{host}/")
    assert no_connections == []


def test_it_refuses_a_host_any_of_whose_addresses_is_inside(
    monkeypatch: pytest.MonkeyPatch, no_connections: list[Any]
) -> None:
    monkeypatch.setattr(http, "resolve", FakeResolver(["8.8.8.8", "10.0.0.1"]))
    with pytest.raises(http.Refused):
        http.check_reachable("https://example.org/")
    with pytest.raises(http.Refused):
        send("https://example.org/")
    assert no_connections == []


def test_a_name_that_changes_its_mind_is_refused_when_connecting(
    monkeypatch: pytest.MonkeyPatch, no_connections: list[Any]
) -> None:
    resolver = FakeResolver(["93.184.216.34"], ["127.0.0.1"])
    monkeypatch.setattr(http, "resolve", resolver)
    http.check_reachable("https://rebind.example.org/")
    with pytest.raises(http.Refused):
        send("https://rebind.example.org/")
    assert no_connections == []


def test_it_asks_once_and_connects_to_what_it_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    resolver = FakeResolver(["93.184.216.34"], ["127.0.0.1"])
    monkeypatch.setattr(http, "resolve", resolver)
    connected: list[Any] = []

    def refuse(address: Any, *_: Any, **__: Any) -> Any:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refuse)
    with pytest.raises(http.Failed) as failure:
        send("https://rebind.example.org/")
    assert failure.value.reason == "connection"
    assert connected == [("93.184.216.34", 443)]
    assert resolver.asked == [("rebind.example.org", 443)]


def test_it_tries_the_next_address_when_one_is_away(receiver: Receiver, settings: Any, monkeypatch: Any) -> None:
    settings.WEBHOOK_ALLOWED_HOSTS = ["hooks.internal"]
    monkeypatch.setattr(http, "resolve", FakeResolver(["127.0.0.2", "127.0.0.1"]))
    assert send(f"http://hooks.internal:{receiver.port}/").status == 204
    assert receiver.received[0].headers["Host"] == f"hooks.internal:{receiver.port}"


def test_it_refuses_an_unnamed_host_though_another_is_named(receiver: Receiver) -> None:
    with pytest.raises(http.Refused):
        send(f"http://localhost:{receiver.port}/")
    with pytest.raises(http.Refused):
        send(f"https://localhost:{receiver.port}/")
    assert receiver.received == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_it_follows_no_redirect(receiver: Receiver, status: int) -> None:
    receiver.will_answer(Answer(status, {"Location": f"{receiver.url}/elsewhere"}))
    assert send(f"{receiver.url}/here").status == status
    assert [request.path for request in receiver.received] == ["/here"]


def test_it_uses_no_proxy_of_the_environment(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert send(receiver.url).status == 204


def test_it_reads_no_more_of_an_answer_than_it_must(receiver: Receiver) -> None:
    receiver.will_answer(Answer(200, pieces=[b"x" * 65536] * 200))
    answer = send(receiver.url)
    assert (answer.status, len(answer.body), answer.is_whole) == (200, http.ANSWER_BYTES, False)


def test_endless_headers_are_an_error(receiver: Receiver) -> None:
    receiver.will_answer(Answer(200, {f"x-{n}": "y" * 1000 for n in range(300)}))
    with pytest.raises(http.Failed) as failure:
        send(receiver.url)
    assert failure.value.reason == "protocol"


def test_who_answers_too_late_has_not_answered(receiver: Receiver) -> None:
    receiver.will_answer(Answer(before_seconds=3))
    started = time.monotonic()
    with pytest.raises(http.Failed) as failure:
        send(receiver.url, timeout=0.5)
    assert failure.value.reason == "timeout"
    assert time.monotonic() - started < 1.5


def test_a_body_that_drips_is_cut_at_the_deadline_and_its_status_counts(receiver: Receiver) -> None:
    receiver.will_answer(Answer(200, pieces=[b"x"] * 100, between_seconds=0.1))
    started = time.monotonic()
    answer = send(receiver.url, timeout=0.6)
    assert (answer.status, answer.is_whole) == (200, False)
    assert time.monotonic() - started < 1.5


def test_headers_that_drip_gain_no_time(settings: Any) -> None:
    settings.WEBHOOK_ALLOWED_HOSTS = ["127.0.0.1"]
    listener = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        connection, _ = listener.accept()
        with connection:
            for _ in range(60):
                try:
                    connection.sendall(b"H")
                except OSError:
                    return
                time.sleep(0.1)

    threading.Thread(target=drip, daemon=True).start()
    started = time.monotonic()
    with pytest.raises(http.Failed) as failure:
        send(f"http://127.0.0.1:{listener.getsockname()[1]}/", timeout=0.6)
    assert failure.value.reason == "timeout"
    assert time.monotonic() - started < 1.5
    listener.close()


def test_a_resolver_that_does_not_answer_costs_no_more_than_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    def sleep(host: str, port: int) -> list[str]:
        time.sleep(2)
        return ["8.8.8.8"]

    monkeypatch.setattr(http, "resolve", sleep)
    started = time.monotonic()
    with pytest.raises(http.Failed) as failure:
        send("https://example.org/", timeout=0.3)
    assert failure.value.reason == "timeout"
    assert time.monotonic() - started < 1


def test_a_name_that_is_nobodys_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(host: str, port: int) -> list[str]:
        raise socket.gaierror

    monkeypatch.setattr(http, "resolve", nobody)
    with pytest.raises(http.Failed) as failure:
        send("https://nobody.example.org/")
    assert failure.value.reason == "dns"


def test_a_port_that_nobody_listens_on_fails(receiver: Receiver) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(http.Failed) as failure:
        send(f"http://127.0.0.1:{port}/")
    assert failure.value.reason == "connection"


def _certificate(folder: Path, name: str) -> tuple[Path, ssl.SSLContext]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name), x509.IPAddress(ip_address("192.0.2.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain, secret = folder / "certificate.pem", folder / "key.pem"
    chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, secret)
    return chain, context


@pytest.fixture
def secure(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """Reached under any name; its certificate is for hooks.internal, and the machine trusts it."""
    chain, context = _certificate(tmp_path, "hooks.internal")
    monkeypatch.setenv("SSL_CERT_FILE", str(chain))
    http.tls_context.cache_clear()
    settings.WEBHOOK_ALLOWED_HOSTS = ["hooks.internal", "other.internal"]
    monkeypatch.setattr(http, "resolve", FakeResolver(["127.0.0.1"]))
    with running_receiver(context) as running:
        yield running
    http.tls_context.cache_clear()


def test_tls_is_told_the_hosts_name_and_checks_it(secure: Receiver) -> None:
    assert send(f"https://hooks.internal:{secure.port}/a?b=c").status == 204
    assert secure.server_names == ["hooks.internal"]
    assert secure.received[0].headers["Host"] == f"hooks.internal:{secure.port}"
    assert secure.received[0].path == "/a?b=c"


def test_a_certificate_for_another_name_is_refused(secure: Receiver) -> None:
    with pytest.raises(http.Failed) as failure:
        send(f"https://other.internal:{secure.port}/")
    assert failure.value.reason == "tls"
    assert secure.received == []


def test_a_certificate_that_nobody_vouches_for_is_refused(secure: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    http.tls_context.cache_clear()
    with pytest.raises(http.Failed) as failure:
        send(f"https://hooks.internal:{secure.port}/")
    assert failure.value.reason == "tls"
    assert secure.received == []
