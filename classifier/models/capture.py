"""What a photo can carry: how sharp and how well exposed it is, and its scale."""

from functools import reduce
from operator import or_

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from classifier.quality import (
    MOST_BRIGHT,
    MOST_DARK,
    SHARP_FROM,
    SMALLEST_SIDE,
    Quality,
    QualityWarning,
    finest_crack,
    warnings,
)


class Capture(models.Model):
    """The measured quality of a photo; None until a worker has looked at it."""

    sharpness = models.FloatField(null=True, blank=True)
    dark_share = models.FloatField(null=True, blank=True)
    bright_share = models.FloatField(null=True, blank=True)

    width: int
    height: int

    class Meta:
        abstract = True

    @property
    def warnings(self) -> list[QualityWarning]:
        measured = (self.sharpness, self.dark_share, self.bright_share)
        if None in measured:
            return []
        quality = Quality(*(value or 0.0 for value in measured))
        return warnings(quality, longest_side=max(self.width, self.height))


def has_warnings(prefix: str = "") -> Q:
    """The condition under which `Capture.warnings` of a measured photo is not empty."""
    limits = {
        "sharpness__lt": SHARP_FROM,
        "dark_share__gt": MOST_DARK,
        "bright_share__gt": MOST_BRIGHT,
    }
    small = Q((f"{prefix}width__lt", SMALLEST_SIDE), (f"{prefix}height__lt", SMALLEST_SIDE))
    return reduce(or_, (Q((prefix + name, limit)) for name, limit in limits.items()), small)


class Scaled(models.Model):
    """How much of the structure one pixel of the original photos shows, where that is known."""

    mm_per_pixel = models.FloatField(
        "scale",
        null=True,
        blank=True,
        validators=[MinValueValidator(0.001), MaxValueValidator(100)],
        help_text="Millimetres per pixel. A 100 mm ruler that spans 500 pixels gives 0.2.",
    )

    class Meta:
        abstract = True

    @property
    def finest_crack(self) -> float | None:
        """The finest crack width in mm that can be seen by eye at full resolution."""
        return finest_crack(self.mm_per_pixel) if self.mm_per_pixel else None
