"""The API's page: the served schema, by files of the hub itself and of nobody else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.test import Client, override_settings

from tests.rest import assert_problem

DOCS = "/api/v1/docs"
MANIFEST = {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}


@pytest.fixture
def page() -> Any:
    return Client().get(DOCS)


def test_it_is_open_to_all_and_names_the_schema(page: Any) -> None:
    assert (page.status_code, page["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert 'data-schema="/api/v1/schema"' in page.content.decode()


def test_every_file_of_it_is_the_hubs_own(page: Any) -> None:
    files = re.findall(r'(?:src|href)="([^"]+)"', page.content.decode())
    assert len(files) >= 5
    for file in files:
        assert file.startswith("/")
        assert not file.startswith("/static/") or finders.find(file.removeprefix("/static/")), file


def test_it_may_load_nothing_from_elsewhere_and_run_nothing_of_the_page(page: Any) -> None:
    policy = dict(rule.split(" ", 1) for rule in page["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert "://" not in page["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]*\ssrc=)[^>]*>|\son\w+=|style=", page.content.decode())


def test_it_is_only_read() -> None:
    answer = Client().post(DOCS)
    assert_problem(answer, 405, "method_not_allowed")
    assert answer["Allow"] == "GET, HEAD, OPTIONS"


def test_its_files_can_be_collected_for_production(tmp_path: Path, settings: Any) -> None:
    """Where each has a name made of its content, and one that names a file that is not there stops the collection."""
    with override_settings(STATIC_ROOT=tmp_path, STORAGES={**settings.STORAGES, "staticfiles": MANIFEST}):
        call_command("collectstatic", interactive=False, verbosity=0)
        text = Client().get(DOCS).content.decode()
    [script] = re.findall(r'src="/static/(hub/docs\.\w+\.js)"', text)
    assert (tmp_path / script).is_file()
