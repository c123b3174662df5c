"""Trainers that die, activations cut off, and a new version that cannot be used."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from tests.faults import figures
from tests.faults.arming import Failpoints
from tests.faults.repeats import LIMIT, repeated
from tests.faults.visit import Visit
from tests.live_site import LiveSite, wait_until

pytestmark = [pytest.mark.fault, pytest.mark.timeout(LIMIT)]

RUN_MOMENTS = ("T1", "T2", "T3", "T4", "T5", "T6")


@pytest.fixture
def reviewed(visit: Visit) -> Visit:
    """Return a visit with eight decided photos, beside another structure with four: enough to
    train.
    """
    other = Visit(visit.site, visit.session)
    photos = [sent.pk for sent in (*visit.send_many(8), *other.send_many(4))]
    visit.wait_ended(8, seconds=30)
    other.wait_ended(4, seconds=30)
    for number, photo in enumerate(photos):
        outcome = "confirmed" if number % 2 else "dismissed"
        fields: dict[str, object] = {"outcome": outcome, "cause": "joint", "seen": ""}
        visit.session.submit(f"/photos/{photo}/decisions/", fields)
    return visit


def active(site: LiveSite) -> list[tuple[object, ...]]:
    return site.rows("SELECT id FROM classifier_modelversion WHERE state = 'active'")


def versions(site: LiveSite) -> int:
    return site.value("SELECT count(*) FROM classifier_modelversion")


def trained(site: LiveSite, visit: Visit) -> int:
    """Train a candidate to its end and return its id."""
    visit.session.submit("/training-runs/", {"anyway": "1"})
    site.wait_for_run(seconds=60)
    return site.value("SELECT max(id) FROM classifier_modelversion")


@repeated(5)
def test_the_run_of_a_killed_trainer_goes_on_and_lists_no_half_model(
    site: LiveSite, reviewed: Visit, failpoints: Failpoints
) -> None:
    """F38: at each moment before the commit; the old version classifies all the while."""
    site.start_trainer()
    before, listed = active(site), versions(site)
    for number, moment in enumerate(RUN_MOMENTS, 1):
        failpoints.arm(moment, "kill")
        reviewed.session.submit("/training-runs/", {"anyway": "1"})
        failpoints.wait_struck(moment)
        assert reviewed.send().status == 201
        assert versions(site) == listed + number - 1
        site.wait_for_run(seconds=60)
        assert (active(site), versions(site)) == (before, listed + number)
    reviewed.wait_ended(8 + len(RUN_MOMENTS), seconds=30)
    site.kill("train")
    reviewed.assert_kept()


@repeated(5)
def test_a_run_that_was_committed_stays_when_its_trainer_is_killed(
    site: LiveSite, reviewed: Visit, failpoints: Failpoints
) -> None:
    """F38 at T7: the message comes again and finds nothing to do."""
    site.start_trainer()
    failpoints.arm("T7", "kill")
    count = versions(site)
    trained(site, reviewed)
    failpoints.wait_struck("T7")
    trained(site, reviewed)
    assert versions(site) == count + 2
    site.kill("train")


@pytest.mark.long
@pytest.mark.parametrize("moment", ["T2", "T3", "T4"])
def test_a_run_on_a_full_disk_fails_and_leaves_no_half_model(
    site: LiveSite, reviewed: Visit, failpoints: Failpoints, moment: str
) -> None:
    """F22: three times at each moment; the old version serves, and with room the next run works."""
    site.start_trainer()
    models = site.layout.data / "models"
    before, listed, folders = active(site), versions(site), sorted(models.iterdir())
    for _ in range(3):
        failpoints.arm(moment, "full")
        reviewed.session.submit("/training-runs/", {"anyway": "1"})
        failpoints.wait_struck(moment)
        wait_until(lambda: newest_run(site)[0] == "failed", "the run fails", seconds=60)
        assert "disk is full" in newest_run(site)[1]
        assert (active(site), versions(site)) == (before, listed)
        assert sorted(models.iterdir()) == folders
        assert reviewed.send().status == 201
    reviewed.wait_ended(11, seconds=30)
    trained(site, reviewed)
    site.kill("train")
    reviewed.assert_kept()
    figures.note("F22", moment=moment, failed_runs=3, half_models=0)


def newest_run(site: LiveSite) -> tuple[str, str]:
    newest = "SELECT state, message FROM classifier_trainingrun ORDER BY id DESC LIMIT 1"
    state, message = site.rows(newest)[0]
    return str(state), str(message)


@repeated(20)
@pytest.mark.parametrize("moment", ["T8", "T9"])
def test_an_activation_cut_off_leaves_exactly_one_active_version(
    site: LiveSite, reviewed: Visit, failpoints: Failpoints, moment: str
) -> None:
    """F39: the old one before the commit, the new one after it; photos go on meanwhile."""
    site.start_trainer()
    candidate, before = trained(site, reviewed), active(site)
    failpoints.arm(moment, "kill")
    with pytest.raises(OSError, match="Connection aborted"):
        reviewed.session.submit(f"/models/{candidate}/activate/")
    assert active(site) == (before if moment == "T8" else [(candidate,)])
    reviewed.send_many(5)
    reviewed.wait_ended(13, seconds=30)
    site.kill("train")
    reviewed.assert_kept()


def card_of(site: LiveSite, version: int) -> Path:
    rows = site.rows(f"SELECT folder FROM classifier_modelversion WHERE id = {version}")
    return site.layout.data / "models" / str(rows[0][0]) / "card.json"


def health_of(site: LiveSite) -> int:
    return requests.get(site.url("/healthz"), timeout=10).status_code


def damage(card: Path) -> None:
    card.write_text(json.dumps(card.read_text())[:20])


def make_unloadable(card: Path) -> None:
    """Leave the folder whole, with its seal, and what is in it of no use."""
    card.write_text(json.dumps(json.loads(card.read_text()) | {"unloadable": True}))


def lock(card: Path) -> None:
    card.chmod(0)


def reads_what_is_locked(file: Path) -> bool:
    file.touch(mode=0)
    return os.access(file, os.R_OK)


@repeated(5)
@pytest.mark.parametrize("spoil", [damage, make_unloadable, lock])
def test_a_version_that_cannot_be_loaded_gives_way_to_the_one_before(
    site: LiveSite, reviewed: Visit, spoil: Callable[[Path], None], tmp_path: Path
) -> None:
    """F40: spoiled between its activation and the next photo; no photo is blamed, admins are told
    until one of them answers.
    """
    if spoil is lock and reads_what_is_locked(tmp_path / "file"):
        pytest.skip("root reads files that nobody may read")
    site.start_trainer()
    before = active(site)
    candidate = trained(site, reviewed)
    reviewed.session.submit(f"/models/{candidate}/activate/")
    assert active(site) == [(candidate,)]
    card = card_of(site, candidate)
    whole = card.read_text()
    spoil(card)
    reviewed.send_many(4)
    wait_until(lambda: active(site) == before, "the version before is active", seconds=60)
    reviewed.wait_ended(12, seconds=60)
    assert [site.photos_in(state) for state in ("unreadable", "quarantined")] == [0, 0]
    assert "by itself at" in reviewed.session.open("/models/")
    assert health_of(site) == 503
    reviewed.session.submit(f"/models/{before[0][0]}/activate/")
    wait_until(lambda: health_of(site) == 200, "an admin has answered", seconds=60)
    site.kill("train")
    card.chmod(0o644)
    card.write_text(whole)
    reviewed.assert_kept()


@repeated(5)
def test_a_version_that_ends_its_workers_gives_way_to_the_one_before(
    site: LiveSite, reviewed: Visit, failpoints: Failpoints
) -> None:
    """F40: each process dies as it is asked, as without memory; the third one is not tried."""
    site.start_trainer()
    before = active(site)
    candidate = trained(site, reviewed)
    failpoints.arm_always("M1", "kill", row=candidate)
    reviewed.session.submit(f"/models/{candidate}/activate/")
    reviewed.send_many(4)
    wait_until(lambda: active(site) == before, "the version before is active", seconds=60)
    reviewed.wait_ended(12, seconds=90)
    assert [site.photos_in(state) for state in ("unreadable", "quarantined")] == [0, 0]
    assert "workers in a row ended" in reviewed.session.open(f"/models/{candidate}/")
    reviewed.session.submit(f"/models/{before[0][0]}/activate/")
    site.kill("train")
    reviewed.assert_kept()


def test_a_worker_follows_an_activation_between_two_photos(
    site: LiveSite, reviewed: Visit, failpoints: Failpoints
) -> None:
    """R23: the same process, and each answer carries the version that gave it."""
    site.start_trainer()
    ((before,),) = active(site)
    candidate, newest = trained(site, reviewed), "SELECT max(id) FROM classifier_prediction"
    site.kill("train")  # it would go on trying the candidate, on these photos too
    workers, known = site.children("classify"), site.value(newest)
    failpoints.arm_always("W5", "sleep 0.05")
    reviewed.send_many(20)
    reviewed.session.submit(f"/models/{candidate}/activate/")
    reviewed.send_many(20)
    reviewed.wait_ended(48, seconds=60)
    rows = site.rows(
        "SELECT version.id, prediction.weights_sha256 = version.weights_sha256 "
        "FROM classifier_prediction prediction JOIN classifier_modelversion version "
        f"ON version.id = prediction.model_version_id WHERE prediction.id > {known} "
        "ORDER BY prediction.id"
    )
    assert all(own for _, own in rows)
    answered = [version for version, _ in rows]
    assert answered == [before] * answered.count(before) + [candidate] * answered.count(candidate)
    assert answered[-20:] == [candidate] * 20
    assert site.children("classify") == workers
    reviewed.session.submit(f"/models/{before}/activate/")
    reviewed.assert_kept()
