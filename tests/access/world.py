"""One small site, made once: nine principals with live sessions, and a row for every address."""

from dataclasses import dataclass

from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from classifier import dumps, health, outlines, people, printing, review, sharing, signing
from classifier.models import (
    AuditEvent,
    ClearedRegion,
    Inspection,
    Photo,
    PhotoSet,
    Pulse,
    Report,
    ShareLink,
    TrainingRun,
    User,
)
from tests.factories import (
    CRACK,
    SOUND,
    active_version,
    add_region,
    jpeg,
    make_classified,
    make_photo,
    make_photo_set,
    make_reviewed,
    make_structure,
    make_user,
    upload_file,
)

ROLES: dict[str, tuple[str, ...]] = {
    "viewer": ("viewer",),
    "inspector": ("inspector",),
    "reviewer": ("reviewer",),
    "admin": ("admin",),
    "inspector_reviewer": ("inspector", "reviewer"),
    "superuser": (),
    "deactivated": ("admin",),
    "role_removed": ("admin",),
}
SECRETS = ("Secret viaduct", "bearing.jpg")
"""What nobody may read who may not see photos."""
ROW_OF = {
    "structure": "structure structure-edit inspection-new compare-structure",
    "decided": "sign-off draw-audit",
    "signed": "reopen",
    "inspection": "inspection upload export report-new",
    "report": "report report-progress report-pdf share",
    "link": "share-revoke",
    "photo_set": "photo-set photo-set-progress photo-upload photos-known",
    "photo": "photo photo-image retry decide undo mark compare-photo clear-outlines",
    "mark": "mark-withdraw",
    "clearing": "outline-restore",
    "version": "model activate discard compare rescore rescore-cancel changes drift"
    " thresholds thresholds-move model-card",
    "threshold_set": "thresholds-put-back",
    "person": "person person-link",
    "run": "training-run training-run-progress training-run-cancel",
}
CORNERS = {"x1": 10, "y1": 10, "x2": 50, "y2": 50}
BACKEND = "django.contrib.auth.backends.ModelBackend"


@dataclass(frozen=True)
class World:
    sessions: dict[str, str]
    rows: dict[str, int]
    decision: int
    token: str
    welcome: tuple[str, str]

    def client(self, principal: str) -> Client:
        client = Client()
        if principal in self.sessions:
            client.cookies["sessionid"] = self.sessions[principal]
        return client

    def address(self, route: str, *, pk: int | None = None) -> str:
        """The address of a row of `matrix.csv`; of another object where `pk` is given."""
        name, _, kind = route.partition("/")
        if name == "welcome":
            return reverse(name, args=self.welcome)
        if name == "shared-report":
            return reverse(name, args=["x" * 43 if pk else self.token])
        noun = next((noun for noun, names in ROW_OF.items() if name in names.split()), None)
        if noun is None:
            return reverse(name)
        row = pk or self.rows[noun]
        return reverse(name, args=[row, kind] if kind else [row])

    def fields(self, route: str) -> dict[str, object]:
        """What a form of this address sends, so that a permitted request is obeyed."""
        fields: dict[str, dict[str, object]] = {
            "sign-in": {"username": "stranger", "password": "a wrong password"},
            "person-new": {"username": "newcomer"},
            "person": {"username": "renamed", "is_active": "on"},
            "structure-new": {"name": "New bridge", "kind": "bridge"},
            "structure-edit": {"name": "Renamed", "kind": "bridge"},
            "inspection-new": {"title": "Spring", "date": "2026-04-01"},
            "upload": {"notes": "wet"},
            "time-zone": {"time_zone": "Europe/Berlin"},
            "decide": {"outcome": "cant_tell", "seen": self.decision},
            "mark": {"kind": "remark", "shape": "box", "remark": "a stain", **CORNERS},
            "decide-many": {"outcome": "cant_tell", "photo": self.rows["open_photo"]},
            "sign-off": {"name": "A. Reviewer"},
            "reopen": {"reason": "wet stain"},
            "share": {"days": "7"},
            "draw-audit": {"wished": "0.05"},
            "thresholds-move": {"clear_below": 0.2, "flagged_from": 0.8},
            "undo": {"seen": self.decision},
            "clear-outlines": {"seen": self.decision, "region": self.rows["region"]},
            "outline-restore": {"seen": self.decision},
        }
        if route == "structures-import":
            return {"table": SimpleUploadedFile("new.csv", b"name,type\nNew bridge,bridge\n")}
        if route == "photo-upload":
            return {"photo": upload_file(jpeg())}
        return fields.get(route, {})


