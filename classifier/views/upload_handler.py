"""Uploads on their way to the disk: bounded, and answered also where the disk is full."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler

from classifier import failpoints, images, photo_files


class BoundedUpload(TemporaryFileUploadHandler):
    """Writes a file beside the photos, never more of it than a photo may have.

    Whatever goes wrong, the request is read to its end first: an answer sent to somebody who is
    still sending is lost on the way. Raises StorageFull and StorageFailed then.
    """

    def handle_raw_input(self, *_args: object, **_kwargs: object) -> None:
        failpoints.hit("U1")
        self.failure: Exception | None = None

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        with self._noting_failures():
            super().new_file(*args, **kwargs)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self.failure or start > images.LIMITS.max_bytes:
            return
        with self._noting_failures():
            failpoints.hit("U2")
            self.file.write(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile[bytes] | None:
        """Return the file; one that is too large has its size and its beginning, no more."""
        if self.failure:
            if hasattr(self, "file"):  # there is none where it could not even be made
                self.file.close()
            raise self.failure
        with photo_files.disk_errors_told():
            self.file.seek(0)
            if file_size > images.LIMITS.max_bytes:
                self.file.truncate(file_size)  # a hole: it takes no room on the disk
        return super().file_complete(file_size)

    @contextmanager
    def _noting_failures(self) -> Iterator[None]:
        try:
            with photo_files.disk_errors_told():
                yield
        except (photo_files.StorageFull, photo_files.StorageFailed) as failure:
            self.failure = failure
