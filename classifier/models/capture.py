"""What a photo can carry: how sharp and how well exposed it is, and its scale."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from classifier.quality import Quality, QualityWarning, finest_crack, warnings


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
