"""The named states of photos, model versions and training runs, and the moves between them.

Each set of states and each allowed move is declared here and nowhere else. Rows change state only
by compare-and-set (`models.moves.StateQuerySet.move`), so two workers can never both win.
"""

from collections.abc import Mapping
from enum import StrEnum

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class PhotoState(TextChoices):
    WAITING = "waiting", _("Waiting")
    CLASSIFYING = "classifying", _("Classifying")
    CLASSIFIED = "classified", _("Classified")
    UNREADABLE = "unreadable", _("Unreadable")
    QUARANTINED = "quarantined", _("Quarantined")


class Verdict(TextChoices):
    """The model's answer for a whole photo."""

    FLAGGED = "flagged", _("Flagged")
    UNDECIDED = "undecided", _("Undecided")
    CLEAR = "clear", _("Clear")


class Turn(StrEnum):
    """How another version's verdict on a photo may differ: by the flag, and by whether anybody is
    to look at it, flagged or undecided.
    """

    NOW_FLAGGED = "now_flagged"
    NO_LONGER_FLAGGED = "no_longer_flagged"
    NEWLY_TO_LOOK_AT = "newly_to_look_at"
    NO_LONGER_TO_LOOK_AT = "no_longer_to_look_at"


class Outcome(TextChoices):
    """A person's answer for a photo; `withdrawn` is what an undo appends."""

    CONFIRMED = "confirmed", _("Confirmed")
    DISMISSED = "dismissed", _("Dismissed")
    CANT_TELL = "cant_tell", _("Can’t tell")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class Manner(TextChoices):
    """How the reviewer had the photo before them; a contact sheet shows it as a thumbnail."""

    BLIND = "blind", _("Opened, without the model’s answer")
    OPENED = "opened", _("Opened, with the model’s answer")
    SHEET = "sheet", _("Not opened: by its thumbnail on a contact sheet")


class Cause(TextChoices):
    """What a reviewer saw where the model saw a crack."""

    JOINT = "joint", _("Joint")
    SHADOW = "shadow", _("Shadow")
    STAIN = "stain", _("Stain")
    FORMWORK = "formwork", _("Formwork line")
    CABLE = "cable", _("Cable or wire")
    VEGETATION = "vegetation", _("Vegetation")
    EDGE = "edge", _("Edge or background")
    TEXTURE = "texture", _("Surface texture")
    OTHER = "other", _("Other")


class MarkKind(TextChoices):
    """What a reviewer marked on a photo."""

    MISSED = "missed", _("A crack that was missed")
    REMARK = "remark", _("A remark on this place")


class MarkShape(TextChoices):
    BOX = "box", _("Box")
    LINE = "line", _("Line")


class ReviewOrder(TextChoices):
    """In what order photos wait for review."""

    CONFIDENCE = "confidence", _("Most certain first")
    UNCERTAINTY = "uncertainty", _("Least certain first")
    STRUCTURE = "structure", _("By structure")
    LEARNING = "learning", _("Most to learn from")


class PhotoOrder(TextChoices):
    """In what order the photos of a structure or inspection are listed."""

    CONCERN = "", _("Most concern first")
    TAKEN = "taken", _("As taken")
    NAME = "name", _("By name")


class StructureOrder(TextChoices):
    """In what order the register lists structures."""

    NAME = "", _("By name")
    UNREVIEWED = "unreviewed", _("Most to review first")
    VISITED = "visited", _("Last visit first")


class Side(TextChoices):
    """What a structure's reviewed photos are for; drawn once, never changed."""

    LEARN = "learn", _("Learned from")
    TEST = "test", _("Only measured")


class VersionState(TextChoices):
    CANDIDATE = "candidate", _("Candidate")
    ACTIVE = "active", _("Active")
    RETIRED = "retired", _("Retired")
    DISCARDED = "discarded", _("Discarded")


