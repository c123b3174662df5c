"""R25: the process that judges old photos again is killed on its way, and another one goes on."""

import pytest

from tests.faults.arming import Failpoints
from tests.faults.visit import Visit
from tests.live_site import LiveSite

pytestmark = [pytest.mark.fault, pytest.mark.timeout(300)]

DECISIONS = "SELECT * FROM classifier_decision ORDER BY id"
STANDING = "SELECT id, prediction_id, decision_id FROM classifier_photo ORDER BY id"


def test_old_photos_are_judged_once_each_although_the_process_is_killed_twice(
    site: LiveSite, visit: Visit, failpoints: Failpoints
) -> None:
    other = Visit(site, visit.session)
    photos = [sent.pk for sent in (*visit.send_many(8), *other.send_many(4))]
    visit.wait_ended(8, seconds=60)
    other.wait_ended(4, seconds=60)
    for number, photo in enumerate(photos):
        fields = {"outcome": "confirmed" if number % 2 else "dismissed", "cause": "joint"}
        visit.session.submit(f"/photos/{photo}/decisions/", {**fields, "seen": ""})
    decided, standing = site.rows(DECISIONS), site.rows(STANDING)
    failpoints.arm("W5", "kill", row=sorted(photos)[3])
    failpoints.arm("W6", "kill", row=sorted(photos)[8])
    site.start_trainer()
    visit.session.submit("/training-runs/", {"anyway": "1"})
    site.wait_for_run(seconds=120)
    assert (failpoints.left("W5"), failpoints.left("W6")) == (0, 0), "It was killed both times."
    candidate = site.value("SELECT max(id) FROM classifier_modelversion")
    answered = "SELECT photo_id FROM classifier_prediction WHERE model_version_id = "
    answers = [row[0] for row in site.rows(f"{answered}{candidate} ORDER BY photo_id")]
    assert answers == sorted(photos)
    assert site.rows("SELECT state, done, total FROM classifier_rescoring") == [
        ("finished", 12, 12)
    ]
    assert (site.rows(DECISIONS), site.rows(STANDING)) == (decided, standing)
    site.kill("train")
    visit.assert_kept()
