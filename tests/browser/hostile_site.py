"""A site with script in every text that a person or a file can bring."""

from PIL.ExifTags import Base

from tests.bad_input.corpus import ROWS
from tests.bad_input.marked import exif
from tests.factories import CRACK, SOUND, jpeg
from tests.live_site import LiveSite, Session, wait_until

PROBE = "<img src=x onerror=\"document.title='PWNED'\"><script>document.title='PWNED'</script>"
QUOTES = "\"'><svg onload=document.title='PWNED'>{{7*7}}"
ACTIVE = ("B096", "B097a", "B098", "B099", "B100", "B101", "B102a")

SCRIPT = f"""
from django.contrib.auth.models import Group
from django.utils import timezone
from classifier import overriding, sharing, states
from classifier.models import *
from classifier.models.threshold_set import ThresholdSet
probe, quotes, now = {PROBE!r}, {QUOTES!r}, timezone.now()

# Whoever made, moved, wished and shared what follows.
person = User.objects.create_user("prober", first_name=probe, last_name=quotes)
person.groups.set(Group.objects.filter(name="admin"))

# A model whose folder somebody else made, and what the site says of it.
active, photo = ModelVersion.objects.active(), Photo.objects.get(pk=1)
judged = {{"clear_below": 0.3, "flagged_from": 0.7, "weights_sha256": "0" * 64}}
card = {{"name": probe, "limits": [probe, quotes + "."], probe: quotes, "more": {{quotes: probe}}}}
version = ModelVersion.objects.create(
    name=probe[:80], folder="none", parent=active, card=card, failed_at=now, failure=probe, **judged
)
ThresholdSet.objects.append(version, origin=states.ThresholdOrigin.MOVED, by=person)
Prediction.objects.create(
    photo=photo, model_version=version, score=0.1, verdict="clear", map_width=1, map_height=1,
    seconds=1, **judged
)
Trial.objects.create(
    candidate=version, active=active, passed=False,
    findings=[{{"rule": probe, "passed": False, "sentence": probe}}],
    photos=[{{"photo": 1, "cracked": True, "active": 0.99, "candidate": 0.01}}],
)
TrainingRun.objects.create(
    requested_by=person, base=version, candidate=version, state="failed", slot=None,
    message=probe, manifest_sha256="0" * 64,
)
try:
    overriding.permit(version, active, against="no", by=person, reason=probe + quotes)
except overriding.SecondNeeded:
    pass
sharing.share(Report.objects.get(), days=7, by=person)
"""


def fill(site: LiveSite) -> None:
    session = site.sign_in()
    _type(session)
    _upload(session)
    site.wait_for_classified(6, seconds=60)
    wait_until(lambda: site.photos_in("unreadable") > 0, "one is unreadable", seconds=60)
    _review(session)
    site.manage("shell", "--no-imports", "--command", SCRIPT)


def _type(session: Session) -> None:
    texts: dict[str, object] = {
        "name": PROBE[:100],
        "kind": "bridge",
        "location": PROBE,
        "latitude": "48.1",
        "longitude": "11.5",
        "notes": PROBE + QUOTES,
        "elements": QUOTES,
    }
    session.submit("/structures/new/", texts)
    for visit in (1, 2):
        title: dict[str, object] = {"title": PROBE[:110], "date": f"2026-05-0{visit}"}
        session.submit("/structures/1/inspections/new/", title)
        session.submit(f"/inspections/{visit}/upload/", {"notes": PROBE, "element": "1"})


def _upload(session: Session) -> None:
    marks = exif({Base.Make: PROBE, Base.Model: QUOTES, Base.ImageDescription: PROBE})
    for _ in range(2):  # one is decided on, one waits in the queue
        _post(session, jpeg(CRACK, exif=marks), f"{QUOTES}.jpg")
    for row in (row for row in ROWS if row.id in ACTIVE):
        _post(session, row.build(), f"{PROBE[:60]}{row.filename}")
    _post(session, jpeg(size=(640, 480))[:-900], f"{QUOTES}.jpg")
    _post(session, jpeg(SOUND, exif=marks), f"{QUOTES}.jpg", photo_set=2)


def _post(session: Session, content: bytes, name: str, *, photo_set: int = 1) -> None:
    session.post(
        session.site.url(f"/photo-sets/{photo_set}/photos/"),
        files={"photo": (name, content)},
        headers={"X-CSRFToken": session.cookies.get("csrftoken", "")},
        timeout=60,
    )


def _review(session: Session) -> None:
    decision: dict[str, object] = {"outcome": "dismissed", "cause": "other", "remark": PROBE}
    session.submit("/photos/1/decisions/", decision)
    place = {"shape": "box", "x1": "10", "y1": "10", "x2": "50", "y2": "50"}
    session.submit("/photos/2/marks/", {"kind": "remark", "remark": PROBE, **place})
    session.submit("/inspections/1/reports/", {"paper": "A4"})
    session.submit("/inspections/2/sign-off/", {"name": PROBE})
    session.submit("/inspections/2/reopening/", {"reason": PROBE + QUOTES})
    session.submit("/inspections/2/sign-off/", {"name": QUOTES})
