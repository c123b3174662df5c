"""Model versions: registering what was trained, and switching which one classifies."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from classifier import failpoints, overriding, roles, seals, shadows
from classifier.engine import ModelFacts, engine
from classifier.models import AuditEvent, ModelVersion, Rescoring, ThresholdSet, Trial, User
from classifier.states import ThresholdOrigin, VersionState

FEWEST_KEPT = 3


class CannotActivate(Exception):
    """The version cannot classify now; the message is a sentence for a person."""


class CannotDiscard(Exception):
    """The version's files are needed; the message says for what."""


def model_folder(version: ModelVersion) -> Path:
    """Return where a version's files lie; one without a folder was shipped with a release."""
    kept = version.folder or f"released-{version.weights_sha256[:16]}"
    return Path(settings.MODELS_ROOT) / kept


def sealed_folder(version: ModelVersion) -> Path:
    """Return a version's folder for opening; raises ModelFileError where its seal does not fit."""
    folder = model_folder(version)
    seals.check(folder, version.seal)
    return folder


def previous() -> ModelVersion | None:
    """Return the version that was active before the one that is now: the way back.

    Versions that could not be used are none, nor are those that were left for an earlier one.
    """
    return ModelVersion.objects.retired_lately().first()


def register_released() -> ModelVersion:
    """Register the model that ships with this release; activate it where none is active.

    It is known by all its files: the same weights with other settings are another version. A copy
    is kept among the site's own models: the next release ships another one, and the version that
    is active then has to keep its files.
    """
    facts, seal = engine().read_facts(engine().released), seals.seal(engine().released)
    known = ModelVersion.objects.shipped_as(facts.files_sha256, seal)
    kept = model_folder(known) if known else Path(settings.MODELS_ROOT) / _folder_of_shipped(facts)
    if not kept.exists():
        engine().keep_released(kept)
    with transaction.atomic():
        version = known or _newly_shipped(facts, seal)
        if not version.files_sha256:
            ModelVersion.objects.by_id(version.pk).update(files_sha256=facts.files_sha256)
        if ModelVersion.objects.active() is None:
            _swap(version, by=None)
        version.refresh_from_db()
    return version


def _newly_shipped(facts: ModelFacts, seal: str) -> ModelVersion:
    described = _described(facts) | {"folder": _folder_of_shipped(facts), "seal": seal}
    if ModelVersion.objects.named(facts.name):
        described["name"] = f"{facts.name} ({facts.files_sha256[:8]})"
    version, created = ModelVersion.objects.get_or_create(
        files_sha256=facts.files_sha256, parent=None, defaults=described
    )
    if created:
        _record_registered(version)
    return version


def _folder_of_shipped(facts: ModelFacts) -> str:
    return f"released-{facts.files_sha256[:16]}"


def register_candidate(facts: ModelFacts, folder: Path, *, parent: ModelVersion) -> ModelVersion:
    """Register a freshly trained model folder, which lies under MODELS_ROOT.

    It judges by the thresholds that were fitted to it; those start from its parent's.
    """
    version = ModelVersion.objects.create(
        **_described(facts),
        folder=folder.relative_to(settings.MODELS_ROOT).as_posix(),
        seal=seals.seal(folder),
        parent=parent,
    )
    _record_registered(version)
    return version


def _record_registered(version: ModelVersion) -> None:
    ThresholdSet.objects.append(version, origin=ThresholdOrigin.MADE)
    AuditEvent.objects.record("model version registered", version, by=None)


def _described(facts: ModelFacts) -> dict[str, Any]:
    return {
        "name": facts.name,
        "weights_sha256": facts.weights_sha256,
        "files_sha256": facts.files_sha256,
        "clear_below": facts.thresholds.clear_below,
        "flagged_from": facts.thresholds.flagged_from,
        "card": dict(cast(Mapping[str, Any], facts.card)),
    }


def objection(version: ModelVersion) -> str:
    """Say why `version` needs a typed reason to go live; empty where it needs none."""
    active, back = ModelVersion.objects.active(), previous()
    untried = shadows.not_ended()
    return objections([version], active=active, back=back, untried=untried)[version.pk]


def objections(
    rows: Iterable[ModelVersion],
    *,
    active: ModelVersion | None,
    back: ModelVersion | None,
    untried: Mapping[int, str],
) -> dict[int, str]:
    """Say of each version, by id, why it needs a typed reason to go live; empty where it does not.

    What was active before (`back`) may come back without one: that is the way out. Others that
    once classified are judged like candidates, but for the trial on the newest photos (`untried`:
    `shadows.not_ended()`).
    """
    if active is None:
        return {row.pk: "" for row in rows}
    trials = Trial.objects.newest_beside(active)
    return {
        row.pk: ""
        if row in (active, back)
        else _found(row, active, trials.get(row.pk)) or untried.get(row.pk, "")
        for row in rows
    }


def _found(version: ModelVersion, active: ModelVersion, trial: Trial | None) -> str:
    if trial is None:
        return _("It was not compared with %(active)s, which is active now.") % {"active": active}
    if not trial.judged_by(version, active):
        return _(
            "It was not compared with %(active)s by the thresholds that both have now. "
            "Compare it again."
        ) % {"active": active}
    return trial.sentence


