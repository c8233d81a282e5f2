"""Of each user and kind only a share is admitted at once; the others wait in the database and are promoted in turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
import redis

from generations import due
from generations.models import Generation
from generations.services import admission, attempts, books, lease, recover
from generations.services.admission import Lane
from generations.services.books import Failure
from hub.common.redis import redis_client
from tests.rest import Caller, assert_problem, world

pytestmark = pytest.mark.usefixtures("prices", "no_jobs", "no_messages")
SHARE = 2
KINDS = ("text", "image", "video", "music")
IMAGE = {"model": "gemini-3.1-flash-image", "prompt": "The sea."}
OnCommit = Callable[..., Any]


@pytest.fixture
def no_messages(db: None) -> None:
    """Empty queues, where nobody works."""
    redis_client().delete(*KINDS)


@pytest.fixture(autouse=True)
def share(settings: Any) -> None:
    settings.CONCURRENCY_SHARE = dict.fromkeys(KINDS, SHARE)


@pytest.fixture
def submit(django_capture_on_commit_callbacks: OnCommit) -> Callable[..., UUID]:
    """Submits a job that is taken, with what happens on commit; its id."""

    def submit(caller: Caller, **order: Any) -> UUID:
        with django_capture_on_commit_callbacks(execute=True):
            answer = caller.submit(**order)
        assert answer.status_code == 202, answer.content
        return UUID(answer.json()["id"])

    return submit


def admitted() -> set[UUID]:
    return set(Generation.objects.open().admitted().values_list("id", flat=True))


def in_due_set() -> set[UUID]:
    return {UUID(member.partition(":")[2]) for member in redis_client().zrange(due.KEY, 0, -1)}


def sent(kind: str = "text") -> int:
    return int(redis_client().llen(kind))


def end(generation_id: UUID) -> None:
    """As a worker ends a job that its provider refused."""
    job = lease.take(generation_id=generation_id)
    assert job is not None
    books.cancel(job)


def test_jobs_above_the_share_wait_in_the_database_alone(caller: Caller, submit: Callable[..., UUID]) -> None:
    jobs = [submit(caller) for _ in range(5)]
    assert admitted() == set(jobs[:SHARE])
    assert sent() == SHARE
    # The first in line is looked at once more; the others cost Redis nothing.
    assert in_due_set() == {*jobs[:SHARE], jobs[SHARE]}
    assert {job.status for job in Generation.objects.all()} == {"queued"}


def test_the_share_is_each_users_and_each_kinds_own(
    caller: Caller, stranger: Caller, submit: Callable[..., UUID]
) -> None:
    mine = [submit(caller) for _ in range(SHARE + 1)]
    others = [submit(stranger), submit(caller, **IMAGE)]
    assert admitted() == {*mine[:SHARE], *others}


def test_a_kind_may_have_a_share_of_its_own(caller: Caller, submit: Callable[..., UUID], settings: Any) -> None:
    settings.CONCURRENCY_SHARE = settings.CONCURRENCY_SHARE | {"image": 1}
    texts, images = ([submit(caller, **order) for _ in range(3)] for order in ({}, IMAGE))
    assert admitted() == {*texts[:2], *images[:1]}


def test_no_worker_takes_a_job_that_is_held_back(caller: Caller, submit: Callable[..., UUID]) -> None:
    *_, waiting = [submit(caller) for _ in range(SHARE + 1)]
    assert lease.take(generation_id=waiting) is None
    assert Generation.objects.get(id=waiting).lease_token is None


def test_an_end_promotes_the_oldest_and_sends_it(caller: Caller, submit: Callable[..., UUID]) -> None:
    jobs = [submit(caller) for _ in range(5)]
    end(jobs[1])
    assert admitted() == {jobs[0], jobs[2]}
    assert sent() == SHARE + 1
    assert in_due_set() == {jobs[0], jobs[2]}
    end(jobs[0])
    end(jobs[2])
    assert admitted() == {jobs[3], jobs[4]}


def test_a_job_that_fails_makes_room_too(caller: Caller, submit: Callable[..., UUID]) -> None:
    jobs = [submit(caller) for _ in range(SHARE + 1)]
    job = lease.take(generation_id=jobs[0])
    assert job is not None
    books.fail(job, Failure("provider_error", "No."), attempts.begin(job), "failed")
    assert admitted() == set(jobs[1:])


def test_cancelling_an_admitted_one_promotes_the_next(caller: Caller, submit: Callable[..., UUID]) -> None:
    jobs = [submit(caller) for _ in range(4)]
    assert caller.post(f"/api/v1/generations/{jobs[0]}/cancel").status_code == 200
    assert admitted() == {jobs[1], jobs[2]}
    assert (sent(), jobs[2] in in_due_set()) == (SHARE + 1, True)


def test_cancelling_one_that_is_held_back_promotes_nobody_and_gives_its_money_back(
    caller: Caller, submit: Callable[..., UUID]
) -> None:
    jobs = [submit(caller) for _ in range(4)]
    held = world()["held"]
    assert caller.post(f"/api/v1/generations/{jobs[2]}/cancel").json()["status"] == "canceled"
    assert world()["held"] == held * 3 / 4
    assert (admitted(), sent()) == (set(jobs[:2]), SHARE)
    end(jobs[0])
    assert admitted() == {jobs[1], jobs[3]}
    assert Generation.objects.get(id=jobs[2]).admitted_at is None


def test_the_normal_path_costs_one_statement_at_each_end(
    caller: Caller, submit: Callable[..., UUID], django_assert_num_queries: Any
) -> None:
    job = Generation.objects.get(id=submit(caller))
    with django_assert_num_queries(1):
        assert admission.find_place(job) is admission.Place.ADMITTED
    with django_assert_num_queries(1):
        assert admission.promote(Lane.of(job)) == []


def test_a_look_at_one_that_is_held_back_takes_it_out_of_the_due_set(
    caller: Caller, submit: Callable[..., UUID]
) -> None:
    jobs = [submit(caller) for _ in range(SHARE + 1)]
    lease.look_later(generation_id=jobs[-1])
    assert admitted() == in_due_set() == set(jobs[:-1])


def test_a_look_at_the_first_in_line_admits_it_when_there_is_room(
    caller: Caller, submit: Callable[..., UUID], new_generation: Callable[..., Generation]
) -> None:
    """As when the last end before it did not see it, nor it that end."""
    waiting = new_generation(caller.user, admitted_at=None)
    due.schedule(generation_id=waiting.id, kind="text", in_seconds=0)
    lease.look_later(generation_id=waiting.id)
    assert admitted() == in_due_set() == {waiting.id}
    assert sent() == 1


def test_who_was_promoted_and_never_sent_is_found_by_the_look_at_the_ended_one(
    caller: Caller, submit: Callable[..., UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the worker dies right after the commit."""
    jobs = [submit(caller) for _ in range(SHARE + 1)]
    due.remove(generation_id=jobs[-1], kind="text")
    with monkeypatch.context() as dead:
        dead.setattr(admission, "send", lambda *_, **__: None)
        end(jobs[0])
    assert admitted() == {jobs[1], jobs[2]}
    assert in_due_set() == {jobs[0], jobs[1]}
    lease.look_later(generation_id=jobs[0])
    assert in_due_set() == {jobs[1], jobs[2]}


