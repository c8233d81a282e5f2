"""An export from the asking to the ZIP on disk, and an erasure that has to be meant."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from answers import ID, privacy_request
from halves import AsyncHalf, SyncHalf
from scripted_hub import NoReply, Reply, ScriptedHub, Seen, problem, running_scripted_hub, says

from generation_hub import BadAnswer, Conflict, DownloadDamaged, HubUnreachable, PrivacyRequest, RequestRefused
from generation_hub.decoding import decoded

Half = SyncHalf | AsyncHalf
ZIP = b"PK" + bytes(range(256)) * 20
DIGEST = hashlib.sha256(ZIP).hexdigest()
READY = decoded(PrivacyRequest, privacy_request(ZIP, DIGEST))
ONE = f"/me/privacy-requests/{ID}"


def serving(content: bytes = ZIP) -> Callable[[Seen], Reply]:
    """What the hub says of an export that is ready."""

    def script(seen: Seen) -> Reply:
        if seen.path.endswith("/content"):
            return Reply(200, {"Content-Type": "application/zip"}, [content[:1000], content[1000:]])
        return says(privacy_request(ZIP, DIGEST))

    return script


def test_an_export_is_asked_for_once(half: Half, scripted: ScriptedHub) -> None:
    hub = half.hub(scripted.url)
    scripted.will_say(says(privacy_request(), 202))
    asked = half.do(hub.me.export())
    assert (asked.id, asked.status, asked.archive) == (ID, "running", None)
    assert scripted.seen[0].json == {}
    scripted.will_say(NoReply())
    with pytest.raises(HubUnreachable):
        half.do(hub.me.export())
    assert scripted.asked == ["POST /me/export"] * 2  # it may have been taken: it is not sent again


def test_an_erasure_names_the_account(half: Half, scripted: ScriptedHub) -> None:
    hub = half.hub(scripted.url)
    scripted.will_say(says(privacy_request(kind="anonymise"), 202))
    assert half.do(hub.me.erasure(confirm=ID)).kind == "anonymise"
    assert scripted.seen[0].json == {"confirm": ID}
    with pytest.raises(TypeError):
        half.do(hub.me.erasure())
    with pytest.raises(ValueError, match="empty"):
        half.do(hub.me.erasure(confirm=""))
    assert scripted.asked == ["POST /me/erasure"]


def test_what_an_erasure_would_do_is_told_before(half: Half, scripted: ScriptedHub) -> None:
    scripted.will_say(says({"counts": {"generations": 12}, "blocked_by": ["erasure_jobs_running"]}))
    plan = half.do(half.hub(scripted.url).me.erasure_plan())
    assert (plan.counts, plan.blocked_by) == ({"generations": 12}, ("erasure_jobs_running",))
    assert scripted.seen[0].json == {"dry_run": True}


def test_what_was_asked_for_is_listed_with_its_receipt(half: Half, scripted: ScriptedHub) -> None:
    moments = dict.fromkeys(("requested_at", "erased_at", "verified_at"), "2026-11-22T19:42:00Z")
    receipt = {"version": 1, "request_id": ID, "account": "d1", "counts": {"media": 1}, "outcome": {"gone": 1}}
    erased = privacy_request(kind="anonymise", receipt=receipt | moments)
    scripted.will_say(
        says({"results": [erased], "next": "http://hub/api/v1/me/privacy-requests?cursor=c1"}),
        says({"results": [privacy_request(ZIP, DIGEST)], "next": None}),
    )
    one, other = half.all(half.hub(scripted.url).privacy_requests.list(limit=1))
    assert (one.receipt.account, one.receipt.outcome, one.archive) == ("d1", {"gone": 1}, None)
    assert (other.archive.sha256, other.receipt) == (DIGEST, None)
    assert [each.query for each in scripted.seen] == [{"limit": ["1"]}, {"limit": ["1"], "cursor": ["c1"]}]


@pytest.mark.parametrize("what", [READY, ID, decoded(PrivacyRequest, privacy_request())], ids=["ready", "id", "old"])
def test_an_archive_comes_whole(half: Half, scripted: ScriptedHub, tmp_path: Path, what: PrivacyRequest | str) -> None:
    scripted.will_follow(serving())
    hub = half.hub(scripted.url)
    told: list[tuple[int, int]] = []
    done = half.do(hub.privacy_requests.download(what, tmp_path / "all.zip", progress=lambda *at: told.append(at)))
    assert [each.read_bytes() for each in tmp_path.iterdir()] == [ZIP] == [done.read_bytes()]
    assert told[-1] == (len(ZIP), len(ZIP))
    assert scripted.asked == [f"GET {ONE}"] * (what is not READY) + [f"GET {ONE}/content"]
    assert half.do(hub.privacy_requests.content(what)) == ZIP


def test_an_archive_is_begun_with_anew_by_a_hub_without_ranges(
    half: Half, scripted: ScriptedHub, tmp_path: Path
) -> None:
    scripted.will_say(Reply(200, {}, [ZIP[:1000]], hang_up=True), Reply(200, {}, [ZIP]))
    done = half.do(half.hub(scripted.url).privacy_requests.download(READY, tmp_path / "all.zip"))
    assert done.read_bytes() == ZIP
    assert len(scripted.seen) == 2


def test_an_archive_in_an_object_store_is_fetched_without_the_key(
    half: Half, scripted: ScriptedHub, tmp_path: Path
) -> None:
    with running_scripted_hub() as store:
        scripted.will_say(Reply(307, {"Location": f"{store.url}/bucket/all.zip?signature=s"}))
        store.will_say(Reply(200, {}, [ZIP]))
        done = half.do(half.hub(scripted.url).privacy_requests.download(READY, tmp_path / "all.zip"))
        assert done.read_bytes() == ZIP
        assert "hub_test_key" not in str(store.seen)


def test_a_damaged_archive_is_not_kept(half: Half, scripted: ScriptedHub, tmp_path: Path) -> None:
    scripted.will_follow(serving(ZIP[:-1] + b"?"))
    with pytest.raises(DownloadDamaged):
        half.do(half.hub(scripted.url).privacy_requests.download(ID, tmp_path / "all.zip"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [(409, "export_not_ready", Conflict), (410, "export_expired", RequestRefused)],
)
def test_the_hub_says_why_there_is_no_archive(
    half: Half, scripted: ScriptedHub, tmp_path: Path, status: int, code: str, error: type[RequestRefused]
) -> None:
    scripted.will_say(says(privacy_request()), problem(status, code))
    with pytest.raises(error) as caught:
        half.do(half.hub(scripted.url).privacy_requests.download(ID, tmp_path / "all.zip"))
    assert caught.value.code == code
    assert list(tmp_path.iterdir()) == []


def test_an_archive_that_became_ready_meanwhile_is_fetched(half: Half, scripted: ScriptedHub, tmp_path: Path) -> None:
    ready = says(privacy_request(ZIP, DIGEST))
    scripted.will_say(says(privacy_request()), Reply(200, {}, [ZIP]), ready, Reply(200, {}, [ZIP]))
    hub = half.hub(scripted.url)
    assert half.do(hub.privacy_requests.download(ID, tmp_path / "all.zip")).read_bytes() == ZIP
    scripted.will_say(says(privacy_request()), Reply(200, {}, [ZIP]), says(privacy_request()))
    with pytest.raises(BadAnswer):
        half.do(hub.privacy_requests.download(ID, tmp_path / "other.zip"))
    assert [each.name for each in tmp_path.iterdir()] == ["all.zip"]
