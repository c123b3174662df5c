"""People's decisions: confirm, dismiss with a cause, can't tell, undo. Nothing is overwritten."""

from django.db import transaction

from classifier.models import AuditEvent, Decision, Photo, PhotoQuerySet, Structure, User
from classifier.states import Outcome


class DecidedMeanwhile(Exception):
    """Another decision stands than the one the reviewer saw; `photo` carries the fresh state."""

    def __init__(self, photo: Photo) -> None:
        super().__init__(f"{photo} was decided meanwhile")
        self.photo = photo


@transaction.atomic
def decide(
    photo: Photo,
    outcome: str,
    *,
    by: User,
    seen_decision_id: int | None,
    cause: str = "",
    remark: str = "",
) -> Decision:
    """Append a decision and let it stand; raises DecidedMeanwhile where another came first.

    `seen_decision_id` is the decision that stood on the reviewer's page, None for none.
    """
    decision = Decision.objects.create(
        photo=photo,
        prediction=photo.prediction,
        follows_id=seen_decision_id,
        outcome=outcome,
        cause=cause,
        remark=remark,
        by=by,
    )
    _let_stand(photo, decision, instead_of=seen_decision_id)
    AuditEvent.objects.record("photo " + outcome.replace("_", " "), photo, by=by, cause=cause)
    return decision


@transaction.atomic
def undo(photo: Photo, *, by: User, seen_decision_id: int) -> Decision | None:
    """Withdraw the standing decision; the one before it stands again. Returns what stands now."""
    withdrawn = photo.decision
    if withdrawn is None or withdrawn.pk != seen_decision_id:
        raise DecidedMeanwhile(photo)
    Decision.objects.create(
        photo=photo,
        follows=withdrawn,
        outcome=Outcome.WITHDRAWN,
        by=by,
        prediction=photo.prediction,
    )
    _let_stand(photo, withdrawn.follows, instead_of=withdrawn.pk)
    AuditEvent.objects.record("decision withdrawn", photo, by=by, outcome=withdrawn.outcome)
    return withdrawn.follows


def _let_stand(photo: Photo, decision: Decision | None, *, instead_of: int | None) -> None:
    """Point the photo at `decision` if `instead_of` still stands: compare-and-set."""
    if not Photo.objects.by_id(photo.pk).decided_as(instead_of).update(decision=decision):
        photo.refresh_from_db()
        raise DecidedMeanwhile(photo)
    photo.decision = decision


def queue(structure: Structure | None = None) -> PhotoQuerySet:
    """Return the photos that wait for a person: flagged and undecided, most certain first."""
    photos = Photo.objects.needing_a_look().unreviewed().by_concern().for_cards()
    return photos.for_structure(structure) if structure else photos