class ThresholdOrigin(TextChoices):
    """How a version came to judge by a set of thresholds."""

    MADE = "made", _("Came with the model")
    MOVED = "moved", _("Moved")
    PUT_BACK = "put_back", _("Put back")


class RunState(TextChoices):
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    SUCCEEDED = "succeeded", _("Succeeded")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")
    INTERRUPTED = "interrupted", _("Interrupted")


class ReportState(TextChoices):
    WAITING = "waiting", _("Waiting")
    WRITING = "writing", _("Being written")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Failed")


class SignOffKind(TextChoices):
    SIGNED = "signed", _("Signed off")
    REOPENED = "reopened", _("Opened again")


class Paper(TextChoices):
    A4 = "A4", "A4"
    LETTER = "letter", _("US Letter")


class RescoringState(TextChoices):
    RUNNING = "running", _("Running")
    FINISHED = "finished", _("Finished")
    CANCELLED = "cancelled", _("Cancelled")


PENDING = frozenset({PhotoState.WAITING, PhotoState.CLASSIFYING})
FAILED = frozenset({PhotoState.UNREADABLE, PhotoState.QUARANTINED})
NEEDS_A_LOOK = frozenset({Verdict.FLAGGED, Verdict.UNDECIDED})
STANDING = frozenset({Outcome.CONFIRMED, Outcome.DISMISSED, Outcome.CANT_TELL})
OPEN_REPORTS = frozenset({ReportState.WAITING, ReportState.WRITING})
OPEN_RUNS = frozenset({RunState.QUEUED, RunState.RUNNING})

PHOTO_MOVES: Mapping[str, frozenset[PhotoState]] = {
    PhotoState.WAITING: frozenset({PhotoState.CLASSIFYING}),
    PhotoState.CLASSIFYING: frozenset(PhotoState),
    PhotoState.CLASSIFIED: frozenset({PhotoState.WAITING}),
    PhotoState.UNREADABLE: frozenset({PhotoState.WAITING}),
    PhotoState.QUARANTINED: frozenset({PhotoState.WAITING}),
}
VERSION_MOVES: Mapping[str, frozenset[VersionState]] = {
    VersionState.CANDIDATE: frozenset({VersionState.ACTIVE, VersionState.DISCARDED}),
    # One that was left for an earlier version is a candidate again: it has to pass the gate.
    VersionState.ACTIVE: frozenset({VersionState.RETIRED, VersionState.CANDIDATE}),
    VersionState.RETIRED: frozenset({VersionState.ACTIVE, VersionState.DISCARDED}),
    VersionState.DISCARDED: frozenset(),
}
REPORT_MOVES: Mapping[str, frozenset[ReportState]] = {
    ReportState.WAITING: frozenset({ReportState.WRITING}),
    ReportState.WRITING: frozenset({ReportState.READY, ReportState.FAILED}),
    ReportState.READY: frozenset(),
    ReportState.FAILED: frozenset(),
}
RUN_MOVES: Mapping[str, frozenset[RunState]] = {
    RunState.QUEUED: frozenset({RunState.RUNNING, RunState.CANCELLED, RunState.FAILED}),
    RunState.RUNNING: frozenset(RunState) - {RunState.RUNNING},
    RunState.SUCCEEDED: frozenset(),
    RunState.FAILED: frozenset(),
    RunState.CANCELLED: frozenset(),
    RunState.INTERRUPTED: frozenset(),
}
RESCORING_MOVES: Mapping[str, frozenset[RescoringState]] = {
    RescoringState.RUNNING: frozenset({RescoringState.FINISHED, RescoringState.CANCELLED}),
    RescoringState.FINISHED: frozenset(),
    RescoringState.CANCELLED: frozenset(),
}


def sources(moves: Mapping[str, frozenset[TextChoices]], target: str) -> list[str]:
    """Return the states from which `target` may be reached."""
    return [source for source, targets in moves.items() if target in targets]
