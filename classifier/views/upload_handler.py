"""Uploads on their way to the disk: bounded, and answered also where the disk is full."""

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler

from classifier import failpoints, images, photo_files


class BoundedUpload(TemporaryFileUploadHandler):
    """Writes a file beside the photos, never more of it than a photo may have.

    Whatever goes wrong, the request is read to its end first: an answer sent to somebody who is
    still sending is lost on the way. Raises StorageFull then.
    """

    def handle_raw_input(self, *_args: object, **_kwargs: object) -> None:
        failpoints.hit("U1")
        self.no_room = False

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        with photo_files.room_on_disk():
            super().new_file(*args, **kwargs)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self.no_room or start > images.LIMITS.max_bytes:
            return
        try:
            with photo_files.room_on_disk():
                failpoints.hit("U2")
                self.file.write(raw_data)
        except photo_files.StorageFull:
            self.no_room = True

    def file_complete(self, file_size: int) -> UploadedFile[bytes] | None:
        """Return the file; one that is too large has its size and its beginning, no more."""
        if self.no_room:
            self.file.close()
            raise photo_files.StorageFull
        with photo_files.room_on_disk():
            self.file.seek(0)
            if file_size > images.LIMITS.max_bytes:
                self.file.truncate(file_size)  # a hole: it takes no room on the disk
        return super().file_complete(file_size)
