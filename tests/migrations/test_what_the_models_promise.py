"""What a model says that the database refuses or finds is really there, not in Django's account of it alone."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import connection

pytestmark = pytest.mark.django_db


def test_every_constraint_and_index_of_a_model_is_in_the_database() -> None:
    lost = []
    for model in apps.get_models():
        with connection.cursor() as cursor:
            there = connection.introspection.get_constraints(cursor, model._meta.db_table)
        named = [each.name for each in (*model._meta.constraints, *model._meta.indexes)]
        lost += [f"{model._meta.db_table}: {name}" for name in named if name not in there]
    assert not lost
