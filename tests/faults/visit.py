"""Photos sent to a site by an inspector who remembers what was promised, and checks it later."""

import hashlib
import itertools
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import requests

from tests.factories import CRACK, SOUND, jpeg
from tests.live_site import LiveSite, Session, wait_until

T = TypeVar("T")
_numbers = itertools.count(1)
ENDED = ("classified", "unreadable", "quarantined")


@dataclass(frozen=True)
class Sent:
    """One photo that was sent: what came back, how long it took, and the verdict it deserves."""

    sha256: str
    verdict: str
    status: int
    seconds: float
    url: str = ""

    @property
    def pk(self) -> int:
        return int(self.url.rstrip("/").rpartition("/")[2])


@dataclass
class Visit:
    site: LiveSite
    session: Session
    photo_set: int = 0
    sent: list[Sent] = field(default_factory=list)

    def __post_init__(self) -> None:
        name = f"Bridge {next(_numbers)}"
        self.photo_set = self.photo_set or self.site.new_photo_set(self.session, name)

    # --- sending ---
    def send(self, content: bytes | None = None, *, cracked: bool = False) -> Sent:
        """Send one photo; status 0 where no answer came."""
        content = content or jpeg(CRACK if cracked else SOUND)
        begin = time.monotonic()
        status, url = 0, ""
        try:
            answer = self.post(content)
            status, url = answer.status_code, answer.json().get("photo_url") or ""
        except requests.ConnectionError:
            pass
        seconds = time.monotonic() - begin
        digest = hashlib.sha256(content).hexdigest()
        sent = Sent(digest, "flagged" if cracked else "clear", status, seconds, url)
        self.sent.append(sent)
        return sent

    def post(self, content: bytes, name: str = "deck.jpg") -> requests.Response:
        return self.session.post(
            self.site.url(f"/photo-sets/{self.photo_set}/photos/"),
            files={"photo": (name, content)},
            headers={
                "X-CSRFToken": self.session.cookies.get("csrftoken", ""),
                "Accept": "application/json",
            },
            timeout=120,
        )

    def send_many(self, count: int, *, at_once: int = 4) -> list[Sent]:
        with ThreadPoolExecutor(at_once) as pool:
            return list(pool.map(lambda number: self.send(cracked=number % 2 == 0), range(count)))

    # --- what became of them ---
    def states(self) -> dict[str, int]:
        rows = self.site.rows(
            "SELECT state, count(*) FROM classifier_photo "
            f"WHERE photo_set_id = {self.photo_set} GROUP BY state"
        )
        return {str(state): int(str(count)) for state, count in rows}

    def count(self, *states: str) -> int:
        found = self.states()
        return sum(found.get(state, 0) for state in states or found)

    def wait_ended(self, count: int, *, seconds: float) -> None:
        what = f"{count} photos of this visit have ended"
        wait_until(lambda: self.count(*ENDED) >= count, what, seconds=seconds)

    def try_again(self) -> int:
        """Press “Try again” for photos whose workers were killed three times; return how many."""
        rows = self.site.rows(
            "SELECT id FROM classifier_photo WHERE state = 'quarantined' "
            f"AND photo_set_id = {self.photo_set}"
        )
        for (photo,) in rows:
            self.session.submit(f"/photos/{photo}/retry/")
        self.wait_ended(self.count(), seconds=60)
        return len(rows)

    def stored(self) -> list[Sent]:
        return [sent for sent in self.sent if 200 <= sent.status < 300]

    def assert_kept(self) -> None:
        """Each photo that was answered with 2xx is there, whole, once, and judged rightly."""
        rows = self.site.rows(
            "SELECT photo.sha256, photo.key, photo.state, prediction.verdict, "
            "(SELECT count(*) FROM classifier_prediction p WHERE p.photo_id = photo.id "
            "AND p.model_version_id = prediction.model_version_id) "
            "FROM classifier_photo photo LEFT JOIN classifier_prediction prediction "
            f"ON prediction.id = photo.prediction_id WHERE photo.photo_set_id = {self.photo_set}"
        )
        found = {str(row[0]): row for row in rows}
        assert len(found) == len(rows), "a photo stands there twice"
        for sent in self.stored():
            _, key, state, verdict, predictions = found[sent.sha256]
            assert (state, verdict, predictions) == ("classified", sent.verdict, 1)
            assert original(self.site, str(key)).read_bytes()


def original(site: LiveSite, key: str) -> Path:
    plain = key.replace("-", "")
    return site.layout.data / "media" / "originals" / plain[:2] / f"{plain}.jpg"


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def at_once(*actions: Callable[[], T]) -> list[T]:
    """Let all actions begin at the same moment; return what each gave."""
    gate = threading.Barrier(len(actions))

    def act(action: Callable[[], T]) -> T:
        gate.wait()
        return action()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(act, actions))
