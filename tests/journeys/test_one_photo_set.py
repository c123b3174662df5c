"""The main job, end to end: real photos, real broker, real worker, the released model."""

import csv
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live_site import LiveSite, Session, wait_until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]

WANTED = {("crosssite_concrete", "crack"): 10, ("saltspot", "clear"): 10}


@pytest.fixture(scope="module")
def photos(shared_data: Path) -> dict[Path, str]:
    """Ten cracked and ten clear photos, each with its label."""
    left, chosen = dict(WANTED), {}
    with (shared_data / "index.csv").open() as file:
        for row in csv.DictReader(file):
            kind = (row["source"], row["label"])
            if left.get(kind, 0) > 0:
                left[kind] -= 1
                chosen[shared_data / row["path"]] = row["label"]
    assert set(left.values()) == {0}
    return chosen


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    folder = tmp_path_factory.mktemp("site")
    with LiveSite.in_folder(folder, sweep_seconds=2, training_epochs=2) as running:
        running.start_trainer()
        yield running


@pytest.fixture(scope="module")
def session(site: LiveSite) -> Session:
    return site.sign_in()


@pytest.fixture(scope="module")
def classified(site: LiveSite, session: Session, photos: dict[Path, str]) -> int:
    """Upload all photos through the form, in turns to two structures; return the first's set."""
    photo_set, other = site.new_photo_set(session), site.new_photo_set(session, "Other bridge")
    for path, target in zip(photos, itertools.cycle((photo_set, other)), strict=False):
        answer = session.submit(f"/photo-sets/{target}/photos/", photo=path, json=True)
        assert (answer.status_code, answer.json()["state"]) == (201, "stored")
    site.wait_for_classified(len(photos), seconds=120)
    return photo_set


def verdicts(site: LiveSite) -> dict[str, tuple[str, float]]:
    rows = site.rows(
        "SELECT photo.id, photo.name, verdict, score FROM classifier_photo photo "
        "JOIN classifier_prediction prediction ON prediction.id = photo.prediction_id"
    )
    return {str(name): (str(verdict), float(str(score))) for _, name, verdict, score in rows}


def test_the_flagged_list_holds_the_cracks_and_few_clear_photos(
    site: LiveSite, classified: int, photos: dict[Path, str]
) -> None:
    found = verdicts(site)
    cracked = [found[path.name][0] for path, label in photos.items() if label == "crack"]
    clear = [found[path.name][0] for path, label in photos.items() if label == "clear"]
    assert sum(verdict != "clear" for verdict in cracked) >= 9
    assert sum(verdict == "flagged" for verdict in clear) <= 2


def test_the_structure_page_lists_flagged_photos_first(
    site: LiveSite, session: Session, classified: int
) -> None:
    page = session.open("/structures/1/")
    names = sorted((name for name in verdicts(site) if name in page), key=page.find)
    ranks = [{"flagged": 0, "undecided": 1, "clear": 2}[verdicts(site)[n][0]] for n in names]
    assert ranks == sorted(ranks)


def test_a_second_upload_of_a_photo_links_to_the_first(
    session: Session, classified: int, photos: dict[Path, str]
) -> None:
    path = next(iter(photos))
    answer = session.submit(f"/photo-sets/{classified}/photos/", photo=path, json=True)
    assert (answer.status_code, answer.json()["state"]) == (200, "duplicate")
    assert path.name in session.open(answer.json()["photo_url"])


def test_every_image_of_a_flagged_photo_is_served(
    site: LiveSite, session: Session, classified: int
) -> None:
    flagged = site.value("SELECT photo_id FROM classifier_prediction WHERE verdict = 'flagged'")
    for kind in ("thumbnail", "working", "overlay", "original"):
        answer = session.get(site.url(f"/photos/{flagged}/images/{kind}/"), timeout=10)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] in ("image/jpeg", "image/png")


def test_reviewed_photos_train_a_candidate_that_the_worker_picks_up(
    site: LiveSite, session: Session, classified: int, photos: dict[Path, str]
) -> None:
    labels = {path.name: label for path, label in photos.items()}
    for pk, name in site.rows("SELECT id, name FROM classifier_photo"):
        answer = {"outcome": "confirmed"}
        if labels[str(name)] == "clear":
            answer = {"outcome": "dismissed", "cause": "texture"}
        session.submit(f"/photos/{pk}/decisions/", dict(answer))
    worker = site.processes["classify"].pid
    pressed = [session.submit("/training-runs/").status_code for _ in range(2)]
    assert pressed == [200, 409]
    assert site.value("SELECT count(*) FROM classifier_trainingrun") == 1
    site.wait_for_run(seconds=400)

    candidate = site.value("SELECT id FROM classifier_modelversion WHERE state = 'candidate'")
    assert "Too little to compare on" in session.open(f"/models/{candidate}/")
    session.submit(f"/models/{candidate}/activate/", {"reason": "To see it at work."})
    session.submit("/photos/1/retry/")
    versions = "SELECT model_version_id FROM classifier_prediction WHERE photo_id = 1 ORDER BY id"
    wait_until(lambda: len(site.rows(versions)) == 2, "the new version answers", seconds=60)
    assert site.rows(versions)[1] == (candidate,)
    assert site.processes["classify"].pid == worker
    decided = site.rows(
        "SELECT outcome FROM classifier_decision JOIN classifier_photo photo "
        "ON photo.decision_id = classifier_decision.id WHERE photo.id = 1"
    )
    assert decided == [("confirmed",)]
