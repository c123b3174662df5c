"""People's decisions: confirm, dismiss, can't tell, mark, undo. Nothing is overwritten."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from classifier import roles, thresholds
from classifier.models import (
    AuditEvent,
    Decision,
    Inspection,
    Mark,
    Photo,
    PhotoQuerySet,
    Prediction,
    SignOff,
    Structure,
    User,
)
from classifier.rights import written_by
from classifier.states import MarkKind, Outcome, ReviewOrder, Verdict


class DecidedMeanwhile(Exception):
    """Another decision stands than the one the reviewer saw; `photo` carries the fresh state."""

    def __init__(self, photo: Photo) -> None:
        super().__init__(_("%(photo)s was decided meanwhile") % {"photo": photo})
        self.photo = photo


class SignedOff(DecidedMeanwhile):
    """The photo's inspection is signed off, so its decisions are frozen."""


def refuse_where_signed(photo: Photo) -> None:
    """Raise SignedOff in a signed inspection; until the transaction ends nobody else decides."""
    # Locked, so that nobody signs between this look and the decision.
    if SignOff.objects.standing(Inspection.objects.lock_of(photo)):
        raise SignedOff(photo)


def hold(photo: Photo, seen_decision_id: int | None) -> None:
    """Raise DecidedMeanwhile unless the decision that was seen stands, until the transaction
    ends; SignedOff in a signed inspection.
    """
    refuse_where_signed(photo)
    if not Photo.objects.by_id(photo.pk).decided_as(seen_decision_id).exists():
        photo.refresh_from_db()
        raise DecidedMeanwhile(photo)


@written_by(roles.REVIEW)
def decide(
    photo: Photo,
    outcome: str,
    *,
    by: User,
    seen_decision_id: int | None,
    seen_answer_id: int | None = None,
    cause: str = "",
    remark: str = "",
    blind: bool = False,
    batch: UUID | None = None,
) -> Decision:
    """Append a decision and let it stand; raises DecidedMeanwhile where another came first.

    `seen_decision_id` is the decision that stood on the reviewer's page, None for none, and
    `seen_answer_id` the model's answer; without one of this photo it is the one that stands now.
    `blind` says that the model's answer was not on it. In an inspection that is signed off, this
    and all below raise SignedOff.
    """
    refuse_where_signed(photo)
    seen = photo.predictions.filter(pk=seen_answer_id).first() if seen_answer_id else None
    decision = Decision.objects.create(
        photo=photo,
        prediction=seen or photo.prediction,
        follows_id=seen_decision_id,
        outcome=outcome,
        cause=cause,
        remark=remark,
        blind=blind,
        batch=batch,
        by=by,
    )
    _let_stand(photo, decision, instead_of=seen_decision_id)
    before = decision.follows.outcome if decision.follows else ""
    action = "photo " + outcome.replace("_", " ")
    AuditEvent.objects.record(action, photo, by=by, cause=cause, before=before)
    return decision


@written_by(roles.REVIEW)
def undo(photo: Photo, *, by: User, seen_decision_id: int) -> Decision | None:
    """Withdraw the standing decision; the one before it stands again. Returns what stands now."""
    refuse_where_signed(photo)
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
    thresholds.catch_up(Photo.objects.by_id(photo.pk))
    after = withdrawn.follows.outcome if withdrawn.follows else ""
    AuditEvent.objects.record(
        "decision withdrawn", photo, by=by, before=withdrawn.outcome, after=after
    )
    return withdrawn.follows


def _let_stand(photo: Photo, decision: Decision | None, *, instead_of: int | None) -> None:
    """Point the photo at `decision` if `instead_of` still stands: compare-and-set."""
    if not Photo.objects.by_id(photo.pk).decided_as(instead_of).update(decision=decision):
        photo.refresh_from_db()
        raise DecidedMeanwhile(photo)
    photo.decision = decision


def queue(
    structure: Structure | None = None, *, order: str = ReviewOrder.CONFIDENCE
) -> PhotoQuerySet:
    """Return the photos that wait for a person, in the order asked for.

    Flagged and undecided ones, and the audit samples of clear ones, which carry no sign.
    """
    return in_order(Photo.objects.waiting_for_review(), structure, order=order)


def at_place(waiting: PhotoQuerySet, number: int) -> int | None:
    """Return the id of the photo at place `number` of a queue, counted from 1."""
    ids = waiting.values_list("pk", flat=True)
    return ids[number - 1 : number].first() if number > 0 else None


def next_flagged(waiting: PhotoQuerySet, after: int) -> int | None:
    """Return the id of the next flagged photo in a queue, from the start again after its end.

    Clear photos drawn for an audit count as flagged: a jump must not tell them apart.
    """
    rows = list(waiting.values_list("pk", "prediction__verdict"))
    start = next((n + 1 for n, (pk, _) in enumerate(rows) if pk == after), 0)
    turned = rows[start:] + rows[:start]
    return next((pk for pk, verdict in turned if verdict != Verdict.UNDECIDED), None)


