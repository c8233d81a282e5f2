"""One file in a multipart body, on its way to the disk piece by piece: no file is ever whole in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any, cast

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import UnreadablePostError
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from rest_framework.parsers import BaseParser, DataAndFiles

from media.errors import MalformedUpload, MediaTooLarge


class BoundedFileHandler(TemporaryFileUploadHandler):
    """Writes a file to the disk up to MAX_UPLOAD_BYTES and raises MediaTooLarge beyond."""

    _size = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._size += len(raw_data)
        if self._size > settings.MAX_UPLOAD_BYTES:
            self.upload_interrupted()
            raise _too_large()
        super().receive_data_chunk(raw_data, start)


class UploadParser(BaseParser):
    """multipart/form-data with files and texts. Raises MediaTooLarge and MalformedUpload.

    The limit on bodies in memory does not apply here: LARGE_BODIES has the limit of this address.
    """

    media_type = "multipart/form-data"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> DataAndFiles[Any, Any]:
        request = (parser_context or {})["request"]
        # A body that comes without a length is read to the limit; one that names a length beyond it, not at all.
        if int(request.META.get("CONTENT_LENGTH") or 0) > max(settings.LARGE_BODIES.values()) + 1:
            raise _too_large()
        try:
            handler = BoundedFileHandler(request._request)
            data, files = MultiPartParser(request.META, cast(Any, stream), [handler], "utf-8").parse()
        except RequestDataTooBig as error:
            raise _too_large() from error
        except (MultiPartParserError, SuspiciousOperation, UnreadablePostError) as error:
            raise MalformedUpload from error
        return DataAndFiles(data, files)


def _too_large() -> MediaTooLarge:
    limit = settings.MAX_UPLOAD_BYTES
    return MediaTooLarge(f"The file is larger than {limit} bytes; send a smaller one.", maximum_bytes=limit)
