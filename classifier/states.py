"""The named states of photos, model versions and training runs, and the moves between them.

Each set of states and each allowed move is declared here and nowhere else. Rows change state only
by compare-and-set (`models.moves.StateQuerySet.move`), so two workers can never both win.
"""

from collections.abc import Mapping

from django.db.models import TextChoices


class PhotoState(TextChoices):
    WAITING = "waiting", "Waiting"
    CLASSIFYING = "classifying", "Classifying"
    CLASSIFIED = "classified", "Classified"
    UNREADABLE = "unreadable", "Unreadable"
    QUARANTINED = "quarantined", "Quarantined"


class Verdict(TextChoices):
    """The model's answer for a whole photo."""

    FLAGGED = "flagged", "Flagged"
    UNDECIDED = "undecided", "Undecided"
    CLEAR = "clear", "Clear"


class Outcome(TextChoices):
    """A person's answer for a photo; `withdrawn` is what an undo appends."""

    CONFIRMED = "confirmed", "Confirmed"
    DISMISSED = "dismissed", "Dismissed"
    CANT_TELL = "cant_tell", "Can’t tell"
    WITHDRAWN = "withdrawn", "Withdrawn"


class Cause(TextChoices):
    """What a reviewer saw where the model saw a crack."""

    JOINT = "joint", "Joint"
    SHADOW = "shadow", "Shadow"
    STAIN = "stain", "Stain"
    FORMWORK = "formwork", "Formwork line"
    CABLE = "cable", "Cable or wire"
    VEGETATION = "vegetation", "Vegetation"
    EDGE = "edge", "Edge or background"
    TEXTURE = "texture", "Surface texture"
    OTHER = "other", "Other"


class MarkKind(TextChoices):
    """What a reviewer marked on a photo."""

    MISSED = "missed", "A crack that was missed"
    REMARK = "remark", "A remark on this place"


class MarkShape(TextChoices):
    BOX = "box", "Box"
    LINE = "line", "Line"


class ReviewOrder(TextChoices):
    """In what order photos wait for review."""

    CONFIDENCE = "confidence", "Most certain first"
    UNCERTAINTY = "uncertainty", "Least certain first"
    STRUCTURE = "structure", "By structure"
    LEARNING = "learning", "Most to learn from"


class Side(TextChoices):
    """What a structure's reviewed photos are for; drawn once, never changed."""

    LEARN = "learn", "Learned from"
    TEST = "test", "Only measured"


class VersionState(TextChoices):
    CANDIDATE = "candidate", "Candidate"
    ACTIVE = "active", "Active"
    RETIRED = "retired", "Retired"
    REJECTED = "rejected", "Rejected"


class RunState(TextChoices):
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"
    INTERRUPTED = "interrupted", "Interrupted"


class ReportState(TextChoices):
    WAITING = "waiting", "Waiting"
    WRITING = "writing", "Being written"
    READY = "ready", "Ready"
    FAILED = "failed", "Failed"


class SignOffKind(TextChoices):
    SIGNED = "signed", "Signed off"
    REOPENED = "reopened", "Opened again"


class Paper(TextChoices):
    A4 = "A4", "A4"
    LETTER = "letter", "US Letter"


class RescoringState(TextChoices):
    RUNNING = "running", "Running"
    FINISHED = "finished", "Finished"
    CANCELLED = "cancelled", "Cancelled"


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
    VersionState.CANDIDATE: frozenset({VersionState.ACTIVE, VersionState.REJECTED}),
    VersionState.ACTIVE: frozenset({VersionState.RETIRED}),
    VersionState.RETIRED: frozenset({VersionState.ACTIVE, VersionState.REJECTED}),
    VersionState.REJECTED: frozenset(),
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
