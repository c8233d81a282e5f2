"""docs/DB_USAGE.md is a program: its blocks run in order against PostgreSQL, and print what is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.env import BASE_DIR
from tests.docs.python_blocks import python_blocks_of, run_page

PAGE = BASE_DIR / "docs" / "DB_USAGE.md"


@pytest.mark.django_db
@pytest.mark.usefixtures("no_jobs")
def test_every_block_does_what_is_shown() -> None:
    assert len(python_blocks_of(PAGE.read_text(encoding="utf-8"))) > 10
    run_page(PAGE)


def test_a_page_that_says_something_else_than_happens_fails(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```python\nprint(1 + 1)\n```\n\n```text\n2\n```\n")
    run_page(page)
    page.write_text(page.read_text().replace("\n2\n", "\n3\n"))
    with pytest.raises(AssertionError, match="page.md:2 printed"):
        run_page(page)
    page.write_text("```python\nprint(1 + 1)\n```\n")
    with pytest.raises(AssertionError):
        run_page(page)
