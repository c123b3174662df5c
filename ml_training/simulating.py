"""What reviewing buys: a new site is reviewed photo by photo, as if by a person, and learned from.

Each seed splits a site in halves: one to review from, one that only measures, the same for every
order and number of reviews. Photos of the measuring half that show the same picture as a reviewed
one are left out. Each piece (site, seed, order, number) is one file and is never computed twice, so
a stopped simulation goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ml_training import evaluation, measuring
from ml_training.choosing import choose
from ml_training.contracts import Box, LabelledPhoto, Progress, RetrainRequest
from ml_training.dataset import Example, read_examples
from ml_training.duplicates import same_pictures
from ml_training.inference import Classifier, load_classifier
from ml_training.retraining import retrain

ORDERS = ("chosen", "random")
FALSE_FLAGS = 0.1
_VERSION = 2

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Plan:
    """What to simulate, in the order in which it is worth most."""

    sites: tuple[str, ...] = ("crosssite_brick", "crosssite_concrete")
    counts: tuple[int, ...] = (100, 50, 200)
    seeds: tuple[int, ...] = (1, 2, 3)
    orders: tuple[str, ...] = ORDERS
    epochs: int = 4
    measured: int = 400
    """Photos of a site that measure, at most."""
    old: int = 40
    """Photos of each base source and kind on which forgetting is measured."""
    base_data: bool = True
    """Whether base photos are replayed; without, as on a site that has none."""
    minutes: float = 1e9
    """No piece is begun after so many."""


QUICK = Plan(counts=(12,), seeds=(1,), epochs=1, measured=20, old=4)


@dataclass(frozen=True)
class Piece:
    """One retraining of the simulation and what came of it."""

    site: str
    seed: int
    order: str
    reviews: int
    epochs: int
    cracked: int
    recall: tuple[float, float]
    """At 10 % false flags, before and after."""
    auc: tuple[float, float]
    old_auc: dict[str, tuple[float, float]] = field(default_factory=dict)
    measured: int = 0
    seconds: float = 0.0

    @property
    def fewer_misses(self) -> float:
        """By which share the misses at 10 % false flags fell."""
        missed = [1 - recall for recall in self.recall]
        return (missed[0] - missed[1]) / missed[0] if missed[0] else 0.0


@dataclass(frozen=True)
class _Look:
    """What the base said of a photo: score, embedding, and its regions with their scores."""

    score: float
    embedding: str
    regions: tuple[tuple[Box, float], ...]

    def answered(self, *, cracked: bool, flagged_from: float) -> tuple[Box, ...]:
        """Give the regions that an answer for the whole photo speaks of."""
        strong = [box for box, score in self.regions if not cracked or score >= flagged_from]
        return tuple(strong or [box for box, _ in self.regions[:1]])


class Simulation:
    """Simulates reviews of the sites of `data` with the model `base`; keeps pieces in `work`."""

    def __init__(self, base: Path, data: Path, work: Path, say: Callable[[str], None]) -> None:
        self._base, self._folder, self._data = load_classifier(base), base, data
        served = hashlib.sha256(repr(self._base.serving).encode()).hexdigest()
        self._work = work / f"{self._base.facts.weights_sha256[:12]}-{served[:6]}"
        self._say = say
        self._examples = read_examples(data)
        self._looks: dict[str, _Look] = self._kept_looks()

    @property
    def name(self) -> str:
        """The model's name, its weights and the library it runs on."""
        return f"{self._base.facts.name} ({self._base.facts.weights_sha256[:12]})"

    def run(self, plan: Plan) -> Iterator[Piece]:
        """Give the pieces, those that are there already first of all."""
        started = time.monotonic()
        for count in plan.counts:
            for seed in plan.seeds:
                for site in plan.sites:
                    for order in plan.orders:
                        kept = self._kept(site, seed, order, count, plan)
                        late = time.monotonic() - started > 60 * plan.minutes
                        if kept.is_file() or not late:
                            yield self._piece(kept, site, seed, order, count, plan)

    def _kept(self, site: str, seed: int, order: str, count: int, plan: Plan) -> Path:
        old = f"{'o' if plan.base_data else 'd'}{plan.old}"
        shape = f"{_VERSION}-e{plan.epochs}-m{plan.measured}-{old}"
        return self._work / shape / f"{site}-{seed}-{order}-{count}.json"

    def _piece(self, kept: Path, site: str, seed: int, order: str, count: int, plan: Plan) -> Piece:
        if kept.is_file():
            return _read(kept)
        self._say(f"{site}, seed {seed}: {count} reviews in {order} order")
        began = time.monotonic()
        pool, measured = self._halves(site, seed, plan.measured)
        reviewed = self._reviewed(pool, order, count, seed)
        same = same_pictures([e.path for e in reviewed], [e.path for e in measured])
        doubles = {j for _, j in same}
        measured = [e for j, e in enumerate(measured) if j not in doubles]
        candidate = self._trained(reviewed, kept.with_suffix(".model"), seed, plan)
        old = self._old(plan.old)
        site_scores = [self._scores(model, measured) for model in (self._base, candidate)]
        old_scores = [self._scores(model, old) for model in (self._base, candidate)]
        cracked = _cracked(measured)
        piece = Piece(
            site=site,
            seed=seed,
            order=order,
            reviews=len(reviewed),
            epochs=plan.epochs,
            cracked=sum(e.cracked for e in reviewed),
            recall=_both(
                lambda s: evaluation.recall_at_false_flags(s, cracked, FALSE_FLAGS), site_scores
            ),
            auc=_both(lambda s: evaluation.auc(s, cracked), site_scores),
            old_auc=_by_source(old, old_scores),
            measured=len(measured),
            seconds=round(time.monotonic() - began, 1),
        )
        kept.write_text(json.dumps(asdict(piece), indent=1) + "\n", encoding="utf-8")
        shutil.rmtree(kept.with_suffix(".model"))
        self._keep_looks()
        return piece

    # === Photos ===

    def _halves(self, site: str, seed: int, most: int) -> tuple[list[Example], list[Example]]:
        """Split a site's photos in halves, each kind alike."""
        rng = np.random.default_rng(seed)
        pool: list[Example] = []
        measured: list[Example] = []
        for kind in (True, False):
            photos = [e for e in self._examples if e.source == site and e.cracked == kind]
            order = rng.permutation(len(photos))
            half = len(photos) // 2
            pool += [photos[i] for i in order[:half]]
            measured += [photos[i] for i in order[half:][: most // 2]]
        return pool, measured

    def _reviewed(
        self, pool: Sequence[Example], order: str, count: int, seed: int
    ) -> list[Example]:
        """Choose photos to review as the site's queue would, or at random."""
        if order == "random":
            numbers = np.random.default_rng(seed + 1000).permutation(len(pool))[:count].tolist()
        else:
            looks = [self._look(example) for example in pool]
            numbers = choose(
                [bytes.fromhex(look.embedding) for look in looks],
                [self._uncertainty(look) for look in looks],
                count=count,
            )
        return [pool[i] for i in numbers]

    def _uncertainty(self, look: _Look) -> float:
        thresholds = self._base.serving.thresholds
        middle = (thresholds.clear_below + thresholds.flagged_from) / 2
        return 1 - abs(look.score - middle) / max(middle, 1 - middle)

    def _old(self, count: int) -> list[Example]:
        """Give photos of the base's own sources that it only measured, so many of a kind."""
        old = [e for e in self._examples if e.role != "dev"]
        old = measuring.measured_examples(old, self._base.facts.card)
        rng = np.random.default_rng(0)
        piles: dict[tuple[str, bool], list[Example]] = {}
        for i in rng.permutation(len(old)):
            piles.setdefault((old[i].source, old[i].cracked), []).append(old[i])
        return [example for pile in piles.values() for example in pile[:count]]

    # === Looking and learning ===

    def _look(self, example: Example) -> _Look:
        name = str(example.path)  # file names come twice in a source
        if name not in self._looks:
            answer = self._base.classify(example.path)
            regions = tuple((_box(r.outline), r.score) for r in answer.regions)
            self._looks[name] = _Look(answer.score, answer.embedding.hex(), regions)
        return self._looks[name]

    def _kept_looks(self) -> dict[str, _Look]:
        if not (self._work / "looks.json").is_file():
            return {}
        raw = json.loads((self._work / "looks.json").read_text(encoding="utf-8"))
        return {
            name: _Look(score, embedding, tuple((tuple(box), at) for box, at in regions))
            for name, (score, embedding, regions) in raw.items()
        }

    def _keep_looks(self) -> None:
        raw = {
            name: (look.score, look.embedding, look.regions) for name, look in self._looks.items()
        }
        (self._work / "looks.json").write_text(json.dumps(raw), encoding="utf-8")

    def _scores(self, model: Classifier, examples: Sequence[Example]) -> Values:
        if model is self._base:
            return np.array([self._look(example).score for example in examples], np.float64)
        return measuring.scores(model.serving, measuring.look_at(model, examples))

    def _trained(self, reviewed: Sequence[Example], out: Path, seed: int, plan: Plan) -> Classifier:
        out.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(out, ignore_errors=True)
        strong = self._base.serving.thresholds.flagged_from
        photos = tuple(
            LabelledPhoto(
                path=e.path,
                cracked=e.cracked,
                group="new site",
                regions=self._look(e).answered(cracked=e.cracked, flagged_from=strong),
                key=str(e.path),
            )
            for e in reviewed
        )
        replay = self._data if plan.base_data else None
        request = RetrainRequest(
            photos, frozenset(), self._folder, out, replay, plan.epochs, seed, "simulated"
        )
        retrain(request, on_progress=self._tell, should_stop=lambda: False)
        return load_classifier(out)

    def _tell(self, progress: Progress) -> None:
        if "px crops" in progress.note and progress.step == progress.steps:
            self._say(f"  epoch {progress.epoch} of {progress.epochs}, loss {progress.loss:.3f}")


def _box(outline: Sequence[tuple[float, float]]) -> Box:
    across, down = zip(*outline, strict=True)
    return min(across), min(down), max(across), max(down)


def _cracked(examples: Sequence[Example]) -> npt.NDArray[np.bool_]:
    return np.array([e.cracked for e in examples], np.bool_)


def _both(figure: Callable[[Values], float], scores: Sequence[Values]) -> tuple[float, float]:
    before, after = (round(figure(one), 4) for one in scores)
    return before, after


def _by_source(old: Sequence[Example], scores: Sequence[Values]) -> dict[str, tuple[float, float]]:
    """Give the AUC of each source before and after; a source without clear photos stands beside
    those of all others.
    """
    cracked = _cracked(old)
    found = {}
    for source in sorted({e.source for e in old if e.cracked}):
        ours = np.array([e.source == source for e in old], np.bool_)
        chosen = ours if (~cracked[ours]).sum() > 1 else (ours | ~cracked)
        found[source] = _both(
            lambda s, c=chosen: evaluation.auc(s[c], cracked[c]),  # type: ignore[misc]  # bound now
            scores,
        )
    return found


def _read(kept: Path) -> Piece:
    raw = json.loads(kept.read_text(encoding="utf-8"))
    pairs = {source: tuple(pair) for source, pair in raw.pop("old_auc").items()}
    raw |= {"recall": tuple(raw["recall"]), "auc": tuple(raw["auc"]), "old_auc": pairs}
    return Piece(**raw)
