"""Trials on the newest photos: what a candidate says of them is known before it classifies."""

from django.utils.translation import gettext as _

from classifier.models import ModelVersion, Photo, PhotoQuerySet

SHADOWED = 500
"""So many of the newest photos a candidate is tried on."""


def to_judge(version: ModelVersion) -> PhotoQuerySet:
    """Return those of the newest photos that `version` did not judge."""
    return _newest().not_judged_by(version)


def not_ended() -> dict[int, str]:
    """Say of each candidate, by id, that its trial has not ended; the others are left out.

    One ends with the last photo, whatever comes in later; where there is none, it has ended.
    """
    told = _("It was not tried on all of the newest photos yet.")
    return dict.fromkeys(ModelVersion.objects.not_tried(_newest()), told)


def _newest() -> PhotoQuerySet:
    return Photo.objects.classified().newest(SHADOWED)
