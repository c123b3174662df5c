"""Trials: a candidate beside the active version, and whether it may go live on its own merits."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, replace
from itertools import chain

from django.utils.translation import gettext as _

from classifier import manifests, photo_files, pictures, versions
from classifier.engine import (
    CompareRequest,
    Comparison,
    Finding,
    LabelledPhoto,
    ModelFileError,
    Thresholds,
    engine,
)
from classifier.flips import Flip, Flips, is_lower, turns
from classifier.manifests import Entry
from classifier.models import ModelVersion, Photo, Structure, TrainingRun, Trial
from classifier.models.trial import both_thresholds
from classifier.pictures import ShouldStop, never
from classifier.states import Outcome, Side, Turn

SHOWN_FLIPS = 60
MOVED_DOWN = "cracks_moved_down"


class CannotCompare(Exception):
    """There is nothing to compare with; the message says what."""


def labelled(entries: Iterable[Entry]) -> list[tuple[int, LabelledPhoto]]:
    """Give the entries' photos that are still there, each with its id, to the classifier."""
    entries = list(entries)
    photos = Photo.objects.by_ids(entry["photo"] for entry in entries)
    return [
        (
            entry["photo"],
            LabelledPhoto(
                path=photo_files.working(photos[entry["photo"]]),
                cracked=entry["cracked"],
                group=str(entry["structure"]),
                name=entry["name"],
                kind=entry["kind"],
                places=_boxes(entry["marks"]),
                regions=_boxes(entry.get("regions", [])),
                cleared=_boxes(entry.get("cleared", [])),
                key=entry["sha256"],
            ),
        )
        for entry in entries
        if entry["photo"] in photos
    ]


def _boxes(corners: list[list[float]]) -> tuple[tuple[float, float, float, float], ...]:
    return tuple((box[0], box[1], box[2], box[3]) for box in corners)


def measuring_now() -> list[Entry]:
    """Return the labels of today's photos of the structures that only measure."""
    sides = Structure.objects.sides()
    return [entry for entry in manifests.labels() if sides[entry["structure"]] == Side.TEST]


def untaught(
    entries: list[Entry], *versions: ModelVersion, should_stop: ShouldStop = never
) -> tuple[list[Entry], int]:
    """Leave out whose pictures these versions have learned from, at whichever structure; return how
    many went, too. Raises TrainingCancelled when asked to stop.
    """
    known = pictures.known(entries, TrainingRun.objects.taught(*versions), should_stop)
    kept = [entry for entry in entries if entry["sha256"] not in known]
    return kept, len(entries) - len(kept)


def telling(found: Comparison, left_out: int) -> Comparison:
    """Add to what was found how many photos were left out because they taught."""
    if not left_out:
        return found
    sentence = (
        f"Photos left out, as their pictures have taught one of the two versions: {left_out}."
    )
    return replace(found, findings=(*found.findings, Finding("left out", True, sentence)))


def compare(candidate: ModelVersion) -> Trial:
    """Try a version beside the active one, on all that measures now, and keep the result."""
    active = ModelVersion.objects.active()
    if active is None or active.pk == candidate.pk:
        raise CannotCompare(_("A version is compared with the active one, and there is no other."))
    entries, left_out = untaught(measuring_now(), active, candidate)
    photos = labelled(entries)
    try:
        folder = versions.sealed_folder(candidate)
    except ModelFileError as error:
        refusal = Comparison((Finding("files", False, str(error)),), {}, ())
        return record(refusal, candidate, active, photos)
    request = CompareRequest(
        active=versions.sealed_folder(active),
        candidate=folder,
        photos=tuple(photo for _, photo in photos),
        active_thresholds=thresholds_of(active),
        candidate_thresholds=thresholds_of(candidate),
    )
    found = engine().compare(request, lambda *_: None, lambda: False)
    return record(telling(found, left_out), candidate, active, photos)


def thresholds_of(version: ModelVersion) -> Thresholds:
    return Thresholds(version.clear_below, version.flagged_from)


def record(
    found: Comparison,
    candidate: ModelVersion,
    active: ModelVersion,
    photos: list[tuple[int, LabelledPhoto]],
) -> Trial:
    """Keep what was found, with the thresholds of both versions: give the rows as they were read
    for the comparison, since the ones that stand may have been moved meanwhile.
    """
    answers = zip(photos, found.scores, strict=True) if found.scores else ()
    return Trial.objects.create(
        candidate=candidate,
        active=active,
        passed=found.passed,
        findings=[asdict(finding) for finding in found.findings],
        figures=dict(found.figures),
        photos=[
            {"photo": pk, "cracked": photo.cracked, "active": scores[0], "candidate": scores[1]}
            for (pk, photo), scores in answers
        ],
        thresholds=both_thresholds(candidate, active),
    )


# === What would change ===


def flips(trial: Trial) -> Flips:
    """List what changes, each version judging by its own thresholds, the clearest change first:
    confirmed cracks that move down, and the other photos by what turns. All are counted.
    """
    turned = _turned(trial)
    lists = {name: entries[:SHOWN_FLIPS] for name, entries in turned.items()}
    photos = Photo.objects.for_cards().by_ids(entry["photo"] for entry in chain(*lists.values()))
    shown = {name: _shown(trial, entries, photos) for name, entries in lists.items()}
    return Flips(**shown, counts=Counter({name: len(found) for name, found in turned.items()}))


def _turned(trial: Trial) -> dict[str, list[Entry]]:
    """Return the compared photos that change, by the list of `Flips` that they belong to."""
    entries = sorted(trial.photos, key=lambda entry: -abs(entry["candidate"] - entry["active"]))
    turned: dict[str, list[Entry]] = {name: [] for name in (*Turn, MOVED_DOWN)}
    for entry in entries:
        was = trial.active.verdict(entry["active"])
        becomes = trial.candidate.verdict(entry["candidate"])
        if entry["cracked"] and is_lower(becomes, than=was):
            turned[MOVED_DOWN].append(entry)
            continue
        for turn in turns(was, becomes):
            turned[turn].append(entry)
    return turned


def _shown(trial: Trial, entries: list[Entry], photos: dict[int, Photo]) -> list[Flip]:
    return [
        Flip(
            photo=photos[entry["photo"]],
            outcome=Outcome.CONFIRMED if entry["cracked"] else Outcome.DISMISSED,
            before=trial.active.verdict(entry["active"]),
            before_score=entry["active"],
            after=trial.candidate.verdict(entry["candidate"]),
            after_score=entry["candidate"],
        )
        for entry in entries
        if entry["photo"] in photos
    ]
