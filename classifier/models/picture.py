"""What a picture that has taught looks like: its copies are known after its photo is gone."""

from collections.abc import Iterable, Iterator

from django.db import models

MANY = 500
"""As many are asked for at once: no database takes a question of any length."""


class PictureQuerySet(models.QuerySet["Picture"]):
    def kept(self, digests: Iterable[str]) -> set[str]:
        """Those of these SHA-256 digests whose pictures are kept."""
        return {row.sha256 for row in self.defer("trace").of(digests)}

    def traces(self, digests: Iterable[str]) -> Iterator[bytes]:
        return (bytes(row.trace) for row in self.of(digests))

    def of(self, digests: Iterable[str]) -> Iterator["Picture"]:
        asked = sorted(set(digests))
        for start in range(0, len(asked), MANY):
            yield from self.filter(sha256__in=asked[start : start + MANY])

    def keep(self, traces: dict[str, bytes]) -> None:
        """Keep these by their files' digests; what is kept already stays."""
        rows = [Picture(sha256=digest, trace=trace) for digest, trace in traces.items()]
        self.bulk_create(rows, batch_size=MANY, ignore_conflicts=True)


class Picture(models.Model):
    sha256 = models.CharField(max_length=64, primary_key=True, help_text="of the uploaded file")
    trace = models.BinaryField(help_text="its difference hash and 64 × 64 levels of fine detail")

    objects = PictureQuerySet.as_manager()

    class Meta:
        ordering = ["sha256"]

    def __str__(self) -> str:
        return self.sha256