def activate(version: ModelVersion, *, by: User, reason: str = "") -> ModelVersion:
    """Let `version` classify from the next photo on; the previous one is kept as retired, or as a
    candidate where `version` is the earlier one: what was left so comes back by the gate alone.

    Raises CannotActivate where its files fail verification or it was discarded; where there is an
    objection to it, what `overriding.permit` raises; AgainstTheGate where another objection arose
    meanwhile, such as that another version became active.
    """
    if found := problem(version):
        raise CannotActivate(found)
    version.refresh_from_db()
    active, against, kept = ModelVersion.objects.active(), objection(version), {}
    if active and against:
        kept = overriding.permit(version, active, against=against, by=by, reason=reason.strip())
    with transaction.atomic():
        by.demand_anew(roles.ACTIVATE)
        list(ModelVersion.objects.locked())  # of two at once, the second sees what the first did
        version.refresh_from_db()
        standing = objection(version)
        if standing and (standing, ModelVersion.objects.active()) != (against, active):
            raise overriding.AgainstTheGate(standing)
        if kept:
            AuditEvent.objects.record(
                "model version activated against the gate", version, by=by, **kept
            )
        _swap(version, by=by)
    failpoints.hit("T9")
    version.refresh_from_db()
    return version


def discard(version: ModelVersion, *, by: User) -> None:
    """Remove a version's files; its card and its predictions stay. Raises CannotDiscard.

    The active version, the one before it, the one that a roll back left last and the newest three
    are always kept.
    """
    with transaction.atomic():
        by.demand_anew(roles.ACTIVATE)
        list(ModelVersion.objects.locked())
        version.refresh_from_db()
        if needed := is_needed(version, back=previous()):
            raise CannotDiscard(needed)
        if not ModelVersion.objects.by_id(version.pk).move(VersionState.DISCARDED):
            raise CannotDiscard(
                _("%(version)s is %(state)s.")
                % {"version": version, "state": version.get_state_display().lower()}
            )
        AuditEvent.objects.record("model version discarded", version, by=by)
    shutil.rmtree(model_folder(version), ignore_errors=True)


def is_needed(version: ModelVersion, *, back: ModelVersion | None) -> str:
    """Say what a version's files are needed for; empty where they may go; `back`: `previous()`."""
    if version.state == VersionState.ACTIVE:
        return _("%(version)s is active.") % {"version": version}
    if version == back:
        return _("%(version)s was active before: it is the way back.") % {"version": version}
    kept = list(ModelVersion.objects.kept())
    if version == _left_last(kept):
        return _("%(version)s was left for an earlier one: it may be wanted again.") % {
            "version": version
        }
    if version in kept[:FEWEST_KEPT]:
        return _("The newest %(count)s versions are kept.") % {"count": FEWEST_KEPT}
    return ""


def _left_last(rows: Iterable[ModelVersion]) -> ModelVersion | None:
    """Return the version that classified last before the active one, as far as it can be used."""
    left = [
        (row.activated_at, row.pk, row)
        for row in rows
        if row.activated_at and not row.failed_at and row.state != VersionState.ACTIVE
    ]
    return max(left)[2] if left else None


def fall_back(broken: ModelVersion, *, why: str) -> ModelVersion | None:
    """Let the version that was active before classify again, as `broken` cannot be used.

    Its files may be whole nevertheless. Of the versions before, those that failed themselves are
    left out, so no two take turns, and what went live against the gate comes last. Admins are told
    until one of them chooses a version. None where `broken` is no longer active, or nothing else
    can be used either: then photos wait.
    """
    before = ModelVersion.objects.retired_lately().proven_first()
    usable = (row for row in before if problem(row) is None)
    earlier = next(usable, None)
    with transaction.atomic():
        active = ModelVersion.objects.locked_active()
        if active is None or active.pk != broken.pk:
            return None
        if ModelVersion.objects.by_id(broken.pk).mark_failed(why):
            AuditEvent.objects.record("model version failed", broken, by=None, why=why)
        if earlier:
            _swap(earlier, by=None)
            earlier.refresh_from_db()
    return earlier


def problem(version: ModelVersion) -> str | None:
    """Say why a version's files cannot be used; None where they can."""
    try:
        facts = engine().read_facts(sealed_folder(version))
    except Exception as error:
        return f"The files of model version {version} cannot be used: {error}"
    registered = (version.weights_sha256, version.files_sha256 or facts.files_sha256)
    if (facts.weights_sha256, facts.files_sha256) != registered:
        return f"The files of model version {version} differ from those that were registered."
    return None


def _swap(version: ModelVersion, *, by: User | None) -> None:
    list(ModelVersion.objects.locked())  # of two at once, the second sees what the first did
    if by and ModelVersion.objects.alarming().update(failure_seen=True):
        AuditEvent.objects.record("model version failure seen", version, by=by)
    previous = ModelVersion.objects.active()
    if previous and previous.pk == version.pk:
        ModelVersion.objects.by_id(version.pk).update(failed_at=None)
        return
    if previous:
        goes_back = version.state == VersionState.RETIRED
        left = VersionState.CANDIDATE if goes_back else VersionState.RETIRED
        ModelVersion.objects.by_id(previous.pk).move(left)
    for row in filter(None, (previous, version)):  # a trial that went on would change old answers
        if Rescoring.objects.end_for(row.pk):
            AuditEvent.objects.record("rescoring cancelled", row, by=by)
    failpoints.hit("T8")
    moved = ModelVersion.objects.by_id(version.pk).move(
        VersionState.ACTIVE, activated_at=timezone.now(), failed_at=None
    )
    if not moved:
        raise CannotActivate(
            _("%(version)s is %(state)s.")
            % {"version": version, "state": version.get_state_display().lower()}
        )
    AuditEvent.objects.record(
        "model version activated", version, by=by, instead_of=str(previous or "")
    )
