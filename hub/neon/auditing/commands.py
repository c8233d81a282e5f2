"""What another command finds, as a section of the report."""

from __future__ import annotations

from dataclasses import dataclass
from io import StringIO

from django.conf import settings
from django.core.management import CommandError, call_command, get_commands

from hub.neon.auditing.sections import Section

MOST_LINES = 60


@dataclass(frozen=True, slots=True)
class OfCommand:
    """A command that ends with an error when there is something to do, and prints what.

    It is not asked while one of the settings that it `needs` is empty.
    """

    title: str
    name: str
    options: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    def section(self) -> Section:
        """Runs it."""
        line = " ".join(("manage.py", self.name, *self.options))
        if self.name not in get_commands():
            return Section(title=self.title, says=f"As `{line}` finds it.", absent="There is no such command here.")
        if unset := [name for name in self.needs if getattr(settings, name, None) in (None, "")]:
            return Section(title=self.title, says=f"As `{line}` finds it.", absent=f"{', '.join(unset)} is not set.")
        out = StringIO()
        try:
            call_command(self.name, *self.options, stdout=out, stderr=out, no_color=True)
        except CommandError as error:
            return Section(title=self.title, says=self._told(line, out), findings=[_first_line(error)])
        return Section(title=self.title, says=self._told(line, out))

    def _told(self, line: str, out: StringIO) -> str:
        lines = out.getvalue().strip().splitlines()
        more = [f"... and {len(lines) - MOST_LINES} lines more"] if len(lines) > MOST_LINES else []
        said = "\n".join([*lines[:MOST_LINES], *more]).replace("```", "'''")
        return f"As `{line}` finds it." + (f"\n\n```\n{said}\n```" if said else "")


def _first_line(error: CommandError) -> str:
    return (str(error).splitlines() or ["it failed"])[0]
