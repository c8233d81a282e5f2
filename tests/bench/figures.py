"""Figures of several rounds and the table they are printed as."""

from __future__ import annotations

from statistics import median


class Figures:
    """Values by section and name, one for each round; a round that is not like the others is seen in the range."""

    def __init__(self) -> None:
        self._values: dict[str, dict[str, list[float]]] = {}

    def add(self, section: str, name: str, value: float) -> None:
        """One more round of this figure."""
        self._values.setdefault(section, {}).setdefault(name, []).append(value)

    def rounds(self, section: str, name: str) -> list[float]:
        """The value of each round, in their order."""
        return self._values[section][name]

    def text(self) -> str:
        """A table: median, and the range over the rounds."""
        return "\n\n".join(self._section(name) for name in self._values)

    def _section(self, section: str) -> str:
        rows = self._values[section]
        width = max(len(name) for name in rows)
        head = f"{section:<{width + 2}}  {'median':>9}  {'lowest':>9}  {'highest':>9}"
        return "\n".join([head, "-" * len(head), *(_row(name, values, width) for name, values in rows.items())])


def _row(name: str, values: list[float], width: int) -> str:
    cells = "  ".join(f"{_number(value):>9}" for value in (median(values), min(values), max(values)))
    return f"  {name:<{width}}  {cells}"


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
