"""`./dev bench loop`: how soon the loop of retraining answers, on a whole site.

The longest silence of a training run, how long it takes to stop one at its stages, and how long
after the press of "Activate" and of "Roll back" the first photo is answered by the version that was
chosen, while photos come in all the time. The released model and drawn photos of two megapixels.
"""

import argparse
import io
import itertools
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from tests.live_site import LiveSite, Session, wait_until

STRUCTURES, PHOTOS = 6, 8
SIZE = (1632, 1224)
LONGEST_SILENCE, LONGEST_STOP, LONGEST_FOLLOWING, LONGEST_WAY_BACK = 10, 30, 30, 60
"""Seconds: what the design allows."""

Measured = tuple[str, float, int]
"""What, its seconds, and how many are allowed."""


def drawn(seed: int) -> bytes:
    from PIL import Image

    from ml_training.synthetic import draw_photo

    small = draw_photo(seed=seed, cracked=seed % 2 == 0, width=816, height=612).image
    file = io.BytesIO()
    small.resize(SIZE, Image.Resampling.BICUBIC).save(file, "JPEG", quality=90)
    return file.getvalue()


def review(site: LiveSite, session: Session) -> None:
    """Send photos to several structures and answer each as it was drawn."""
    seeds = itertools.count()
    for number in range(STRUCTURES):
        photo_set = site.new_photo_set(session, f"Bridge {number}")
        for seed in itertools.islice(seeds, PHOTOS):
            session.upload(photo_set, f"{seed}.jpg", drawn(seed))
    site.wait_for_classified(STRUCTURES * PHOTOS, seconds=300)
    for pk, name in site.rows("SELECT id, name FROM classifier_photo"):
        cracked = int(Path(str(name)).stem) % 2 == 0
        outcome = (
            {"outcome": "confirmed"} if cracked else {"outcome": "dismissed", "cause": "joint"}
        )
        session.submit(f"/photos/{pk}/decisions/", dict(outcome))


# === Training ===


def newest_run(site: LiveSite) -> tuple[int, str, datetime]:
    """Return the id, the state and the last heartbeat of the newest training run."""
    pk, state, heard = site.rows(
        "SELECT id, state, coalesce(heartbeat_at, requested_at) FROM classifier_trainingrun "
        "ORDER BY id DESC LIMIT 1"
    )[0]
    return int(str(pk)), str(state), datetime.fromisoformat(str(heard)).replace(tzinfo=UTC)


def stop_after(site: LiveSite, session: Session, seconds: float) -> float:
    """Begin a run, press "Stop" when it has run for so long; return the seconds until it has."""
    session.submit("/training-runs/", {"anyway": "1"})
    wait_until(lambda: newest_run(site)[1] == "running", "the run begins", seconds=60)
    time.sleep(seconds)
    pressed = time.monotonic()
    session.submit(f"/training-runs/{newest_run(site)[0]}/cancel/")
    wait_until(lambda: newest_run(site)[1] == "cancelled", "it stops", seconds=120)
    return time.monotonic() - pressed


def train(site: LiveSite, session: Session) -> tuple[float, float]:
    """Train to the end; return its seconds and the longest silence between two heartbeats."""
    session.submit("/training-runs/", {"anyway": "1"})
    wait_until(lambda: newest_run(site)[1] == "running", "the run begins", seconds=60)
    began, longest = time.monotonic(), 0.0
    while newest_run(site)[1] == "running":
        heard = newest_run(site)[2]
        longest = max(longest, (datetime.now(UTC) - heard).total_seconds())
        time.sleep(0.1)
    seconds = time.monotonic() - began
    site.wait_for_run(seconds=120)
    return seconds, longest


# === Versions ===


@contextmanager
def inspectors(site: LiveSite, session: Session) -> Iterator[None]:
    """Send photos all the while, one after the other."""
    photo_set, ended = site.new_photo_set(session, "Busy bridge"), threading.Event()
    seeds = itertools.count(1000)

    def send() -> None:
        while not ended.is_set():
            session.upload(photo_set, "deck.jpg", drawn(next(seeds)))

    sender = threading.Thread(target=send)
    sender.start()
    try:
        yield
    finally:
        ended.set()
        sender.join()


def answers(site: LiveSite, version: int, since: int) -> int:
    return site.value(
        "SELECT count(*) FROM classifier_prediction "
        f"WHERE model_version_id = {version} AND id > {since}"
    )


def follow(site: LiveSite, session: Session, version: int, **fields: object) -> float:
    """Press "Activate" or "Roll back"; return the seconds until this version answers a photo."""
    since, pressed = site.value("SELECT max(id) FROM classifier_prediction"), time.monotonic()
    session.submit(f"/models/{version}/activate/", fields)
    wait_until(lambda: answers(site, version, since) > 0, "the version answers", seconds=120)
    return time.monotonic() - pressed


def mixed(site: LiveSite) -> int:
    """Count answers that carry other weights than the version they name."""
    return site.value(
        "SELECT count(*) FROM classifier_prediction p JOIN classifier_modelversion v "
        "ON v.id = p.model_version_id WHERE p.weights_sha256 <> v.weights_sha256"
    )


def training(site: LiveSite, session: Session, stops: list[float]) -> Iterator[Measured]:
    for seconds in stops:
        what = f"stopping a run {seconds:g} s after its begin"
        yield what, stop_after(site, session, seconds), LONGEST_STOP
    seconds, silence = train(site, session)
    say(f"a run on {STRUCTURES * PHOTOS} photos with its comparison: {seconds:.0f} s")
    yield "the longest silence of a run", silence, LONGEST_SILENCE


def versions(site: LiveSite, session: Session) -> Iterator[Measured]:
    before = site.value("SELECT id FROM classifier_modelversion WHERE state = 'active'")
    candidate = site.value("SELECT max(id) FROM classifier_modelversion")
    files = str(
        site.rows(f"SELECT folder FROM classifier_modelversion WHERE id = {candidate}")[0][0]
    )
    for what in ("rolling back", "rolling back from a version whose files are gone"):
        seconds = follow(site, session, candidate, reason="To measure how soon it is followed.")
        yield "activating", seconds, LONGEST_FOLLOWING
        if "gone" in what:
            shutil.rmtree(site.layout.data / "models" / files)
        yield what, follow(site, session, before), LONGEST_WAY_BACK


def say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


def main() -> None:
    from ml_training.machine import machine

    parser = argparse.ArgumentParser(prog="./dev bench loop")
    parser.add_argument("--stops", type=float, nargs="+", default=[0, 2, 5, 10, 20, 30])
    parser.add_argument("--epochs", type=int, default=4)
    chosen = parser.parse_args()
    say(machine())
    with (
        tempfile.TemporaryDirectory() as name,
        LiveSite.in_folder(Path(name), training_epochs=chosen.epochs) as site,
    ):
        session = site.sign_in()
        review(site, session)
        site.start_trainer()
        told = list(training(site, session, chosen.stops))
        with inspectors(site, session):
            told += versions(site, session)
        for what, seconds, bar in told:
            say(f"{what}: {seconds:.1f} s (at most {bar})")
        say(f"answers that carry other weights than their version's: {mixed(site)}")
    sys.exit(0 if all(seconds <= bar for _, seconds, bar in told) else 1)


if __name__ == "__main__":
    main()
