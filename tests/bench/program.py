"""The benchmark's course, once there are settings: what is measured in which order, and what is printed."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from pathlib import Path

from tests.bench import books, doors, fairness, limits, memory, rates
from tests.bench.accounts import make_client, prepare_database
from tests.bench.house import House

MEMORY_JOBS, QUICK_MEMORY_JOBS = 1000, 20


def run(var: Path, *, quick: bool, parts: Sequence[str], flood: int) -> None:
    """Prints the figures; raises WorkWentWrong."""
    prepare_database()
    client, replayed = make_client("client"), make_client("replayed")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start")
    replays = 0
    with House(var) as house:
        if "rates" in parts:
            figures, replays = rates.measure(house, client, replayed, rates.QUICK if quick else rates.FULL)
            rates.ratios(figures)
            print(f"\n{figures.text()}", flush=True)
        if "limits" in parts:
            print(f"\n{limits.measure(house, client, quick=quick).text()}", flush=True)
        if "memory" in parts:
            jobs = QUICK_MEMORY_JOBS if quick else MEMORY_JOBS
            print(f"\n{memory.text(memory.measure(house, client, jobs), jobs)}", flush=True)
        if "fairness" in parts:
            waited = fairness.measure(house, client, make_client("other"), flood)
            print(f"\n{waited.text()}", flush=True)
        if {"rates", "memory", "fairness"} & set(parts):
            books.check(house.simulator_url, replayed=replays)
            print("\nEvery job succeeded and the books balance.", flush=True)
        # Last: what is made up for the lists is in no book.
        if "routes" in parts:
            measured = doors.measure(house, make_client("doors"), doors.QUICK if quick else doors.FULL)
            print(f"\n{doors.text(measured)}", flush=True)
    print(f"\nLoad {os.getloadavg()[0]:.1f} at the end.")
