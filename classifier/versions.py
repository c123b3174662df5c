"""Model versions: registering what was trained, and switching which one classifies."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from classifier import failpoints, overriding, seals
from classifier.engine import ModelFacts, engine
from classifier.models import AuditEvent, ModelVersion, Trial, User
from classifier.states import VersionState

FEWEST_KEPT = 3


class CannotActivate(Exception):
    """The version cannot classify now; the message is a sentence for a person."""


class CannotDiscard(Exception):
    """The version's files are needed; the message says for what."""


def model_folder(version: ModelVersion) -> Path:
    """Return where a version's files lie; one without a folder was shipped with a release."""
    kept = version.folder or _folder_of_shipped(version.weights_sha256)
    return Path(settings.MODELS_ROOT) / kept


def sealed_folder(version: ModelVersion) -> Path:
    """Return a version's folder for opening; raises ModelFileError where its seal does not fit."""
    folder = model_folder(version)
    seals.check(folder, version.seal)
    return folder


def previous() -> ModelVersion | None:
    """Return the version that was active before the one that is now: the way back."""
    return ModelVersion.objects.retired_lately().first()


def _folder_of_shipped(weights_sha256: str) -> str:
    return f"released-{weights_sha256[:16]}"


def register_released() -> ModelVersion:
    """Register the model that ships with this release; activate it where none is active.

    A copy is kept among the site's own models: the next release ships another one, and the version
    that is active then has to keep its files.
    """
    facts = engine().read_facts(engine().released)
    kept = Path(settings.MODELS_ROOT) / _folder_of_shipped(facts.weights_sha256)
    if not kept.exists():
        engine().keep_released(kept)
    with transaction.atomic():
        return _registered(facts)


def _registered(facts: ModelFacts) -> ModelVersion:
    described = _described(facts) | {"seal": seals.seal(engine().released)}
    if ModelVersion.objects.with_other_weights(facts.name, facts.weights_sha256).exists():
        described["name"] = f"{facts.name} ({facts.weights_sha256[:8]})"
    version, created = ModelVersion.objects.get_or_create(
        weights_sha256=facts.weights_sha256, folder="", defaults=described
    )
    if created:
        AuditEvent.objects.record("model version registered", version, by=None)
    if ModelVersion.objects.active() is None:
        _swap(version, by=None)
        version.refresh_from_db()
    return version


def register_candidate(facts: ModelFacts, folder: Path, *, parent: ModelVersion) -> ModelVersion:
    """Register a freshly trained model folder, which lies under MODELS_ROOT.

    It judges by the thresholds that were fitted to it; those start from its parent's.
    """
    version = ModelVersion.objects.create(
        **_described(facts),
        folder=folder.relative_to(settings.MODELS_ROOT).as_posix(),
        weights_sha256=facts.weights_sha256,
        seal=seals.seal(folder),
        parent=parent,
    )
    AuditEvent.objects.record("model version registered", version, by=None)
    return version


def _described(facts: ModelFacts) -> dict[str, Any]:
    return {
        "name": facts.name,
        "clear_below": facts.thresholds.clear_below,
        "flagged_from": facts.thresholds.flagged_from,
        "card": dict(cast(Mapping[str, Any], facts.card)),
    }


def objection(version: ModelVersion) -> str:
    """Say why `version` needs a typed reason to go live; empty where it needs none.

    What was active before may come back without one: that is the way out.
    """
    active = ModelVersion.objects.active()
    if active is None or active.pk == version.pk or version.state == VersionState.RETIRED:
        return ""
    trial = Trial.objects.newest_between(version, active)
    if trial is None:
        return _("It was not compared with %(active)s, which is active now.") % {"active": active}
    return trial.sentence


def activate(version: ModelVersion, *, by: User, reason: str = "") -> ModelVersion:
    """Let `version` classify from the next photo on; the previous one is kept as retired.

    Raises CannotActivate where its files fail verification or it was discarded; where there is an
    objection to it, what `overriding.permit` raises.
    """
    problem = _problem(version)
    if problem:
        raise CannotActivate(problem)
    active, against, kept = ModelVersion.objects.active(), objection(version), {}
    if active and against:
        kept = overriding.permit(version, active, against=against, by=by, reason=reason.strip())
    with transaction.atomic():
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

    The active version, the one before it and the last three are always kept.
    """
    with transaction.atomic():
        list(ModelVersion.objects.locked())
        version.refresh_from_db()
        needed = is_needed(version)
        if needed:
            raise CannotDiscard(needed)
        if not ModelVersion.objects.by_id(version.pk).move(VersionState.DISCARDED):
            raise CannotDiscard(
                _("%(version)s is %(state)s.")
                % {"version": version, "state": version.get_state_display().lower()}
            )
        AuditEvent.objects.record("model version discarded", version, by=by)
    shutil.rmtree(model_folder(version), ignore_errors=True)


def is_needed(version: ModelVersion) -> str:
    """Say what a version's files are needed for; empty where they may go."""
    if version.state == VersionState.ACTIVE:
        return _("%(version)s is active.") % {"version": version}
    if version == previous():
        return _("%(version)s was active before: it is the way back.") % {"version": version}
    if ModelVersion.objects.kept() <= FEWEST_KEPT:
        return _("The last %(count)s versions are kept.") % {"count": FEWEST_KEPT}
    return ""


def fall_back(broken: ModelVersion) -> ModelVersion | None:
    """Let the version that was active before classify again, where `broken` cannot be used.

    None where `broken` can be used after all, is no longer active, or nothing else can be.
    """
    if _problem(broken) is None:
        return None
    for earlier in ModelVersion.objects.retired_lately():
        if _problem(earlier) is None:
            with transaction.atomic():
                active = ModelVersion.objects.locked_active()
                if active is None or active.pk != broken.pk:
                    return None
                _swap(earlier, by=None)
            earlier.refresh_from_db()
            return earlier
    return None


def _problem(version: ModelVersion) -> str | None:
    """Say why a version's files cannot be used; None where they can."""
    try:
        facts = engine().read_facts(sealed_folder(version))
    except Exception as error:
        return f"The files of {version} cannot be used: {error}"
    if facts.weights_sha256 != version.weights_sha256:
        return f"The weights of {version} differ from those that were registered."
    return None


def _swap(version: ModelVersion, *, by: User | None) -> None:
    list(ModelVersion.objects.locked())  # of two at once, the second sees what the first did
    previous = ModelVersion.objects.active()
    if previous and previous.pk == version.pk:
        return
    if previous:
        ModelVersion.objects.by_id(previous.pk).move(VersionState.RETIRED)
    failpoints.hit("T8")
    moved = ModelVersion.objects.by_id(version.pk).move(
        VersionState.ACTIVE, activated_at=timezone.now()
    )
    if not moved:
        raise CannotActivate(
            _("%(version)s is %(state)s.")
            % {"version": version, "state": version.get_state_display().lower()}
        )
    AuditEvent.objects.record(
        "model version activated", version, by=by, instead_of=str(previous or "")
    )
