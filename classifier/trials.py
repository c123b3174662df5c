"""Comparisons that somebody asked for: however often the button is pressed, one is made, and it
ends with a sentence also where it could not be made.
"""

import logging

from classifier import gate, rescoring, roles, shadows
from classifier.engine import Comparison, Finding, HairlineMLError
from classifier.models import AuditEvent, ModelVersion, Trial, User
from classifier.rights import written_by

logger = logging.getLogger(__name__)

ASKED = "comparison asked"
FAULT = "The comparison stopped on an error; the log has it."


@written_by(roles.TRAIN)
def ask(version: ModelVersion, *, by: User) -> bool:
    """Note that a comparison is wanted; False where one is under way already."""
    asked = AuditEvent.objects.newest(ASKED, version)
    if asked and not _is_answered(asked, version):
        return False
    AuditEvent.objects.record(ASKED, version, by=by, after=_newest(version))
    return True


def carry_out(version: ModelVersion) -> None:
    """Compare a version with the active one, unless what was asked for is answered; try one that
    passed on the newest photos next.
    """
    asked = AuditEvent.objects.newest(ASKED, version)
    if asked and _is_answered(asked, version):
        return
    try:
        trial = gate.compare(version)
    except gate.CannotCompare as error:
        logger.warning("version %s was not compared: %s", version.pk, error)
    except HairlineMLError as error:
        _record_failure(version, f"It could not be compared. {error}")
    except Exception:
        logger.exception("the comparison of version %s failed", version.pk)
        _record_failure(version, FAULT)
    else:
        if trial.passed and asked and asked.actor and version.pk in shadows.not_ended():
            rescoring.queue(version, by=asked.actor)


def _is_answered(asked: AuditEvent, version: ModelVersion) -> bool:
    return bool(_newest(version) != asked.detail["after"])


def _newest(version: ModelVersion) -> int:
    trial = Trial.objects.newest_of(version)
    return trial.pk if trial else 0


def _record_failure(version: ModelVersion, sentence: str) -> None:
    active = ModelVersion.objects.active()
    if active:
        found = Comparison((Finding("comparison", False, sentence),), {}, ())
        gate.record(found, version, active, [])
