"""F02, F09 with the released network: killed workers lose no photo, and none is forked with it."""

import os
import signal
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest

from ml_training.synthetic import draw_photo
from tests.faults.test_load import unique
from tests.live_site import LiveSite, Session, wait_until

pytestmark = [pytest.mark.fault, pytest.mark.timeout(600)]

PHOTOS, DRAWN = 100, 10
KILLS = 10


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("drawn")
    paths = [folder / f"{number:03}.jpg" for number in range(PHOTOS)]
    for seed in range(DRAWN):
        drawn, file = draw_photo(seed=seed, cracked=seed % 2 == 0, width=480, height=360), BytesIO()
        drawn.image.save(file, "JPEG", quality=90)
        for path in paths[seed::DRAWN]:
            path.write_bytes(unique(file.getvalue()))
    return paths


@pytest.fixture
def site(tmp_path: Path) -> Iterator[LiveSite]:
    with LiveSite.in_folder(tmp_path, sweep_seconds=2, classify_lease_seconds=15) as running:
        yield running


@pytest.fixture
def session(site: LiveSite) -> Session:
    return site.sign_in()


def upload(session: Session, photo_set: int, path: Path) -> float:
    """Upload one photo, demand that it is stored, return the seconds it took."""
    begin = time.monotonic()
    answer = session.submit(f"/photo-sets/{photo_set}/photos/", photo=path, json=True)
    assert answer.status_code == 201, answer.text
    return time.monotonic() - begin


def assert_each_classified_once(site: LiveSite, count: int) -> None:
    assert site.rows("SELECT state, count(*) FROM classifier_photo GROUP BY state") == [
        ("classified", count)
    ]
    assert site.value("SELECT count(*) FROM classifier_prediction") == count
    assert site.value("SELECT count(DISTINCT photo_id) FROM classifier_prediction") == count
    site.manage("verify_invariants")


def kill_mid_photo(site: LiveSite, *, whole_worker: bool) -> None:
    """Kill the worker, or only its child, while it holds a photo."""
    wait_until(lambda: site.photos_in("classifying") > 0, "a photo is in hand", seconds=60, every=0)
    if whole_worker:
        site.kill("classify")
        site.start_worker()
    else:
        for child in site.children("classify"):
            os.kill(child, signal.SIGKILL)


def test_no_photo_is_lost_or_doubled_when_workers_are_killed(
    site: LiveSite, session: Session, drawn: list[Path]
) -> None:
    photo_set = site.new_photo_set(session)
    for path in drawn:
        upload(session, photo_set, path)
    for number in range(KILLS):
        kill_mid_photo(site, whole_worker=number % 2 == 0)
        done = site.photos_in("classified")
        wait_until(
            lambda done=done: site.photos_in("classified") > done,  # type: ignore[misc]  # bound
            f"work goes on after kill {number + 1}",
            seconds=90,
        )
    site.wait_for_classified(PHOTOS, seconds=240)
    assert_each_classified_once(site, PHOTOS)


def networks_in(pid: int) -> set[str]:
    """The libraries of networks whose files a process has opened."""
    maps = Path(f"/proc/{pid}/maps").read_text()
    return {name for name in ("openvino", "tensorflow") if f"/{name}/" in maps}


def test_a_worker_forks_before_it_opens_the_network(
    site: LiveSite, session: Session, drawn: list[Path]
) -> None:
    """F09: the threads of such a library do not survive a fork, so its first answer would hang."""
    upload(session, site.new_photo_set(session), drawn[0])
    site.wait_for_classified(1, seconds=120)
    (child,) = site.children("classify")
    assert networks_in(child)
    assert networks_in(site.processes["classify"].pid) == set()
