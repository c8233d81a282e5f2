"""A lease that ran out is free for others, but not for the very process that is at work and only late in renewing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from generations import due
from generations.models import Generation
from generations.services import lease
from hub.common.ids import uuid7
from hub.common.redis import redis_client
from tests.rest import Caller

pytestmark = pytest.mark.usefixtures("no_jobs")


@pytest.fixture
def job(caller: Caller, new_generation: Callable[..., Generation]) -> lease.Job:
    """Taken, and its lease has run out."""
    taken = lease.take(generation_id=new_generation(caller.user).id)
    assert taken is not None
    Generation.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    return taken


def test_a_job_whose_worker_died_is_taken_over(job: lease.Job) -> None:
    taken = lease.take(generation_id=job.generation.id)
    assert taken is not None
    assert taken.token != job.token
    with pytest.raises(lease.LeaseLost):
        lease.confirm(job)


def test_a_process_does_not_take_over_what_it_is_at_work_on_itself(job: lease.Job) -> None:
    with lease.kept(job):
        assert lease.take(generation_id=job.generation.id) is None
        lease.confirm(job)
        # Whoever came in vain has it looked at again, in case this process dies after all.
        redis_client().delete(due.KEY)
        lease.look_later(generation_id=job.generation.id)
        assert redis_client().zcard(due.KEY) == 1
    assert lease.take(generation_id=job.generation.id) is not None


def test_leases_are_renewed_by_primary_key_and_only_those_still_held(
    job: lease.Job, django_assert_num_queries: Any
) -> None:
    lost = replace(job, token=uuid7())
    with django_assert_num_queries(1) as sent:
        assert lease.renew([job, lost]) == 1
    lease.confirm(job)
    assert Generation.objects.get().lease_expires_at > timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {sent.captured_queries[0]['sql']}")
        assert "Index Cond: (id = " in str(cursor.fetchall())
    assert lease.renew([lost]) == 0


def test_what_was_given_back_may_be_taken_in_the_same_process(job: lease.Job) -> None:
    with lease.kept(job):
        lease.release(job, wait_seconds=0)
        again = lease.take(generation_id=job.generation.id)
        assert again is not None
        with lease.kept(again):
            lease.confirm(again)


def test_the_end_of_one_holder_does_not_forget_the_next(job: lease.Job) -> None:
    with ExitStack() as former:
        former.enter_context(lease.kept(job))
        lease.release(job, wait_seconds=0)
        again = lease.take(generation_id=job.generation.id)
        assert again is not None
        with lease.kept(again):
            former.close()
            Generation.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
            assert lease.take(generation_id=job.generation.id) is None
