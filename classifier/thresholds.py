"""Moving a version's thresholds, after a look at what that would do to photos already judged."""

from bisect import bisect_left
from dataclasses import dataclass

from django.utils.translation import gettext as _

from classifier import roles
from classifier.models import (
    AuditEvent,
    Inspection,
    ModelVersion,
    Photo,
    PhotoQuerySet,
    Prediction,
    ThresholdSet,
    TrainingRun,
    User,
)
from classifier.rights import written_by
from classifier.states import ThresholdOrigin

STEPS = (0.01, 0.02, *(step / 20 for step in range(1, 20)), 0.98, 0.99)


@dataclass(frozen=True)
class Preview:
    """What thresholds do: to reviewed photos (cracked, clear), and to all photos judged so far."""

    clear_below: float
    flagged_from: float
    cracked: int
    caught: int
    """Cracked photos that are not called clear."""
    cracks_flagged: int
    clear: int
    false_flags: int
    judged: int
    to_look_at: int
    """Of all judged photos: those flagged or undecided, which a person looks at."""

    @property
    def look_per_100(self) -> float:
        return 100 * self.to_look_at / self.judged if self.judged else 0.0

    @property
    def flagged_share(self) -> float:
        return self.cracks_flagged / max(1, self.cracked)

    @property
    def false_share(self) -> float:
        return self.false_flags / max(1, self.clear)

    def lower_beside(self, now: "Preview") -> str:
        """Say what the lower threshold does that `now` does not."""
        look, look_now = round(self.look_per_100), round(now.look_per_100)
        return _(
            "%(caught)s of %(cracked)s cracks are caught (%(more)s); "
            "%(look)s of 100 photos are to be looked at (%(more_look)s)."
        ) % {
            "caught": self.caught,
            "cracked": self.cracked,
            "more": _more(self.caught - now.caught),
            "look": look,
            "more_look": _more(look - look_now),
        }

    def upper_beside(self, now: "Preview") -> str:
        """Say what the upper threshold does that `now` does not."""
        cracks = _more(self.cracks_flagged - now.cracks_flagged)
        false = _more(self.false_flags - now.false_flags)
        return _(
            "%(flagged)s of %(cracked)s cracks are flagged (%(more)s), and "
            "%(false)s of %(clear)s photos without one (%(more_false)s)."
        ) % {
            "flagged": self.cracks_flagged,
            "cracked": self.cracked,
            "more": cracks,
            "false": self.false_flags,
            "clear": self.clear,
            "more_false": false,
        }


def _more(difference: int) -> str:
    if not difference:
        return _("as now")
    told = _("%(count)s more than now") if difference > 0 else _("%(count)s fewer than now")
    return told % {"count": abs(difference)}


@dataclass(frozen=True)
class Step:
    """One score of the ROC: what it would do as the lower and as the upper threshold."""

    score: float
    as_lower: Preview
    as_upper: Preview
    lower_told: str
    upper_told: str


@dataclass(frozen=True)
class Answers:
    """What one version said: scores of reviewed photos by the true answer, and of all photos, each
    in rising order."""

    cracked: list[float]
    clear: list[float]
    judged: list[float]

    def under(self, clear_below: float, flagged_from: float) -> Preview:
        return Preview(
            clear_below=clear_below,
            flagged_from=flagged_from,
            cracked=len(self.cracked),
            caught=_from(self.cracked, clear_below),
            cracks_flagged=_from(self.cracked, flagged_from),
            clear=len(self.clear),
            false_flags=_from(self.clear, flagged_from),
            judged=len(self.judged),
            to_look_at=_from(self.judged, clear_below),
        )

    def roc(self, now: Preview) -> list[Step]:
        """Go through the scores: what each would do as a threshold, beside those that hold now."""
        return [self._step(score, now) for score in STEPS]

    def _step(self, score: float, now: Preview) -> Step:
        lower, upper = self.under(score, now.flagged_from), self.under(now.clear_below, score)
        return Step(
            score=score,
            as_lower=lower,
            as_upper=upper,
            lower_told=lower.lower_beside(now),
            upper_told=upper.upper_beside(now),
        )


def _from(rising: list[float], threshold: float) -> int:
    """Count the scores from the threshold on."""
    return len(rising) - bisect_left(rising, threshold)


def answers(version: ModelVersion) -> Answers:
    """Collect what `version` said, of reviewed photos without those that it learned from."""
    scores = version.predictions.scores()
    labelled, learned = Photo.objects.labelled(), TrainingRun.objects.taught_files(version)
    truth = {p: said for p, said in labelled.truth(without=learned).items() if p in scores}
    return Answers(
        cracked=sorted(scores[photo] for photo, cracked in truth.items() if cracked),
        clear=sorted(scores[photo] for photo, cracked in truth.items() if not cracked),
        judged=sorted(scores.values()),
    )


def move(version: ModelVersion, *, clear_below: float, flagged_from: float, by: User) -> int:
    """Judge by other thresholds from now on; return how many photos show another verdict.

    Photos without a decision get the verdict that their score has by them. What people decided on
    keeps the verdict they saw, and so does what is signed off.
    """
    return _judge_by(version, clear_below, flagged_from, ThresholdOrigin.MOVED, by=by)


def put_back(earlier: ThresholdSet, *, by: User) -> int:
    """Judge by an earlier set of a version's again, as `move` does."""
    origin = ThresholdOrigin.PUT_BACK
    return _judge_by(earlier.version, earlier.clear_below, earlier.flagged_from, origin, by=by)


@written_by(roles.ACTIVATE)
def _judge_by(
    version: ModelVersion,
    clear_below: float,
    flagged_from: float,
    origin: ThresholdOrigin,
    *,
    by: User,
) -> int:
    moved = ModelVersion.objects.held(version)
    before = [moved.clear_below, moved.flagged_from]
    moved.clear_below, moved.flagged_from = clear_below, flagged_from
    moved.save(update_fields=["clear_below", "flagged_from"])
    Inspection.objects.lock_all()
    photos = Prediction.objects.open_to_thresholds().follow(moved)
    ThresholdSet.objects.append(moved, origin=origin, by=by, photos=photos)
    AuditEvent.objects.record(
        f"thresholds {origin.value.replace('_', ' ')}",
        moved,
        by=by,
        before=before,
        after=[clear_below, flagged_from],
        photos=photos,
    )
    return photos


def catch_up(photos: PhotoQuerySet) -> None:
    """Judge photos by the thresholds in force that may be decided on again: those moved while a
    decision or a signature held the photos.
    """
    answers = Prediction.objects.about(photos).open_to_thresholds()
    for version in ModelVersion.objects.that_judged(photos):
        answers.follow(version)
