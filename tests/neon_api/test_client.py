"""The client reads every page, waits for operations, tries again what may be tried again, and says what was refused."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from hub.neon.api import NeonApi, NeonRefused, configured_api
from hub.neon.errors import OperationFailed
from tests.neon_api.state import KEY, PROJECT, Interruption, StandIn


@pytest.fixture
def api(neon: StandIn) -> Iterator[NeonApi]:
    with NeonApi(key=KEY, project=PROJECT, url=neon.url, patience=10) as api:
        yield api


def soon() -> datetime:
    return datetime.now(UTC) + timedelta(days=1)


def test_every_page_of_branches_is_read(api: NeonApi, neon: StandIn) -> None:
    neon.most = 2
    for number in range(6):
        neon.branch(f"preview/pr-{number}", age=timedelta(hours=number))
    assert sorted(each.name for each in api.branches()) == sorted(neon.names())
    assert len(neon.asked) == 4


def test_a_change_returns_when_its_operations_have_ended(api: NeonApi, neon: StandIn) -> None:
    neon.polls = 3
    made = api.create_branch(name="preview/pr-1", parent_id=None, expires_at=soon(), schema_only=False)
    assert not neon.is_locked()
    assert [each.path.split("/")[-2] for each in neon.asked[1:]] == ["operations"] * 3
    assert made.expires_at is not None
    assert neon.endpoints, "a branch without a compute cannot be connected to"


def test_a_locked_project_is_tried_again_until_it_is_free(api: NeonApi, neon: StandIn) -> None:
    neon.interruptions = [Interruption(423), Interruption(423)]
    api.delete_branch(neon.branch("old")["id"])
    assert "old" not in neon.names()


@pytest.mark.parametrize("status", [423, 429, 503])
def test_the_pause_that_is_asked_for_is_never_shortened(
    api: NeonApi, neon: StandIn, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("hub.neon.api.time.sleep", pauses.append)
    neon.interruptions = [Interruption(status, retry_after="7")]
    assert len(api.branches()) == 1
    assert pauses == [7.0]


def test_patience_ends_and_the_answer_is_told(api: NeonApi, neon: StandIn) -> None:
    neon.interruptions = [Interruption(429, retry_after="3600", body='{"message": "too many requests"}')]
    with pytest.raises(NeonRefused, match="429 too many requests") as caught:
        api.branches()
    assert caught.value.status == 429
    assert len(neon.asked) == 1


def test_what_is_refused_is_not_tried_again(api: NeonApi, neon: StandIn) -> None:
    main = next(iter(neon.branches))
    with pytest.raises(NeonRefused, match="422 cannot delete a default or protected branch"):
        api.delete_branch(main)
    assert len(neon.asked) == 1
    assert neon.names() == ["main"]


def test_an_operation_that_fails_is_told_with_its_reason(api: NeonApi, neon: StandIn) -> None:
    neon.failing = "no room"
    with pytest.raises(OperationFailed, match="could not carry out create_branch: no room"):
        api.create_branch(name="x", parent_id=None, expires_at=soon(), schema_only=False)


def test_a_key_that_is_not_taken_is_said_and_never_shown(neon: StandIn) -> None:
    with (
        NeonApi(key="napi_wrong_secret", project=PROJECT, url=neon.url) as api,
        pytest.raises(NeonRefused, match="401 authorization failed") as caught,
    ):
        api.branches()
    assert "napi_wrong_secret" not in str(caught.value)


@pytest.mark.parametrize("body", ["<html>", "[]", ""])
def test_an_answer_that_is_no_object_is_refused_in_one_line(api: NeonApi, neon: StandIn, body: str) -> None:
    neon.interruptions = [Interruption(200, body=body)]
    with pytest.raises(NeonRefused, match="Neon refused GET"):
        api.branches()


def test_nobody_there_is_one_line_and_a_change_says_that_it_is_in_doubt() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with NeonApi(key=KEY, project=PROJECT, url=f"http://127.0.0.1:{port}/api/v2") as api:
        with pytest.raises(OperationFailed, match="ConnectError.$"):
            api.branches()
        with pytest.raises(OperationFailed, match="Whether it was done is not known"):
            api.delete_branch("br-1")


def test_the_key_goes_over_tls_alone() -> None:
    with pytest.raises(OperationFailed, match="NEON_API_URL must be an https"):
        NeonApi(key=KEY, project=PROJECT, url="http://neon.example/api/v2")


@pytest.mark.parametrize("name", ["NEON_API_KEY", "NEON_PROJECT_ID"])
def test_a_setting_that_is_not_there_is_named(neon: StandIn, settings: object, name: str) -> None:
    setattr(settings, name, None)
    with pytest.raises(OperationFailed, match=f"^{name} not set"):
        configured_api()
    assert neon.asked == []
