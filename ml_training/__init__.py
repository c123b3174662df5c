"""Hairline's classifier: a Keras network that finds cracks in photos of concrete.

Importing this package loads neither Keras nor TensorFlow nor numpy: every name below is fetched
from its module when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ml_training.artifacts import read_facts
    from ml_training.choosing import choose
    from ml_training.comparing import compare, golden_difference
    from ml_training.contracts import (
        BackendChoice,
        CompareRequest,
        Comparison,
        DatasetError,
        EvidenceMap,
        Finding,
        HairlineMLError,
        LabelledPhoto,
        ModelFacts,
        ModelFileError,
        PhotoAnswer,
        PhotoError,
        PhotoFacts,
        PhotoRefused,
        PhotoUnreadable,
        Progress,
        Region,
        RetrainRequest,
        Thresholds,
        TooFewPhotos,
        TrainingCancelled,
        TrainingError,
        Verdict,
    )
    from ml_training.duplicates import copies, trace, turned_traces
    from ml_training.inference import Classifier, load_classifier
    from ml_training.retraining import retrain
    from ml_training.synthetic import DrawnPhoto, draw_photo

RELEASED: Path = Path(__file__).parent / "released"

_HOMES = {
    "choose": "choosing",
    "compare": "comparing",
    "golden_difference": "comparing",
    "copies": "duplicates",
    "trace": "duplicates",
    "turned_traces": "duplicates",
    "read_facts": "artifacts",
    "Classifier": "inference",
    "load_classifier": "inference",
    "retrain": "retraining",
    "DrawnPhoto": "synthetic",
    "draw_photo": "synthetic",
} | dict.fromkeys(
    (
        "BackendChoice",
        "CompareRequest",
        "Comparison",
        "DatasetError",
        "EvidenceMap",
        "Finding",
        "HairlineMLError",
        "LabelledPhoto",
        "ModelFacts",
        "ModelFileError",
        "PhotoAnswer",
        "PhotoError",
        "PhotoFacts",
        "PhotoRefused",
        "PhotoUnreadable",
        "Progress",
        "Region",
        "RetrainRequest",
        "Thresholds",
        "TooFewPhotos",
        "TrainingCancelled",
        "TrainingError",
        "Verdict",
    ),
    "contracts",
)

__all__ = [
    "RELEASED",
    "BackendChoice",
    "Classifier",
    "CompareRequest",
    "Comparison",
    "DatasetError",
    "DrawnPhoto",
    "EvidenceMap",
    "Finding",
    "HairlineMLError",
    "LabelledPhoto",
    "ModelFacts",
    "ModelFileError",
    "PhotoAnswer",
    "PhotoError",
    "PhotoFacts",
    "PhotoRefused",
    "PhotoUnreadable",
    "Progress",
    "Region",
    "RetrainRequest",
    "Thresholds",
    "TooFewPhotos",
    "TrainingCancelled",
    "TrainingError",
    "Verdict",
    "choose",
    "compare",
    "copies",
    "draw_photo",
    "golden_difference",
    "load_classifier",
    "read_facts",
    "retrain",
    "trace",
    "turned_traces",
]


def __getattr__(name: str) -> object:
    """Fetch a public name from its module on first use (PEP 562)."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
