"""A small site on which every page has something to show."""

import itertools

from tests.factories import CRACK, DOUBT, SOUND, jpeg
from tests.live_site import LiveSite, Session, wait_until


def fill(site: LiveSite) -> None:
    """Bring photos of each state, decisions, marks, an audit, a report, a run and a candidate.

    For a site with the stub engine, whose answers the colours decide.
    """
    session = site.sign_in()
    for number, name in enumerate(("Mill Lane bridge", "Harbour wall", "North tunnel"), 1):
        photo_set = site.new_photo_set(session, name)
        for colour in (CRACK, CRACK, CRACK, DOUBT, SOUND, SOUND):
            _post(session, photo_set, jpeg(colour, size=(640, 480)))
        place: dict[str, object] = {
            "latitude": 47.3 + photo_set / 50,
            "longitude": 8.5 + photo_set / 20,
        }
        place |= {"name": name, "kind": "bridge", "elements": "deck"}
        session.submit(f"/structures/{number}/edit/", place)
    _post(session, photo_set, jpeg(SOUND, size=(640, 480))[:-900])
    _post(session, site.new_visit(session, structure=1), jpeg(CRACK, size=(640, 480)))
    site.wait_for_classified(19, seconds=60)
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
