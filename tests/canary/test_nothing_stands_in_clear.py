"""Unique values go through every flow, and none of them stands anywhere but where allowed.py says that it may."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from fnmatch import fnmatchcase

import pytest

from tests.canary.allowed import leaks, unused
from tests.canary.flows import breakdowns, clients, operators, people
from tests.canary.places import LOG_OF_POSTGRES, places
from tests.canary.plants import PLANTS
from tests.canary.search import search
from tests.canary.values import Values
from tests.canary.world import World, running_world
from tests.stack import Template

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, template: Template) -> Iterator[World]:
    """Driven."""
    with ExitStack() as cleanup:
        world = cleanup.enter_context(running_world(tmp_path_factory.mktemp("canary"), template))
        drive(world)
        yield world


def drive(world: World) -> None:
    """Every flow, once."""
    client = world.as_client(world.stack.rich)
    newcomer = people.sign_up(world)
    staff = people.staff_signs_in(world)
    clients.keys(world, client)
    media_id = clients.files(world, client)
    clients.webhooks(world, client)
    clients.generations(world, client, media_id)
    people.provider_dance(world, newcomer)
    people.second_step(world, staff)
    people.console(world, staff, client.id)
    people.reveals(world, staff, client.id)
    clients.refusals(world, client, media_id)
    clients.endings(world, client)
    clients.own_data(world, client)
    world.log_in_json("web")
    breakdowns.of_clients(world, client)
    breakdowns.of_people(world)
    breakdowns.of_the_worker(world, client)
    operators.commands(world)
    operators.checkpoint_of_the_day(world)
    people.forgotten_password(world)
    breakdowns.without_the_database(world, client)


def test_no_value_stands_where_it_must_not(world: World) -> None:
    gathered = places(world)
    findings = search(gathered, world.values)
    by_kind = Counter(value.kind for value in world.values)
    print(f"\n{len(world.values)} values of {len(by_kind)} kinds driven: {json.dumps(by_kind)}")
    size = sum(len(place.content) for place in gathered)
    print(f"{len({place.name for place in gathered})} places searched ({len(gathered)} things, {size:,} bytes)")
    must_be_there = {"reports of errors", "traces", "answer of /metrics", "files: checkpoints/*", "files: audits/*"}
    names = {place.name for place in gathered}
    assert not [each for each in must_be_there if not any(fnmatchcase(name, each) for name in names)]
    found = leaks(findings)
    assert not found, "\n".join(map(str, found))
    assert not unused(findings, gathered)


def test_the_logs_that_are_searched_are_of_both_formats(world: World) -> None:
    for part in ("web", "worker"):
        lines = world.stack.log(part).splitlines()
        assert any(line.startswith("{") and "event" in json.loads(line) for line in lines), part
        assert any(re.match(r"\d{4}-\d\d-\d\d", line) for line in lines), part


def test_what_is_put_where_it_must_not_be_is_found_there(world: World) -> None:
    planted = {}
    for what, plant in PLANTS.items():
        planted[what] = Values()
        plant.put(world, planted[what].new("planted"))
    gathered = places(world)
    for what, plant in PLANTS.items():
        if plant.place == LOG_OF_POSTGRES and not world.postgres_log.exists():
            continue
        found = leaks(search(gathered, planted[what]))
        assert any(fnmatchcase(each.place, plant.place) for each in found), (what, found)
