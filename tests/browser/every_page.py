"""The address of every page, and a small site on which each of them has something to show."""

import itertools

from tests.factories import CRACK, DOUBT, SOUND, jpeg
from tests.live_site import LiveSite, Session, wait_until

NOT_PAGES = {
    "healthz": "a word for monitoring",
    "readyz": "a word for monitoring",
    "audit-export": "a file",
    "export": "a file",
    "report-pdf": "a file",
    "shared-report": "a file",
    "photo-image": "an image",
    "report-progress": "a part of its page",
    "photo-set-progress": "a part of its page",
    "training-run-progress": "a part of its page",
}
"""Addresses that answer GET and are no page of their own, each with the reason."""


def addresses(site: LiveSite) -> dict[str, str]:
    """Return the path of every page by its route's name, on rows that exist.

    A second page of one route has a name behind a colon.
    """
    flagged = site.value(
        "SELECT photo_id FROM classifier_prediction ORDER BY score DESC, photo_id LIMIT 1"
    )
    photo_set = site.value(f"SELECT photo_set_id FROM classifier_photo WHERE id = {flagged}")
    structure = site.value(f"SELECT structure_id FROM classifier_photo WHERE id = {flagged}")
    inspection = site.value(f"SELECT inspection_id FROM classifier_photoset WHERE id = {photo_set}")
    run = site.value("SELECT max(id) FROM classifier_trainingrun")
    version = site.value("SELECT max(id) FROM classifier_modelversion")
    return {
        "sign-in": "/sign-in/",
        "home": "/",
        "structures": "/structures/",
        "structures:nothing": "/structures/?q=nowhere",
        "structure-map": "/structures/map/",
        "structure": f"/structures/{structure}/",
        "structure-new": "/structures/new/",
        "structure-edit": f"/structures/{structure}/edit/",
        "inspection": f"/inspections/{inspection}/",
        "inspection-new": f"/structures/{structure}/inspections/new/",
        "upload": f"/inspections/{inspection}/upload/",
        "photo-set": f"/photo-sets/{photo_set}/",
        "photo": f"/photos/{flagged}/",
        "review": "/review/",
        "contact-sheet": "/review/sheet/",
        "contact-sheet:clear": "/review/sheet/?pile=clear",
        "report": f"/reports/{site.value('SELECT max(id) FROM classifier_report')}/",
        "models": "/models/",
        "model": f"/models/{version}/",
        "thresholds": f"/models/{version}/thresholds/",
        "changes": f"/models/{version}/changes/",
        "training-run": f"/training-runs/{run}/",
        "password": "/password/",
        "system": "/system/",
        "audit": "/system/audit/",
        "patterns": "/patterns/",
        "patterns:not-found": "/structures/999999/",
    }


def fill(site: LiveSite) -> None:
    """Bring photos of each state, decisions, marks, an audit, a report, a run and a candidate.

    For a site with the stub engine, whose answers the colours decide.
    """
    session = site.sign_in()
    for name in ("Mill Lane bridge", "Harbour wall", "North tunnel"):
        photo_set = site.new_photo_set(session, name)
        for colour in (CRACK, CRACK, CRACK, DOUBT, SOUND, SOUND):
            _post(session, photo_set, jpeg(colour, size=(640, 480)))
        place: dict[str, object] = {
            "latitude": 47.3 + photo_set / 50,
            "longitude": 8.5 + photo_set / 20,
        }
        place |= {"name": name, "kind": "bridge", "elements": "deck"}
        session.submit(f"/structures/{photo_set}/edit/", place)
    _post(session, photo_set, jpeg(SOUND, size=(640, 480))[:-900])
    site.wait_for_classified(18, seconds=60)
    _decide(site, session)
    _train(site, session)
    session.submit("/inspections/1/audit/", {"wished": "0.05"})
    session.submit("/inspections/1/reports/", {"paper": "A4"})


def _post(session: Session, photo_set: int, content: bytes) -> None:
    name = f"girder-{next(_numbers):02}.jpg"
    answer = session.post(
        session.site.url(f"/photo-sets/{photo_set}/photos/"),
        files={"photo": (name, content)},
        headers={"X-CSRFToken": session.cookies.get("csrftoken", "")},
        timeout=60,
    )
    assert f"{name} is stored" in answer.text


_numbers = itertools.count(1)


def _decide(site: LiveSite, session: Session) -> None:
    """Confirm a flagged photo, dismiss another and leave one; mark a place on the confirmed."""
    photos = site.rows("SELECT id FROM classifier_photo WHERE state = 'classified' ORDER BY id")
    for number, (pk,) in enumerate(photos):
        fields: dict[str, object] = {"outcome": "confirmed", "remark": "wet joint beside it"}
        if number % 3 == 1:
            fields = {"outcome": "dismissed", "cause": "joint"}
        if number % 3 != 2:
            session.submit(f"/photos/{pk}/decisions/", fields)
    corners = {"x1": "10", "y1": "10", "x2": "60", "y2": "40"}
    session.submit(
        "/photos/1/marks/", {"kind": "remark", "shape": "box", "remark": "rust", **corners}
    )


def _train(site: LiveSite, session: Session) -> None:
    site.start_trainer()
    session.submit("/training-runs/")
    site.wait_for_run(seconds=90)
    candidate = site.value("SELECT max(id) FROM classifier_modelversion")
    session.submit(f"/models/{candidate}/rescore/")
    wait_until(
        lambda: site.rows("SELECT 1 FROM classifier_trial") != [],
        "the candidate is compared",
        seconds=60,
    )
