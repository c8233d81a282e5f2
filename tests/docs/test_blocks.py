"""What is shown on a page is held against what was printed, strictly where the page is definite."""

from __future__ import annotations

from typing import Any

import pytest

from tests.docs.blocks import Block, blocks_of, difference, json_difference

PAGE = """# A page

```sh
one
```

Words.

```json
{"a": 1}
```

```python
not = "a command"
```

```sh
two
three
```
"""


def test_it_finds_commands_with_what_is_shown_after_them() -> None:
    assert blocks_of(PAGE) == [Block(4, "one\n", "json", '{"a": 1}\n'), Block(18, "two\nthree\n")]


@pytest.mark.parametrize(
    ("shown", "found"),
    [
        ("…", None),
        ({"a": "…"}, {"a": {"b": 1}}),
        ({"a": 1, "…": "…"}, {"a": 1, "b": 2}),
        ([1, "…"], [1]),
        ([1, "…"], [1, 2, 3]),
        ({"a": [{"b": None}]}, {"a": [{"b": None}]}),
    ],
)
def test_it_is_as_shown(shown: Any, found: Any) -> None:
    assert json_difference(shown, found) == ""


@pytest.mark.parametrize(
    ("shown", "found", "where"),
    [
        ({"a": 1}, {"a": 2}, "$.a is 2"),
        ({"a": 1}, {"a": "1"}, "$.a is '1'"),
        ({"a": 1}, {"a": True}, "$.a is True"),
        ({"a": 1}, {}, "has no ['a']"),
        ({"a": "…"}, {}, "has no ['a']"),
        ({"a": 1}, {"a": 1, "b": 2}, "has ['b']"),
        ([1], [1, 2], "has 2 elements"),
        ([1, 2, "…"], [1], "has 1 elements"),
        ({"a": [{"b": 1}]}, {"a": [{"b": 0}]}, "$.a[0].b is 0"),
        ({}, [], "$ is []"),
    ],
)
def test_it_is_not_as_shown(shown: Any, found: Any, where: str) -> None:
    assert where in json_difference(shown, found)


@pytest.mark.parametrize(
    ("shown", "printed", "is_so"),
    [
        ("a\n", "a\n", True),
        ("a\n", "a", True),
        ("a\n", "b\n", False),
        ("a\n", "a\nb\n", False),
        ("a …\n", "a b c\n", True),
        ("a …\n", "a b\nc\n", False),
        ("…\nb\n…\n", "b\n", True),
        ("…\nb\n…\n", "a\na\nb\nc\n", True),
        ("…\nb\n…\nd\n", "a\nb\nc\n", False),
        ("a.c\n", "abc\n", False),
    ],
)
def test_a_text_is_held_line_by_line(shown: str, printed: str, is_so: bool) -> None:
    assert (difference(Block(1, "x", "text", shown), printed) == "") == is_so


def test_what_is_no_json_is_told() -> None:
    assert "no JSON" in difference(Block(1, "x", "json", "{}"), "curl: (7) Failed")
