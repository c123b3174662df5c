"""In which order reviews teach a model most: least certain and unlike what was reviewed before.

A worker computes the order and keeps each photo's place in it; a page only sorts by the place. Only
answers of the active version count: embeddings of two versions cannot be compared.
"""

from classifier.engine import engine
from classifier.models import ModelVersion, Photo, Prediction
from classifier.models.prediction import PredictionQuerySet

KNOWN = 1000
"""So many of the newest reviewed photos count as known."""


def order_new() -> int:
    """Give every photo that waits for review its place, where one has none; return how many."""
    active = ModelVersion.objects.active()
    if active is None or not _waiting(active).unordered().exists():
        return 0
    waiting, reviewed = list(_waiting(active)), Photo.objects.reviewed()
    known = Prediction.objects.of_version(active).of_photos(reviewed).newest_embeddings(KNOWN)
    chosen = engine().choose(
        [bytes(answer.embedding) for answer in waiting],
        [_uncertainty(answer) for answer in waiting],
        known,
    )
    places = {answer.pk: len(chosen) for answer in waiting}  # those that were not chosen
    places |= {waiting[number].pk: place for place, number in enumerate(chosen)}
    Prediction.objects.keep_lessons(places)
    return len(places)


def _waiting(active: ModelVersion) -> PredictionQuerySet:
    return Prediction.objects.of_version(active).of_photos(Photo.objects.waiting_for_review())


def _uncertainty(answer: Prediction) -> float:
    """Return 1 midway between the thresholds, falling to 0 at the far end of the scale."""
    middle = (answer.clear_below + answer.flagged_from) / 2
    return 1 - abs(answer.score - middle) / max(middle, 1 - middle)
