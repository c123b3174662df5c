"""Clearing outlines on a confirmed photo: there is a crack, but not in each of them.

What is cleared teaches as a place without a crack; the photo stays confirmed. Like decisions and
marks, clearings only append, and stand still in an inspection that is signed off.
"""

from collections.abc import Iterable

from django.db import IntegrityError, transaction

from classifier import review, roles
from classifier.models import AuditEvent, ClearedRegion, Photo, Region, User
from classifier.rights import written_by


@written_by(roles.REVIEW)
def clear(photo: Photo, regions: Iterable[int], *, by: User, seen_decision_id: int | None) -> int:
    """Clear regions (by id) of the answer on which the photo was confirmed; return how many.

    Others are left alone, such as one that a colleague cleared already. Raises DecidedMeanwhile
    where another decision stands than the one seen, SignedOff in a signed inspection.
    """
    review.hold(photo, seen_decision_id)
    cleared = list(Region.objects.clearable(photo, regions))
    for region in cleared:
        ClearedRegion.objects.create(region=region, by=by)
        AuditEvent.objects.record("outline cleared", photo, by=by, region=region.pk)
    return len(cleared)


@written_by(roles.REVIEW)
def restore(cleared: ClearedRegion, *, by: User, seen_decision_id: int | None) -> None:
    """Take a clearing back; raises as `clear` does."""
    photo = cleared.region.prediction.photo
    review.hold(photo, seen_decision_id)
    try:
        with transaction.atomic():
            ClearedRegion.objects.create(region=cleared.region, withdraws=cleared, by=by)
    except IntegrityError:
        return  # a second press, or a colleague's
    AuditEvent.objects.record("outline restored", photo, by=by, region=cleared.region_id)
