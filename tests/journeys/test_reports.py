"""A report among many photos, with a real broker and a real worker."""

from pathlib import Path

import pytest

from tests.factories import CRACK, jpeg
from tests.live_site import LiveSite, wait_until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(800)]

PHOTOS = 40


@pytest.mark.usefixtures("pango")
def test_a_report_does_not_wait_for_all_photos_that_came_before_it(tmp_path: Path) -> None:
    with LiveSite.in_folder(tmp_path, engine="stub", sweep_seconds=600) as site:
        session = site.sign_in()
        photo_set = site.new_photo_set(session)
        site.kill("classify")
        for number in range(PHOTOS):
            photo = tmp_path / f"deck-{number}.jpg"
            photo.write_bytes(jpeg(CRACK))
            session.submit(f"/photo-sets/{photo_set}/photos/", photo=photo, json=True)
        session.submit("/inspections/1/reports/", {"paper": "A4"})
        site.start_worker()
        wait_until(
            lambda: site.rows("SELECT state FROM classifier_report") == [("ready",)],
            "the report is written",
            seconds=90,
        )
        site.wait_for_classified(PHOTOS, seconds=60)
        written = "(SELECT ended_at FROM classifier_report)"
        later = site.value(f"SELECT count(*) FROM classifier_photo WHERE ended_at > {written}")
        assert later >= PHOTOS // 2
