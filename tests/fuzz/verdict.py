"""What the run came to: a table of the operations, and what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")
# Operations that need not have succeeded once ("METHOD /path"), and why.
NEVER_REACHED: dict[str, str] = {}


@dataclass(frozen=True)
class Verdict:
    """`report` is schemathesis's own; `answers` is {"METHOD /path": {status: times}}; `schema` is the served one."""

    report: dict[str, Any]
    answers: dict[str, dict[str, int]]
    schema: dict[str, Any]
    exit_code: int

    @property
    def operations(self) -> list[str]:
        return [
            f"{method.upper()} {path}"
            for path, methods in self.schema["paths"].items()
            for method in METHODS
            if method in methods
        ]

    @property
    def examples(self) -> int:
        """Cases that were held against the schema."""
        cases = self.report.get("test_cases", {})
        return int(cases.get("generated", 0) - cases.get("without_checks", 0))

    @property
    def calls(self) -> int:
        return sum(sum(each.values()) for each in self.answers.values())

    def problems(self, *, at_least: int) -> list[str]:
        """Empty when the hub has passed."""
        return list(self._problems(at_least))

    def _problems(self, at_least: int) -> Iterator[str]:
        if self.exit_code:
            yield f"schemathesis ended with {self.exit_code}"
        if self.examples < at_least:
            yield f"{self.examples} examples are too few: raise FUZZ_EXAMPLES"
        for kind in ("failures", "errors"):
            yield from (f"{each['title']}, {each['count']} times" for each in self.report.get(kind, ()))
        yield from (f"{name} answered {times} times with a 5xx" for name, times in self._of_class("5"))
        reached = dict(self._of_class("2"))
        for name in self.operations:
            if name not in reached and name not in NEVER_REACHED:
                yield f"{name} has never succeeded: seed what it needs in tests/fuzz/seeds.py"
        for name in NEVER_REACHED:
            if name in reached or name not in self.operations:
                yield f"{name} needs no exception"

    def _of_class(self, first: str) -> Iterator[tuple[str, int]]:
        for name, statuses in self.answers.items():
            times = sum(count for status, count in statuses.items() if status.startswith(first))
            if times:
                yield name, times

    def text(self) -> str:
        """The table, and one line of sums."""
        width = max(map(len, self.operations))
        head = f"{'operation':<{width}}  {'calls':>6}  {'2xx':>6}  others"
        lines = [head, "-" * len(head), *(self._row(name, width) for name in self.operations)]
        reached = len(dict(self._of_class("2")).keys() & set(self.operations))
        failures = sum(each["count"] for each in self.report.get("failures", ()))
        lines.append(
            f"\n{self.examples} examples in {self.calls} calls, {reached} of {len(self.operations)} operations "
            f"succeeded at least once, {failures} failures, {self.report.get('running_time', 0):.0f} s"
        )
        return "\n".join(lines)

    def _row(self, name: str, width: int) -> str:
        statuses = Counter(self.answers.get(name, {}))
        good = sum(count for status, count in statuses.items() if status.startswith("2"))
        others = ", ".join(f"{status}: {statuses[status]}" for status in sorted(statuses) if status[0] != "2")
        return f"{name:<{width}}  {sum(statuses.values()):>6}  {good:>6}  {others}"
