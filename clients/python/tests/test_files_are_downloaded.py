"""Files on disk: whole, checked, taken up where a connection broke; or not there at all."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from answers import ID, media
from halves import AsyncHalf, SyncHalf
from scripted_hub import NoReply, Reply, ScriptedHub, Seen, problem, running_scripted_hub, says

from generation_hub import DownloadDamaged, HubUnreachable, Media, NotFound
from generation_hub.decoding import decoded

Half = SyncHalf | AsyncHalf
CONTENT = bytes(range(256)) * 40
DIGEST = hashlib.sha256(CONTENT).hexdigest()
KNOWN = decoded(Media, media(CONTENT, DIGEST))
CUT = 4000


def part_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.{DIGEST[:16]}.part")


def serving(content: bytes = CONTENT, *, cut_at: int | None = None, ranges: bool = True) -> Callable[[Seen], Reply]:
    """The file as the hub serves it; each connection breaks off after `cut_at` bytes."""

    def script(seen: Seen) -> Reply:
        if not seen.path.endswith("/content"):
            return says(media(CONTENT, DIGEST))
        start = int(seen.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-")) if ranges else 0
        wanted = content[start:]
        headers = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"} if start else {}
        pieces = [wanted[at : at + 1000] for at in range(0, len(wanted[:cut_at]), 1000)]
        return Reply(206 if start else 200, headers, pieces, hang_up=cut_at is not None and len(wanted) > cut_at)

    return script


@pytest.mark.parametrize("what", [KNOWN, ID], ids=["media", "id"])
def test_a_file_comes_whole_and_its_progress_is_told(
    half: Half, scripted: ScriptedHub, tmp_path: Path, what: Media | str
) -> None:
    scripted.will_follow(serving())
    seen: list[tuple[int, int]] = []
    path = half.do(half.hub(scripted.url).download(what, tmp_path / "a.mp4", progress=lambda *at: seen.append(at)))
    assert (path, path.read_bytes()) == (tmp_path / "a.mp4", CONTENT)
    assert list(tmp_path.iterdir()) == [path]
    assert seen[0] == (0, len(CONTENT))
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert seen == sorted(seen)
    assert "Range" not in scripted.seen[-1].headers


def test_a_broken_connection_is_taken_up_where_it_broke(half: Half, scripted: ScriptedHub, tmp_path: Path) -> None:
    scripted.will_follow(serving(cut_at=CUT))
    path = half.do(half.hub(scripted.url).media.download(KNOWN, tmp_path / "a.mp4"))
    assert path.read_bytes() == CONTENT
    assert [each.headers.get("Range") for each in scripted.seen] == [None, "bytes=4000-", "bytes=8000-"]
    assert scripted.seen[1].headers["If-Range"] == f'"{DIGEST}"'


def test_what_another_process_has_left_is_not_fetched_again(half: Half, scripted: ScriptedHub, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    part_of(path).write_bytes(CONTENT[:CUT])
    scripted.will_follow(serving())
    half.do(half.hub(scripted.url).download(KNOWN, path))
    assert path.read_bytes() == CONTENT
    assert [each.headers.get("Range") for each in scripted.seen] == ["bytes=4000-"]
    path.rename(part_of(path))
    half.do(half.hub(scripted.url).download(KNOWN, path))
    assert path.read_bytes() == CONTENT
    assert len(scripted.seen) == 1  # it was all there


def test_a_hub_that_sends_all_of_it_instead_is_begun_with_anew(
    half: Half, scripted: ScriptedHub, tmp_path: Path
) -> None:
    path = tmp_path / "a.mp4"
    part_of(path).write_bytes(b"of a file that has changed")
    scripted.will_follow(serving(ranges=False))
    half.do(half.hub(scripted.url).download(KNOWN, path))
    assert path.read_bytes() == CONTENT


def test_more_than_there_should_be_is_begun_with_anew(half: Half, scripted: ScriptedHub, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    part_of(path).write_bytes(CONTENT + b"more")
    scripted.will_follow(serving())
    half.do(half.hub(scripted.url).download(KNOWN, path))
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("wrong", [CONTENT[:-1] + b"?", CONTENT + b"more"], ids=["another byte", "too many bytes"])
def test_a_damaged_file_is_not_kept(half: Half, scripted: ScriptedHub, tmp_path: Path, wrong: bytes) -> None:
    scripted.will_follow(serving(wrong))
    (tmp_path / "a.mp4").write_bytes(b"what was there before")
    with pytest.raises(DownloadDamaged):
        half.do(half.hub(scripted.url).download(KNOWN, tmp_path / "a.mp4"))
    assert [each.read_bytes() for each in tmp_path.iterdir()] == [b"what was there before"]


def test_what_breaks_again_and_again_is_left_for_another_time(
    half: Half, scripted: ScriptedHub, tmp_path: Path
) -> None:
    path = tmp_path / "a.mp4"
    scripted.will_say(Reply(200, {}, [CONTENT[:CUT]], hang_up=True), NoReply())
    with pytest.raises(HubUnreachable):
        half.do(half.hub(scripted.url).download(KNOWN, path))
    assert not path.exists()
    assert part_of(path).read_bytes() == CONTENT[:CUT]


def test_a_file_that_is_not_there_leaves_nothing_behind(half: Half, scripted: ScriptedHub, tmp_path: Path) -> None:
    scripted.will_say(problem(404, "not_found"))
    with pytest.raises(NotFound):
        half.do(half.hub(scripted.url).download(ID, tmp_path / "a.mp4"))
    assert list(tmp_path.iterdir()) == []


def test_a_directory_is_no_place_for_a_file(half: Half, scripted: ScriptedHub, tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        half.do(half.hub(scripted.url).download(KNOWN, tmp_path))
    assert scripted.seen == []


def test_an_object_store_is_asked_without_the_key(half: Half, scripted: ScriptedHub, tmp_path: Path) -> None:
    with running_scripted_hub() as store:
        scripted.will_say(Reply(307, {"Location": f"{store.url}/bucket/content?signature=s"}))
        store.will_follow(serving(cut_at=CUT))
        hub = half.hub(scripted.url)
        assert half.do(hub.download(KNOWN, tmp_path / "a.mp4")).read_bytes() == CONTENT
        store.will_follow(serving())
        assert half.do(hub.media.content(KNOWN)) == CONTENT
        assert len(store.seen) == 4
        for seen in store.seen:
            assert "hub_test_key" not in str(seen)
            assert "If-Range" not in seen.headers
    assert all(each.headers["Authorization"] == "Bearer hub_test_key" for each in scripted.seen)


def test_an_export_appears_whole_or_not_at_all(half: Half, scripted: ScriptedHub, tmp_path: Path) -> None:
    hub = half.hub(scripted.url)
    path = tmp_path / "usage.csv"
    scripted.will_say(Reply(200, {}, [b"id,mod"], hang_up=True))
    with pytest.raises(HubUnreachable):
        half.do(hub.usage.export(path))
    assert list(tmp_path.iterdir()) == []
    scripted.will_say(Reply(200, {}, [b"id,mod"], hang_up=True), Reply(200, {}, [b"id,model\r\n", b"1,m\r\n"]))
    assert half.do(hub.usage.export(path, format="csv", model="m")) == path
    assert path.read_bytes() == b"id,model\r\n1,m\r\n"
    assert list(tmp_path.iterdir()) == [path]
    assert scripted.seen[-1].query == {"format": ["csv"], "model": ["m"]}
