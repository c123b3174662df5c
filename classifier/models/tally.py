"""How often things happened that leave no row behind, such as refused uploads."""

from contextlib import suppress

from django.db import DatabaseError, models, transaction
from django.db.models import F


class TallyQuerySet(models.QuerySet["Tally"]):
    def count_one(self, name: str, label: str) -> None:
        """Count one more; a database that cannot just now costs the count, never the request."""
        with suppress(DatabaseError), transaction.atomic():
            if not self.filter(name=name, label=label).update(count=F("count") + 1):
                tally, _ = self.get_or_create(name=name, label=label)
                self.filter(pk=tally.pk).update(count=F("count") + 1)

    def of(self, name: str) -> dict[str, int]:
        return dict(self.filter(name=name).values_list("label", "count"))


class Tally(models.Model):
    name = models.CharField(max_length=40)
    label = models.CharField(max_length=40)
    count = models.PositiveBigIntegerField(default=0)

    objects = TallyQuerySet.as_manager()

    class Meta:
        ordering = ["name", "label"]
        constraints = [models.UniqueConstraint(fields=["name", "label"], name="tally_once")]

    def __str__(self) -> str:
        return f"{self.name} {self.label}"
