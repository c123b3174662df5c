"""A hundred thousand photos as rows alone, to see how lists bear them. Run in a site's console."""

import uuid
from itertools import islice

from django.db.models import OuterRef, Subquery

from classifier.models import Photo, PhotoSet, Prediction
from classifier.states import PhotoState, Verdict

AT_ONCE = 2000
VERDICTS = tuple(Verdict)


def fill(like: int, count: int) -> None:
    """Copy the row of the classified photo `like` into all photo sets, each judged otherwise."""
    model = Photo.objects.select_related("prediction__model_version").get(pk=like)
    places = list(PhotoSet.objects.select_related("inspection"))
    values = _fields(model, but={"id", "prediction_id"})
    photos = (_copy(values, places[number % len(places)]) for number in range(count))
    while rows := list(islice(photos, AT_ONCE)):
        Photo.objects.bulk_create(rows)
    new = Photo.objects.filter(state=PhotoState.UNREADABLE).order_by("pk")
    assert model.prediction is not None
    answer = _fields(model.prediction, but={"id", "photo_id", "score", "verdict"})
    answers = (_answer(answer, pk) for pk in new.values_list("pk", flat=True))
    while given := list(islice(answers, AT_ONCE)):
        Prediction.objects.bulk_create(given)
    own = Prediction.objects.filter(photo=OuterRef("pk")).values("pk")[:1]
    new.order_by().update(state=PhotoState.CLASSIFIED, prediction=Subquery(own))


def _fields(row: Photo | Prediction, *, but: set[str]) -> dict[str, object]:
    names = {field.attname for field in row._meta.concrete_fields} - but
    return {name: getattr(row, name) for name in names}


def _copy(values: dict[str, object], place: PhotoSet) -> Photo:
    own = {
        "key": uuid.uuid4(),
        "sha256": uuid.uuid4().hex * 2,
        "state": PhotoState.UNREADABLE,
        "photo_set_id": place.pk,
        "structure_id": place.inspection.structure_id,
    }
    return Photo(**values | own)


def _answer(values: dict[str, object], photo: int) -> Prediction:
    verdict = VERDICTS[photo % len(VERDICTS)]
    return Prediction(**values, photo_id=photo, score=photo % 1000 / 1000, verdict=verdict)
