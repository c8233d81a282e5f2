"""What may go wrong with a file, as the client hears it."""

from __future__ import annotations

from hub.common.errors import HubError


class UnsupportedMedia(HubError):
    """The file is none that the hub takes: PNG, JPEG, WebP, MP4, MP3 and WAV. Its bytes decide, not its name."""

    code = "unsupported_media"
    status = 415
    title = "The file is of no known type"
    remedy = "Send PNG, JPEG, WebP, MP4, MP3 or WAV."


class UnreadableMedia(HubError):
    """The file begins like one that the hub takes and cannot be opened as such."""

    code = "unreadable_media"
    status = 422
    title = "The file cannot be opened"
    remedy = "Check that it opens on your side, and send it whole."


class MediaTooLarge(HubError):
    """The file is larger than the hub takes."""

    code = "media_too_large"
    status = 413
    title = "The file is too large"
    remedy = "Send a smaller one."
    fact_names = {"maximum_bytes": "the most bytes"}


class MediaOverLimit(HubError):
    """The picture has more pixels, or the recording more seconds, than the hub takes."""

    code = "media_over_limit"
    status = 422
    title = "Too many pixels or seconds"
    remedy = "Send a smaller picture or a shorter recording."
    fact_names = {
        "width": "pixels across",
        "height": "pixels down",
        "maximum_pixels": "the most pixels in all",
        "seconds": "how long it is",
        "maximum_seconds": "the longest",
    }


class MalformedUpload(HubError):
    """The body is no well-formed multipart/form-data."""

    code = "malformed_upload"
    status = 400
    title = "The upload cannot be read"
    remedy = "Send one field `file` as multipart/form-data."


class MediaInUse(HubError):
    """A generation that has not ended works with this file. Cancel it or wait for its end."""

    code = "media_in_use"
    status = 409
    title = "The file is in use"
    remedy = "Cancel the generation, or delete the file when it has ended."


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
