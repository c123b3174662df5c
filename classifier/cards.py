"""A version's card as the site serves it: the sealed file, and what the site found out afterwards.

A candidate is sealed before anything is compared, so its file cannot hold figures. The file and its
seal stay as they are; figures, comparison and run come from the database each time. All of it
follows `ml_training/card-schema.json`.
"""

from typing import Any

from classifier.models import ModelVersion, TrainingRun, Trial
from classifier.states import Side

Card = dict[str, Any]


def served(version: ModelVersion, trial: Trial | None) -> Card:
    """Return the card of a version with a comparison of it.

    Figures of the sealed file stand; one without gets those of its side of the comparison.
    """
    run: TrainingRun | None = getattr(version, "training_run", None)
    card = dict(version.card)
    if run:
        card["training_run"] = _run(run)
    if trial:
        card["compared"] = _compared(trial)
    if trial and trial.figures and "figures" not in card:
        card["figures"] = {kind: sides["candidate"] for kind, sides in trial.figures.items()}
    return card


def _run(run: TrainingRun) -> Card:
    told: Card = {
        "number": run.pk,
        "asked_for_by": str(run.requested_by),
        "asked_for_at": run.requested_at.isoformat(timespec="seconds"),
        "started_from": str(run.base),
        "manifest_sha256": run.manifest_sha256,
        "photos": {side.value: _counts(side, run) for side in Side},
        "attempts": run.attempts,
    }
    if run.seconds is not None:
        told["seconds"] = round(run.seconds)
    return told


def _counts(side: Side, run: TrainingRun) -> dict[str, object]:
    counted = run.counts_of(side)
    return {name: counted[name] for name in ("structures", "confirmed", "dismissed")}


def _compared(trial: Trial) -> Card:
    told: Card = {
        "beside": str(trial.active),
        "at": trial.created_at.isoformat(timespec="seconds"),
        "passed": trial.passed,
        "findings": trial.findings,
    }
    if trial.figures:
        told["beside_figures"] = {kind: sides["active"] for kind, sides in trial.figures.items()}
    if trial.thresholds:
        told["thresholds"] = trial.thresholds
    return told
