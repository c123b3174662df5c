"""The records of the site; one file per noun."""

from classifier.models.audit_event import AuditEvent
from classifier.models.audit_sample import AuditSample
from classifier.models.decision import Decision
from classifier.models.mark import Mark
from classifier.models.model_version import ModelVersion
from classifier.models.override import Override
from classifier.models.photo import Photo, PhotoQuerySet
from classifier.models.photo_set import PhotoSet, progress_of
from classifier.models.picture import Picture
from classifier.models.prediction import Prediction
from classifier.models.pulse import Pulse
from classifier.models.region import ClearedRegion, Region
from classifier.models.report import Report
from classifier.models.rescoring import Rescoring
from classifier.models.share_link import ShareLink
from classifier.models.sign_off import SignOff, standing_of
from classifier.models.structure import Element, Inspection, Structure
from classifier.models.tally import Tally
from classifier.models.threshold_set import ThresholdSet
from classifier.models.training_run import TrainingRun
from classifier.models.trial import Trial
from classifier.models.user import User

__all__ = [
    "AuditEvent",
    "AuditSample",
    "ClearedRegion",
    "Decision",
    "Element",
    "Inspection",
    "Mark",
    "ModelVersion",
    "Override",
    "Photo",
    "PhotoQuerySet",
    "PhotoSet",
    "Picture",
    "Prediction",
    "Pulse",
    "Region",
    "Report",
    "Rescoring",
    "ShareLink",
    "SignOff",
    "Structure",
    "Tally",
    "ThresholdSet",
    "TrainingRun",
    "Trial",
    "User",
    "progress_of",
    "standing_of",
]
