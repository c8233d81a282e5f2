"""A link of a page leads somewhere: to a file of the repository, and to a heading that it has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hub.env import BASE_DIR

PAGES = sorted([*BASE_DIR.glob("*.md"), *(BASE_DIR / "docs").rglob("*.md")])
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
# A path of the repository in backticks or in prose; what has a place for something in it is none.
_MENTION = re.compile(r"(?<![\w/.])((?:docs|hub|tests|users|usage|media|generations|audit|clients)/[\w./-]*\w\.\w+)")


def prose(page: Path) -> str:
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """As they are made of headings."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in _HEADING.findall(prose(page))}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(BASE_DIR)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in _LINK.findall(prose(page)):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_the_first_page_leads_to_every_page_of_the_docs() -> None:
    readme = BASE_DIR / "README.md"
    led_to = {
        (BASE_DIR / link.partition("#")[0]).resolve() for link in _LINK.findall(prose(readme)) if "://" not in link
    }
    dated = set((BASE_DIR / "docs" / "audits").glob("2*.md"))
    assert {page for page in PAGES if page != readme} - dated - led_to == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(BASE_DIR)))
def test_every_file_that_is_named_is_there(page: Path) -> None:
    missing = [name for name in _MENTION.findall(prose(page)) if not (BASE_DIR / name).exists()]
    assert not missing