def pile(
    structure: Structure | None = None, *, clear: bool, order: str = ReviewOrder.CONFIDENCE
) -> PhotoQuerySet:
    """Return the photos that nobody has looked at: the flagged and undecided, or the clear ones.

    Without those drawn for an audit: they are judged one by one, without the model's answer.
    """
    photos = Photo.objects.unreviewed().outside_audits()
    photos = photos.with_verdict(Verdict.CLEAR) if clear else photos.needing_a_look()
    return in_order(photos, structure, order=order)


def in_order(photos: PhotoQuerySet, structure: Structure | None, *, order: str) -> PhotoQuerySet:
    if structure:
        photos = photos.for_structure(structure)
    if order == ReviewOrder.UNCERTAINTY:
        return photos.by_uncertainty().for_cards()
    if order == ReviewOrder.LEARNING:
        return photos.by_lesson().for_cards()
    if order == ReviewOrder.STRUCTURE:
        return photos.by_structure().for_cards()
    return photos.by_confidence_unmarked().for_cards()


def decide_many(
    photo_ids: list[int],
    outcome: str,
    *,
    by: User,
    batch: UUID | None = None,
    cause: str = "",
    seen_answer_ids: Iterable[int] = (),
) -> tuple[list[Photo], list[Photo]]:
    """Decide alike on many photos that nobody had decided on, each on its own.

    `batch` is a fresh number, by which `undo_many` finds them again; `seen_answer_ids` are the
    model's answers that the page showed, as in `decide`.

    Returns those decided, and those that a colleague decided meanwhile, which are left alone.
    """
    decided, left_alone = [], []
    seen = Prediction.objects.by_photo(seen_answer_ids)
    for photo in Photo.objects.by_ids(photo_ids).values():
        try:
            decide(
                photo,
                outcome,
                by=by,
                seen_decision_id=None,
                seen_answer_id=seen.get(photo.pk),
                cause=cause,
                batch=batch,
            )
            decided.append(photo)
        except DecidedMeanwhile:
            left_alone.append(photo)
    return decided, left_alone


def undo_many(batch: UUID, *, by: User) -> tuple[list[Photo], list[Photo]]:
    """Withdraw what this person decided in one press, wherever it still stands.

    Returns the photos that wait again, and those decided anew or signed off since: they stay.
    """
    undone, left_alone = [], []
    for decision in Decision.objects.in_batch(batch, by=by).select_related("photo__decision"):
        try:
            undo(decision.photo, by=by, seen_decision_id=decision.pk)
            undone.append(decision.photo)
        except DecidedMeanwhile:
            left_alone.append(decision.photo)
    return undone, left_alone


@dataclass(frozen=True)
class Place:
    """A box or line on a photo, corner to corner, in fractions of its width and height."""

    shape: str
    x1: float
    y1: float
    x2: float
    y2: float


@written_by(roles.REVIEW)
def mark(
    photo: Photo,
    place: Place,
    kind: str,
    *,
    by: User,
    seen_decision_id: int | None,
    seen_answer_id: int | None = None,
    remark: str,
    blind: bool = False,
) -> Mark:
    """Append a mark. A missed crack also confirms the photo, so that it counts as one everywhere.

    Raises DecidedMeanwhile, with nothing written, where a missed crack is marked and another
    decision stands than the one seen.
    """
    refuse_where_signed(photo)
    decision = None
    if kind == MarkKind.MISSED:
        hold(photo, seen_decision_id)
        if not Photo.objects.by_id(photo.pk).with_outcome(Outcome.CONFIRMED).exists():
            decision = decide(
                photo,
                Outcome.CONFIRMED,
                by=by,
                seen_decision_id=seen_decision_id,
                seen_answer_id=seen_answer_id,
                blind=blind,
            )
    placed = Mark.objects.create(
        photo=photo, kind=kind, **vars(place), remark=remark, decision=decision, by=by
    )
    AuditEvent.objects.record(f"mark placed: {kind}", photo, by=by, remark=remark)
    return placed


@written_by(roles.REVIEW)
def withdraw_mark(placed: Mark, *, by: User) -> None:
    """Take a mark back, and the confirmation that came with it where that still stands."""
    photo = placed.photo
    refuse_where_signed(photo)
    photo.refresh_from_db(fields=["decision"])  # a colleague may have decided before we held it
    place = Place(placed.shape, placed.x1, placed.y1, placed.x2, placed.y2)
    try:
        with transaction.atomic():
            Mark.objects.create(
                photo=photo, kind=placed.kind, **vars(place), withdraws=placed, by=by
            )
    except IntegrityError:
        return  # a second press, or a colleague's
    AuditEvent.objects.record(f"mark withdrawn: {placed.kind}", photo, by=by)
    if placed.decision_id and photo.decision_id == placed.decision_id:
        undo(photo, by=by, seen_decision_id=placed.decision_id)