def make_world() -> World:
    Pulse.objects.beat(health.SWEEP)
    photo_set = make_photo_set(make_structure("Secret viaduct"))
    photo = make_classified(photo_set, CRACK)
    open_photo = make_classified(photo_set, CRACK)
    Photo.objects.update(name="bearing.jpg")
    decision = review.decide(photo, "confirmed", by=make_user("reviewer"), seen_decision_id=None)
    place = review.Place("line", 0.1, 0.1, 0.5, 0.5)
    placed = review.mark(
        photo, place, "missed", by=decision.by, seen_decision_id=decision.pk, remark=""
    )
    outlined = [add_region(photo), add_region(photo)]
    outlines.clear(photo, [outlined[0].pk], by=decision.by, seen_decision_id=decision.pk)
    run = TrainingRun.objects.create(
        requested_by=make_user("admin"), base=active_version(), manifest_sha256="0" * 64
    )
    report = _written_report(photo_set, by=decision.by)
    token = sharing.share(report, days=7, by=decision.by)
    sharing.share(report, days=7, by=decision.by)  # the one that is revoked
    person = make_user("viewer")
    rows = {
        "person": person.pk,
        "structure": photo_set.inspection.structure_id,
        "inspection": photo_set.inspection_id,
        "photo_set": photo_set.pk,
        "decided": _decided_visit(by=decision.by).pk,
        "signed": _signed_visit(by=decision.by).pk,
        "photo": photo.pk,
        "open_photo": open_photo.pk,
        "mark": placed.pk,
        "region": outlined[1].pk,
        "clearing": ClearedRegion.objects.get().pk,
        "report": report.pk,
        "link": ShareLink.objects.latest("pk").pk,
        "version": active_version().pk,
        "threshold_set": active_version().threshold_sets.get().pk,
        "run": run.pk,
    }
    welcome = people.password_link(person, by=run.requested_by)
    return World(_sessions(), rows, decision.pk, token, welcome)


def _decided_visit(*, by: User) -> Inspection:
    """A visit that may be signed off, with a clear photo and one that failed."""
    photo_set = make_photo_set()
    make_reviewed(photo_set, "confirmed", by=by)
    make_classified(photo_set, SOUND)
    failed = make_photo(photo_set)
    Photo.objects.filter(pk=failed.pk).update(state="unreadable", reason="wet stain")
    return photo_set.inspection


def _signed_visit(*, by: User) -> Inspection:
    photo_set = make_photo_set()
    make_reviewed(photo_set, "confirmed", by=by)
    signing.sign(photo_set.inspection, name="A. Reviewer", by=by)
    return photo_set.inspection


def _written_report(photo_set: PhotoSet, *, by: User) -> Report:
    report = printing.request_report(photo_set.inspection, "A4", by=by)
    file = printing.file_of(report)
    file.parent.mkdir()
    file.write_bytes(b"%PDF")
    Report.objects.update(state="ready")
    report.refresh_from_db()
    return report


def _sessions() -> dict[str, str]:
    people = {name: make_user(*roles) for name, roles in ROLES.items()}
    User.objects.filter(pk=people["superuser"].pk).update(is_superuser=True, is_staff=True)
    sessions = {}
    for name, user in people.items():
        client = Client()
        client.force_login(user, backend=BACKEND)
        sessions[name] = client.cookies["sessionid"].value
    User.objects.filter(pk=people["deactivated"].pk).update(is_active=False)
    people["role_removed"].groups.clear()
    return sessions


def contents() -> dict[str, object]:
    """All that a refused request must leave as it is: every table but sessions.

    The audit log tells of refusals, so of it these are left out.
    """
    told = AuditEvent.objects.exclude(action="access denied").values_list("pk", flat=True)
    return {**dumps.digests(apps), "classifier.auditevent": list(told)}
