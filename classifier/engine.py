"""The one door to the CNN. Only plain dataclasses, paths and numbers pass.

`KerasEngine` is what people meet and loads Keras on first use; `StubEngine` answers from marker
pixels and is for fast tests only. The setting `HAIRLINE_ENGINE` chooses.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from django.conf import settings
from PIL import Image, ImageStat

import ml_training
from ml_training.contracts import (
    FEWEST_MEASURED,
    GOLDEN_TOLERANCE,
    CompareRequest,
    Comparison,
    EvidenceMap,
    Finding,
    HairlineMLError,
    LabelledPhoto,
    ModelFacts,
    ModelFileError,
    PhotoAnswer,
    Progress,
    Region,
    RetrainRequest,
    Thresholds,
    TooFewPhotos,
    TrainingCancelled,
)

if TYPE_CHECKING:
    from ml_training import Classifier

__all__ = [
    "FEWEST_MEASURED",
    "GOLDEN_TOLERANCE",
    "CompareRequest",
    "Comparison",
    "Engine",
    "Finding",
    "HairlineMLError",
    "LabelledPhoto",
    "ModelFacts",
    "ModelFileError",
    "PhotoAnswer",
    "Progress",
    "RetrainRequest",
    "Thresholds",
    "TooFewPhotos",
    "TrainingCancelled",
    "copies",
    "draw_photo",
    "engine",
    "trace",
    "turned_traces",
]

OnProgress = Callable[[Progress], None]
OnPhoto = Callable[[int, int], None]
ShouldStop = Callable[[], bool]


class Engine(Protocol):
    """What the site asks of a classifier. `model` is a model folder."""

    released: Path
    """The folder of the model that ships with this release."""

    def keep_released(self, out: Path) -> None:
        """Copy the shipped model to `out`; it appears whole or not at all."""

    def sums(self, model: Path) -> bytes:
        """Return the checksums that stand in the folder, unverified; raises ModelFileError."""

    def read_facts(self, model: Path) -> ModelFacts:
        """Verify the folder's checksums and read its card; raises ModelFileError."""

    def classify(self, image: Path, *, model: Path) -> PhotoAnswer:
        """Judge an upright RGB image file; raises ModelFileError, PhotoUnreadable."""

    def retrain(
        self, request: RetrainRequest, on_progress: OnProgress, should_stop: ShouldStop
    ) -> ModelFacts:
        """Train a candidate into `request.out`; raises TooFewPhotos, TrainingCancelled."""

    def compare(
        self, request: CompareRequest, on_photo: OnPhoto, should_stop: ShouldStop
    ) -> Comparison:
        """Judge a candidate beside the active model; raises TrainingCancelled."""

    def golden_difference(self, model: Path) -> float | None:
        """How far the model is from the answers it gave when it was written, the largest distance
        of scores; None where none were recorded. Raises ModelFileError.
        """

    def choose(
        self, embeddings: list[bytes], uncertainty: list[float], known: list[bytes]
    ) -> list[int]:
        """Give the numbers of the photos to review, the most instructive first."""


class KerasEngine:
    """The real network. One classifier stays loaded, that of the folder that was opened last, as
    long as its checksums stay what they were; a folder that cannot be opened leaves it in place.
    """

    released = ml_training.RELEASED

    def __init__(self) -> None:
        self._loaded: Classifier | None = None
        self._loaded_from: tuple[Path, bytes] | None = None

    def keep_released(self, out: Path) -> None:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=".keeping-") as folder:
            shutil.copytree(self.released, Path(folder) / "model").rename(out)

    def sums(self, model: Path) -> bytes:
        try:
            return (model / "SHA256SUMS").read_bytes()
        except OSError as error:
            raise ModelFileError(f"The model folder {model.name} has no checksums.") from error

    def read_facts(self, model: Path) -> ModelFacts:
        return ml_training.read_facts(model)

    def classify(self, image: Path, *, model: Path) -> PhotoAnswer:
        return self._classifier(model).classify(image)

    def retrain(
        self, request: RetrainRequest, on_progress: OnProgress, should_stop: ShouldStop
    ) -> ModelFacts:
        return ml_training.retrain(request, on_progress=on_progress, should_stop=should_stop)

    def compare(
        self, request: CompareRequest, on_photo: OnPhoto, should_stop: ShouldStop
    ) -> Comparison:
        return ml_training.compare(request, on_photo=on_photo, should_stop=should_stop)

    def golden_difference(self, model: Path) -> float | None:
        return ml_training.golden_difference(model)

    def choose(
        self, embeddings: list[bytes], uncertainty: list[float], known: list[bytes]
    ) -> list[int]:
        return ml_training.choose(embeddings, uncertainty, known=known)

    def _classifier(self, folder: Path) -> "Classifier":
        asked = (folder, self.sums(folder))
        if self._loaded is None or self._loaded_from != asked:
            self._loaded, self._loaded_from = _opened(folder), asked
        return self._loaded


def _opened(folder: Path) -> "Classifier":
    """Load a model. Whatever goes wrong (no access, no memory, a fault in a library) is a
    ModelFileError: no photo has a part in it.
    """
    try:
        return ml_training.load_classifier(folder)
    except ModelFileError:
        raise
    except Exception as error:
        raise ModelFileError(
            f"The model folder {folder.name} cannot be loaded: {error!r}."
        ) from error


