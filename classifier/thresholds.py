"""Moving a version's thresholds, after a look at what that would do to photos already judged."""

from dataclasses import dataclass

from django.db import transaction

from classifier.models import AuditEvent, ModelVersion, Photo, TrainingRun, User
from classifier.states import Side

STEPS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True)
class Preview:
    """What thresholds do: to reviewed photos (cracked, clear), and to all photos judged so far."""

    clear_below: float
    flagged_from: float
    cracked: int
    caught: int
    """Cracked photos that are not called clear."""
    clear: int
    false_flags: int
    judged: int
    to_look_at: int
    """Of all judged photos: those flagged or undecided, which a person looks at."""

    @property
    def look_per_100(self) -> float:
        return 100 * self.to_look_at / self.judged if self.judged else 0.0


@dataclass(frozen=True)
class Answers:
    """What one version said: scores of reviewed photos by the true answer, and of all photos."""

    cracked: list[float]
    clear: list[float]
    judged: list[float]

    def under(self, clear_below: float, flagged_from: float) -> Preview:
        return Preview(
            clear_below=clear_below,
            flagged_from=flagged_from,
            cracked=len(self.cracked),
            caught=sum(score >= clear_below for score in self.cracked),
            clear=len(self.clear),
            false_flags=sum(score >= flagged_from for score in self.clear),
            judged=len(self.judged),
            to_look_at=sum(score >= clear_below for score in self.judged),
        )

    def steps(self, flagged_from: float) -> list[Preview]:
        """Go through lower thresholds up to the upper one: the ROC as a table."""
        return [self.under(step, flagged_from) for step in STEPS if step <= flagged_from]


def answers(version: ModelVersion) -> Answers:
    """Collect what `version` said, of reviewed photos without those that it learned from."""
    scores = version.predictions.scores()
    learned = taught(version)
    truth = {
        photo: cracked
        for photo, cracked in Photo.objects.labelled().truth().items()
        if photo in scores and photo not in learned
    }
    return Answers(
        cracked=[scores[photo] for photo, cracked in truth.items() if cracked],
        clear=[scores[photo] for photo, cracked in truth.items() if not cracked],
        judged=list(scores.values()),
    )


def taught(version: ModelVersion) -> set[int]:
    """Return the photos that `version` and those it comes from have learned from."""
    parents = ModelVersion.objects.parents()
    line = [version.pk]
    while parent := parents[line[-1]]:
        line.append(parent)
    return {
        entry["photo"]
        for manifest in TrainingRun.objects.manifests_of(line)
        for entry in manifest
        if entry.get("side") != Side.TEST
    }


@transaction.atomic
def move(version: ModelVersion, *, clear_below: float, flagged_from: float, by: User) -> None:
    """Judge by other thresholds from the next photo on; earlier answers keep theirs."""
    before = ModelVersion.objects.locked().get(pk=version.pk)
    ModelVersion.objects.by_id(version.pk).update(
        clear_below=clear_below, flagged_from=flagged_from
    )
    AuditEvent.objects.record(
        "thresholds moved",
        version,
        by=by,
        before=[before.clear_below, before.flagged_from],
        after=[clear_below, flagged_from],
    )
