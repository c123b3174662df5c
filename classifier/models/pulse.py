"""When each part of the site's own clockwork last ran, and with what result."""

from datetime import datetime

from django.db import models
from django.utils import timezone


class PulseQuerySet(models.QuerySet["Pulse"]):
    def beat(self, name: str, **detail: object) -> None:
        """Note that `name` has just run."""
        self.update_or_create(name=name, defaults={"at": timezone.now(), "detail": detail})

    def of(self, name: str) -> "Pulse | None":
        return self.filter(name=name).first()


class Pulse(models.Model):
    name = models.CharField(max_length=40, unique=True)
    at = models.DateTimeField()
    detail = models.JSONField(default=dict, blank=True)

    objects = PulseQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def is_fresh(self, now: datetime, *, for_seconds: float) -> bool:
        """Whether it was felt lately; what lies in the future was felt by a wrong clock."""
        return abs((now - self.at).total_seconds()) <= for_seconds
