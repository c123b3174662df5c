"""Rows and photos for tests, each with plain defaults."""

import io
import itertools
import json
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from classifier import classification, intake, rescoring, retraining, review, versions
from classifier.engine import engine
from classifier.models import (
    Inspection,
    ModelVersion,
    Photo,
    PhotoSet,
    Region,
    Rescoring,
    Structure,
    TrainingRun,
    User,
)

_numbers = itertools.count(1)

CRACK = (250, 10, 10)
DOUBT = (250, 180, 10)
SOUND = (120, 120, 120)


def make_user(*roles: str) -> User:
    user = User.objects.create_user(f"{'-'.join(roles) or 'nobody'}-{next(_numbers)}")
    user.groups.set(Group.objects.filter(name__in=roles))
    return user


def take_away(person: User, taken: str) -> None:
    """Take the roles of a person, or shut the account."""
    if taken == "role":
        person.groups.clear()
    else:
        User.objects.filter(pk=person.pk).update(is_active=False)


def make_structure(name: str = "", *, by: User | None = None) -> Structure:
    structure = Structure(name=name or f"Bridge {next(_numbers)}", kind=Structure.Kind.BRIDGE)
    return intake.register_structure(
        structure, elements=["deck", "pier"], by=by or make_user("inspector")
    )


def make_photo_set(structure: Structure | None = None) -> PhotoSet:
    structure = structure or make_structure()
    by = structure.created_by
    inspection = intake.register_inspection(Inspection(), structure=structure, by=by)
    return intake.open_photo_set(inspection, by=by)


def jpeg(
    colour: tuple[int, int, int] = SOUND,
    *,
    size: tuple[int, int] = (96, 64),
    number: int | None = None,
    exif: Image.Exif | None = None,
) -> bytes:
    """Return JPEG bytes of one colour, unique by a comment unless `number` fixes it."""
    file = io.BytesIO()
    comment = str(number if number is not None else next(_numbers)).encode()
    extra = {"exif": exif} if exif else {}
    Image.new("RGB", size, colour).save(file, "JPEG", quality=95, comment=comment, **extra)
    return file.getvalue()


def upload_file(content: bytes | None = None, name: str = "deck.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, jpeg() if content is None else content)


def make_photo(
    photo_set: PhotoSet | None = None, colour: tuple[int, int, int] = SOUND, name: str = "deck.jpg"
) -> Photo:
    """Return a stored photo that waits for its classification."""
    photo_set = photo_set or make_photo_set()
    received = intake.receive_photo(
        photo_set, upload_file(jpeg(colour), name), by=photo_set.uploaded_by
    )
    return received.photo


def classify(photo: Photo, claimant: str = "worker") -> Photo:
    """Let a worker take a photo, and return the photo as it is then."""
    classification.classify(photo.pk, claimant=claimant)
    photo.refresh_from_db()
    return photo


def make_classified(
    photo_set: PhotoSet | None = None, colour: tuple[int, int, int] = CRACK
) -> Photo:
    """Return a photo that the stub engine has judged."""
    active_version()
    photo = make_photo(photo_set, colour)
    assert classification.classify(photo.pk, claimant="test")
    photo.refresh_from_db()
    return photo


def add_region(photo: Photo, *, left: float = 0.5, score: float = 0.9) -> Region:
    """Outline one more place on a classified photo, a tenth of it wide and a fifth high."""
    assert photo.prediction
    outline = [[left, 0.1], [left + 0.1, 0.1], [left, 0.3]]
    return Region.objects.create(prediction=photo.prediction, outline=outline, score=score)


def make_reviewed(photo_set: PhotoSet, outcome: str, *, by: User) -> Photo:
    photo = make_classified(photo_set)
    cause = "joint" if outcome == "dismissed" else ""
    review.decide(photo, outcome, by=by, seen_decision_id=None, cause=cause)
    return photo


def make_lessons(by: User, *, structures: int = 4) -> list[PhotoSet]:
    """Make reviewed photos to train on: of each structure one confirmed and one dismissed."""
    photo_sets = [make_photo_set() for _ in range(structures)]
    for photo_set in photo_sets:
        for outcome in ("confirmed", "dismissed"):
            make_reviewed(photo_set, outcome, by=by)
    return photo_sets


def give_one_that_measures_the_file_of_one_that_taught(run: TrainingRun) -> None:
    """Stand for the same file, sent to another structure after the run."""
    sides = {entry["side"]: entry for entry in run.manifest}
    Photo.objects.filter(pk=sides["test"]["photo"]).update(sha256=sides["learn"]["sha256"])


def active_version() -> ModelVersion:
    return versions.register_released()


def make_candidate(name: str = "candidate") -> ModelVersion:
    """Return a trained version with files of its own, beside the active one."""
    folder = Path(settings.MODELS_ROOT) / f"candidate-{next(_numbers)}"
    folder.mkdir(parents=True)
    (folder / "card.json").write_text(json.dumps({"name": name}))
    facts = engine().read_facts(folder)
    return versions.register_candidate(facts, folder, parent=active_version())


def end_trials() -> None:
    """Let every candidate on trial look at all of its photos."""
    for row in Rescoring.objects.open():
        rescoring.go_on(row.pk)


def train_candidate(by: User) -> ModelVersion:
    """Return the candidate of a run that has ended, and its trial with it."""
    run = retraining.request_run(by=by)
    retraining.execute(run.pk)
    end_trials()
    return ModelVersion.objects.get(training_run=run)
