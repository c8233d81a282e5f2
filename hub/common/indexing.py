"""Two blind indexes over one sealed value, so that it is found and stays unique while the index keys rotate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db.models import Model, Q

from hub.common.fields import BlindIndexField
from hub.common.keyring import blind_indexes, index_pair


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexPair:
    """The field `source` of a model, and its hash under the first index key (`index`) and the next one (`following`).

    Both are unique. Processes whose keys differ by one step of a rotation always agree on the key of one of the two,
    and that one is filled for every row: that is what keeps two of them from storing one value twice.
    """

    source: str
    index: str
    following: str
    purpose: str
    normalise: Callable[[str], str]

    def values(self, plain: str) -> dict[str, bytes]:
        """What the two columns hold for it; raises ValueError as `normalise` does."""
        first, following = index_pair(self.normalise(plain), purpose=self.purpose)
        return {self.index: first, self.following: following}

    def matching(self, plain: str) -> Q:
        """The rows with that value, under whichever key of the ring; raises ValueError as `normalise` does."""
        digests = blind_indexes(self.normalise(plain), purpose=self.purpose)
        return Q(**{f"{self.index}__in": digests}) | Q(**{f"{self.following}__in": digests})


def pairs_of(model: type[Model]) -> tuple[IndexPair, ...]:
    """What the model says in INDEX_PAIRS."""
    return tuple(getattr(model, "INDEX_PAIRS", ()))


def lasting_indexes_of(model: type[Model]) -> Mapping[str, str]:
    """What the model says in LASTING_INDEXES: its hashes that no rotation rewrites, each with the reason."""
    found: Mapping[str, str] = getattr(model, "LASTING_INDEXES", {})
    return found


def indexed_models() -> Iterator[type[Any]]:
    """Those with a table and a blind index, by the name of the table."""
    found = (model for model in apps.get_models(include_auto_created=True) if not model._meta.proxy)
    with_index = [each for each in found if any(isinstance(f, BlindIndexField) for f in each._meta.local_fields)]
    return iter(sorted(with_index, key=lambda model: model._meta.db_table))