def test_without_redis_the_ended_one_keeps_its_place_in_the_due_set(
    caller: Caller, submit: Callable[..., UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise redis.ConnectionError

    jobs = [submit(caller) for _ in range(SHARE + 1)]
    due.remove(generation_id=jobs[-1], kind="text")
    with monkeypatch.context() as dead:
        dead.setattr(due, "replace", away)
        end(jobs[0])
    assert (admitted(), in_due_set()) == ({jobs[1], jobs[2]}, {jobs[0], jobs[1]})
    lease.look_later(generation_id=jobs[0])
    assert in_due_set() == {jobs[1], jobs[2]}


def test_the_sweep_admits_whom_there_is_room_for_and_notes_only_those_admitted(
    caller: Caller, stranger: Caller, new_generation: Callable[..., Generation]
) -> None:
    mine = [new_generation(caller.user, admitted_at=None).id for _ in range(4)]
    theirs = [new_generation(stranger.user, status="running").id] + [
        new_generation(stranger.user, admitted_at=None).id for _ in range(2)
    ]
    assert recover.sweep() == 2 * SHARE
    assert admitted() == in_due_set() == {*mine[:SHARE], *theirs[:SHARE]}


def test_a_larger_share_is_filled_by_the_sweep_and_a_smaller_one_by_waiting(
    caller: Caller, submit: Callable[..., UUID], settings: Any
) -> None:
    jobs = [submit(caller) for _ in range(6)]
    settings.CONCURRENCY_SHARE = dict.fromkeys(KINDS, 4)
    recover.sweep()
    assert admitted() == set(jobs[:4])
    settings.CONCURRENCY_SHARE = dict.fromkeys(KINDS, 2)
    end(jobs[0])
    end(jobs[1])
    assert admitted() == {jobs[2], jobs[3]}
    end(jobs[2])
    assert admitted() == {jobs[3], jobs[4]}


def test_more_than_the_most_in_flight_are_refused_and_nothing_is_held(
    caller: Caller, stranger: Caller, submit: Callable[..., UUID], settings: Any
) -> None:
    settings.MAX_JOBS_IN_FLIGHT = dict.fromkeys(KINDS, 3)
    jobs = [submit(caller) for _ in range(3)]
    before = world()
    answer = caller.submit()
    problem = assert_problem(answer, 429, "too_many_jobs")
    assert {name: problem[name] for name in ("kind", "limit", "in_flight")} == {
        "kind": "text",
        "limit": 3,
        "in_flight": 3,
    }
    assert int(answer["Retry-After"]) > 0
    assert world() == before
    assert stranger.submit().status_code == caller.submit(**IMAGE).status_code == 202
    end(jobs[0])
    assert caller.submit().status_code == 202


def test_a_replay_is_answered_although_too_many_are_in_flight(
    caller: Caller, submit: Callable[..., UUID], settings: Any
) -> None:
    settings.MAX_JOBS_IN_FLIGHT = dict.fromkeys(KINDS, 1)
    first, again = (caller.post("/api/v1/generations", IMAGE, Idempotency_Key="once") for _ in range(2))
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json()["id"] == first.json()["id"]
