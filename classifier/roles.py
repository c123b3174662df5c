"""Which role holds which rights. A role is a Django group; a person may hold several."""

from collections.abc import Mapping

SEE = "classifier.view_photo"
REGISTER = "classifier.add_structure"
UPLOAD = "classifier.add_photo"
DOWNLOAD = "classifier.download_original"
REVIEW = "classifier.add_decision"
TRAIN = "classifier.add_trainingrun"
ACTIVATE = "classifier.change_modelversion"
OPERATE = "classifier.view_auditevent"

ROLES: Mapping[str, frozenset[str]] = {
    "viewer": frozenset({SEE}),
    "inspector": frozenset({SEE, REGISTER, UPLOAD, DOWNLOAD}),
    "reviewer": frozenset({SEE, DOWNLOAD, REVIEW}),
    "admin": frozenset({SEE, REGISTER, UPLOAD, DOWNLOAD, REVIEW, TRAIN, ACTIVATE, OPERATE}),
}
