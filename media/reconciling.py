"""Every file that is not deleted has its object, of its size."""

from __future__ import annotations

from collections.abc import Iterator

from hub.common.reconciling import Check, Finding
from media import stores
from media.models import Media

PAGE = 500


class Objects:
    """Asks the store for each one. What a missing one was is not known any more, so that nothing is put right here:
    `purge_media` deletes its row when it is old."""

    name = "objects"
    says = "every file has its object in storage, of its size"

    def findings(self) -> Iterator[Finding]:
        """File by file; raises ServiceUnavailable: a store that is away has lost nothing."""
        there = Media.objects.filter(deleted_at=None).order_by("id")
        page = list(there[:PAGE])
        while page:
            for media in page:
                yield from _examine(media)
            page = list(there.filter(id__gt=page[-1].id)[:PAGE])


def _examine(media: Media) -> Iterator[Finding]:
    found = stores.size(media.storage, media.key)
    # Its owner may have deleted it since it was read.
    if found == media.bytes or not Media.objects.filter(id=media.id, deleted_at=None).exists():
        return
    facts = {"storage": media.storage, "key": media.key}
    if found is None:
        says = "its object is not in storage"
        yield Finding(kind="object_missing", table="media", row=str(media.id), says=says, facts=facts)
        return
    facts |= {"bytes": str(media.bytes), "stored": str(found)}
    says = "its object has another size"
    yield Finding(kind="object_size", table="media", row=str(media.id), says=says, facts=facts)


CHECKS: tuple[Check, ...] = (Objects(),)
