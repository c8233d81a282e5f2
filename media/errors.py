"""What may go wrong with a file, as the client hears it."""

from __future__ import annotations

from hub.common.errors import HubError


class RangeNotSatisfiable(HubError):
    """The range begins beyond the end of the file."""

    code = "range_not_satisfiable"
    status = 416
    title = "No such range"
    fact_names = {"size_bytes": "how large the file is"}
    header_names = ("Content-Range",)

    def __init__(self, *, size: int) -> None:
        detail = f"The range begins beyond the end of the file, which has {size} bytes."
        super().__init__(detail, headers={"Content-Range": f"bytes */{size}"}, size_bytes=size)