class StubEngine:
    """Answers by the mean colour of the top left 16 × 16 pixels: red is a crack, amber doubt."""

    released = Path("stub")
    NAME = "stub"
    THRESHOLDS = Thresholds(clear_below=0.3, flagged_from=0.7)

    def keep_released(self, out: Path) -> None:
        out.mkdir(parents=True)
        (out / "card.json").write_text(json.dumps({"name": self.NAME}))

    def sums(self, model: Path) -> bytes:
        return self.read_facts(model).name.encode()

    def read_facts(self, model: Path) -> ModelFacts:
        card: dict[str, Any] = {"name": self.NAME} if model == self.released else self._card(model)
        name = str(card.get("name"))
        digest = hashlib.sha256(name.encode()).hexdigest()
        thresholds = Thresholds(**card.get("thresholds", vars(self.THRESHOLDS)))
        return ModelFacts(name, digest, digest, thresholds, {"name": name})

    def classify(self, image: Path, *, model: Path) -> PhotoAnswer:
        self._load(model)  # otherwise every version answers alike
        with Image.open(image) as photo:
            red, green, _ = ImageStat.Stat(photo.convert("RGB").crop((0, 0, 16, 16))).mean
        score = 0.05 if red < 180 else 0.5 if green > 100 else 0.95
        outline = ((0.0, 0.0), (0.5, 0.0), (0.5, 0.5))
        return PhotoAnswer(
            score=score,
            verdict=self.THRESHOLDS.verdict(score),
            regions=(Region(outline, score),) if score > 0.3 else (),
            evidence=EvidenceMap(2, 2, bytes([round(score * 255), 0, 0, 0])),
            seconds=0.0,
            embedding=bytes([round(red), round(green)]),
        )

    def _load(self, model: Path) -> None:
        """Refuse what Keras would: a card that cannot be read, or one that says `unloadable`."""
        self.read_facts(model)
        if model != self.released and "unloadable" in self._card(model):
            raise ModelFileError(f"{model.name} is whole and cannot be loaded.")

    def _card(self, model: Path) -> dict[str, Any]:
        try:
            return dict(json.loads((model / "card.json").read_text()))
        except (OSError, ValueError) as error:
            raise ModelFileError(f"{model.name} has no card that can be read.") from error

    def retrain(
        self, request: RetrainRequest, on_progress: OnProgress, should_stop: ShouldStop
    ) -> ModelFacts:
        if len({photo.cracked for photo in request.photos}) < 2:
            raise TooFewPhotos("Both confirmed and dismissed photos are needed.")
        on_progress(Progress(0, request.epochs, 0, 0, 0.0, None, "reading photos"))
        for epoch in range(1, request.epochs + 1):
            if should_stop():
                raise TrainingCancelled("stopped")
            on_progress(Progress(epoch, request.epochs, 1, 1, 1 / epoch, 0.0, "learning"))
        shutil.rmtree(request.out, ignore_errors=True)
        request.out.mkdir(parents=True)
        thresholds = vars(request.thresholds or self.THRESHOLDS)
        card = {"name": request.name, "thresholds": thresholds}
        (request.out / "card.json").write_text(json.dumps(card))
        return self.read_facts(request.out)

    def compare(
        self, request: CompareRequest, on_photo: OnPhoto, should_stop: ShouldStop
    ) -> Comparison:
        scores = []
        for number, photo in enumerate(request.photos, 1):
            if should_stop():
                raise TrainingCancelled("stopped")
            active = self.classify(photo.path, model=request.active)
            candidate = self.classify(photo.path, model=request.candidate)
            scores.append((active.score, candidate.score))
            on_photo(number, len(request.photos))
        return Comparison((Finding("stub", True, "It answers alike."),), {}, tuple(scores))

    def golden_difference(self, model: Path) -> float | None:
        self._load(model)
        return None

    def choose(
        self, embeddings: list[bytes], uncertainty: list[float], known: list[bytes]
    ) -> list[int]:
        """Take each colour once, the least certain first, then the others."""
        order = sorted(range(len(embeddings)), key=lambda n: -uncertainty[n])
        first = {embeddings[n]: n for n in reversed(order) if embeddings[n] not in known}
        return sorted(order, key=lambda n: n not in first.values())


@cache
def engine() -> Engine:
    """Return the engine that the settings name; one a process."""
    return StubEngine() if settings.ENGINE == "stub" else KerasEngine()


def draw_photo(
    *, seed: int, cracked: bool, scene: str, size: tuple[int, int], exif: Image.Exif, out: Path
) -> None:
    """Write a drawn photo to `out` (JPEG)."""
    drawn = ml_training.draw_photo(
        seed=seed, cracked=cracked, width=size[0], height=size[1], scene=scene
    )
    drawn.image.save(out, quality=92, exif=exif)


def trace(photo: Path) -> bytes:
    """Return what a photo is known again by when it is gone; raises PhotoUnreadable."""
    return ml_training.trace(photo)


def turned_traces(photo: Path) -> tuple[bytes, ...]:
    """Return a photo's traces as it is, turned and mirrored; raises PhotoUnreadable."""
    return ml_training.turned_traces(photo)


def copies(seen: list[tuple[bytes, ...]], known: Iterable[bytes]) -> list[int]:
    """Tell by number which of the pictures with these `turned_traces` is one that is `known`."""
    return ml_training.copies(seen, known)
