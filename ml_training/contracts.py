"""What crosses the border of `ml_training`: plain frozen dataclasses and one tree of errors.

Standard library only, so that a web process may import it without loading Keras, TensorFlow or
numpy.

    HairlineMLError
    ├── PhotoError             a photo cannot be used; `str(error)` is a plain sentence for a person
    │   ├── PhotoRefused       not acceptable at all (type, size, shape); carries `http_status`
    │   └── PhotoUnreadable    the header is fine, the pixels are damaged; found when decoding
    ├── ModelFileError         a model folder is missing, damaged, of another format, or holds NaN
    weights ├── DatasetError           an index or folder of photos is unusable, or a group leaks
    between splits └── TrainingError          a training cannot give a model
        ├── TooFewPhotos       not enough photos of one kind to learn from
        └── TrainingCancelled  `should_stop()` answered True; nothing was written to the output
        folder
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Verdict = Literal["flagged", "undecided", "clear"]

FEWEST_MEASURED = 10
"""With fewer cracked or clear photos to measure on, the gate lets no candidate pass."""
GOLDEN_TOLERANCE = 1e-4
"""How far a score may be from the one recorded when its model was written: other processors round
otherwise."""
BackendChoice = Literal["auto", "tensorflow", "openvino"]
RefusalStatus = Literal[413, 415, 422]
Box = tuple[float, float, float, float]


class HairlineMLError(Exception):
    """Everything this package raises on purpose."""


class PhotoError(HairlineMLError):
    """A photo cannot be used. `code` is for programs, `sentence` for a person; `str(error) ==
    sentence`.
    """

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.code, self.sentence)


class PhotoRefused(PhotoError):
    """The photo is not acceptable at all: too large (413), a foreign type (415), or unusable
    (422).
    """

    def __init__(self, code: str, sentence: str, http_status: RefusalStatus) -> None:
        super().__init__(code, sentence)
        self.http_status: RefusalStatus = http_status

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.code, self.sentence, self.http_status)


class PhotoUnreadable(PhotoError):
    """The header is fine, the pixels are damaged: found when decoding."""


class ModelFileError(HairlineMLError):
    """A model folder cannot be trusted or opened: missing, changed, another format version, NaN
    weights.
    """


class DatasetError(HairlineMLError):
    """An index or a folder of photos is unusable, or one group would stand in two splits."""


class TrainingError(HairlineMLError):
    """A training cannot give a model."""


class TooFewPhotos(TrainingError):
    """There are not enough photos of one kind to learn from."""


class TrainingCancelled(TrainingError):
    """The caller asked to stop; nothing was written to the output folder."""


@dataclass(frozen=True)
class Region:
    """One place in a photo that looks like a crack.

    `outline` is a closed polygon (the first point is not repeated) of (x, y) in fractions 0–1 of
    the upright photo's width and height. `score` is the region's strongest calibrated
    probability, 0–1.
    """

    outline: tuple[tuple[float, float], ...]
    score: float


@dataclass(frozen=True)
class EvidenceMap:
    """Where the network sees a crack: `width` × `height` cells spread evenly over the upright
    photo.

    `cells` is row-major, one byte a cell: calibrated probability × 255, rounded.
    """

    width: int
    height: int
    cells: bytes


@dataclass(frozen=True)
class PhotoAnswer:
    """What the classifier says about one photo. `score` is calibrated, 0–1; `seconds` is wall
    time; `embedding` is for `choose`, which finds photos that differ.
    """

    score: float
    verdict: Verdict
    regions: tuple[Region, ...]
    evidence: EvidenceMap
    seconds: float
    embedding: bytes = b""


@dataclass(frozen=True)
class Thresholds:
    """Scores below `clear_below` are clear, from `flagged_from` on flagged, undecided in
    between.
    """

    clear_below: float
    flagged_from: float

    def verdict(self, score: float) -> Verdict:
        """Give the verdict for a calibrated score, 0–1."""
        if score >= self.flagged_from:
            return "flagged"
        return "clear" if score < self.clear_below else "undecided"


@dataclass(frozen=True)
class ModelFacts:
    """What a model folder says of itself. `card` is the whole of card.json.

    `files_sha256` is that of the list of all files' checksums: it tells apart what has the same
    weights but other settings.
    """

    name: str
    weights_sha256: str
    files_sha256: str
    thresholds: Thresholds
    card: Mapping[str, object]


@dataclass(frozen=True)
class LabelledPhoto:
    """A photo with a person's answer. `group` is the structure; a group is never split.

    `name` is what a message calls it; figures are given apart for each `kind` of structure.
    `places` are boxes (left, top, right, bottom, in fractions 0–1) around cracks that a person
    marked; there may be cracks elsewhere, too. `regions` are boxes around what a model had outlined
    when the person answered: confirmed or dismissed with the photo. `cleared` are boxes around
    outlines in which the person saw no crack, on a photo that has one elsewhere. `key` tells a
    photo apart for good, wherever its file lies; the path where it is empty.
    """

    path: Path
    cracked: bool
    group: str
    name: str = ""
    kind: str = ""
    places: tuple[Box, ...] = ()
    regions: tuple[Box, ...] = ()
    cleared: tuple[Box, ...] = ()
    key: str = ""


@dataclass(frozen=True)
class RetrainRequest:
    """What a retraining needs.

    `base` is the model folder to start from, `out` the folder to create (it must not exist yet).
    `held_out_groups` are only measured, never trained on. `replay` is an index file, a folder of
    `Positive/` and `Negative/`, or None for drawn photos. `thresholds` are those by which the base
    judges, where they are not those of its folder. `checkpoint` is a file written after each
    epoch: the same request goes on from it.
    """

    photos: tuple[LabelledPhoto, ...]
    held_out_groups: frozenset[str]
    base: Path
    out: Path
    replay: Path | None
    epochs: int
    seed: int
    name: str
    thresholds: Thresholds | None = None
    checkpoint: Path | None = None


@dataclass(frozen=True)
class CompareRequest:
    """Two model folders and photos that neither has learned from.

    The thresholds are those of the folders where they are not given.
    """

    active: Path
    candidate: Path
    photos: tuple[LabelledPhoto, ...]
    active_thresholds: Thresholds | None = None
    candidate_thresholds: Thresholds | None = None


@dataclass(frozen=True)
class Finding:
    """One condition a candidate has to meet, whether it does, and that in a sentence."""

    rule: str
    passed: bool
    sentence: str


@dataclass(frozen=True)
class Comparison:
    """How a candidate does against the active model on the same photos.

    `scores` are (active, candidate) of each photo of the request, in its order; `figures` maps the
    kinds of structure and `overall` to the figures of `active` and `candidate`.
    """

    findings: tuple[Finding, ...]
    figures: Mapping[str, object]
    scores: tuple[tuple[float, float], ...]

    @property
    def passed(self) -> bool:
        """Whether the candidate may go live without anyone's word."""
        return all(finding.passed for finding in self.findings)


@dataclass(frozen=True)
class Progress:
    """How far a training is. `epoch` counts from 1 to `epochs` (0: the stages before them),
    `step` from 0 to `steps` of the epoch. `held_out_loss` is that of crops which are not learned
    from, where there are some.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    seconds_left: float | None
    note: str
    held_out_loss: float | None = None


@dataclass(frozen=True)
class PhotoFacts:
    """What a photo's header says. `width` and `height` are upright pixels.

    `media_type` is image/jpeg, image/png, image/webp, image/heic or image/tiff; `orientation` is
    the EXIF value 1–8 as applied; `notices` are sentences such as "Only the first page is used.".
    """

    media_type: str
    width: int
    height: int
    orientation: int
    notices: tuple[str, ...]
