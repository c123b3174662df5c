"""Load: many people and photos of real size, with the released network (`./dev faults --long`)."""

import io
import itertools
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from ml_training.synthetic import draw_photo
from tests.console import Console
from tests.faults import figures
from tests.faults.figures import SCALE, scaled
from tests.faults.visit import Sent, Visit, percentile
from tests.live_site import LiveSite, Session

pytestmark = [pytest.mark.fault, pytest.mark.long, pytest.mark.timeout(5400)]

_numbers = itertools.count(1)
PAGES = 40


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    with LiveSite.in_folder(tmp_path_factory.mktemp("load"), sweep_seconds=5) as running:
        yield running


@pytest.fixture(scope="module")
def session(site: LiveSite) -> Session:
    return site.sign_in()


@pytest.fixture(scope="module")
def large() -> bytes:
    return large_photo()


def large_photo() -> bytes:
    """A drawn photo as a phone writes it: 12 megapixels, and as large a file by its noise."""
    drawn = draw_photo(seed=1, cracked=True, width=1000, height=750).image.resize((4000, 3000))
    noise = Image.frombytes("L", drawn.size, random.Random(1).randbytes(12_000_000)).convert("RGB")
    file = io.BytesIO()
    Image.blend(drawn, noise, 0.2).save(file, "JPEG", quality=92)
    return file.getvalue()


def small_photo(seed: int = 2, *, cracked: bool = True) -> bytes:
    drawn, file = draw_photo(seed=seed, cracked=cracked, width=1000, height=750), io.BytesIO()
    drawn.image.save(file, "JPEG", quality=95)
    return file.getvalue()


def unique(content: bytes) -> bytes:
    """The same picture as a file of its own: a comment more."""
    mark = f"{next(_numbers)}-{time.time_ns()}".encode()
    return content[:2] + b"\xff\xfe" + (len(mark) + 2).to_bytes(2, "big") + mark + content[2:]


def upload(visit: Visit, contents: list[bytes], *, at_once: int = 3) -> list[Sent]:
    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(visit.send, contents))


def assert_classified_once(site: LiveSite, visits: list[Visit]) -> None:
    for visit in visits:
        assert {sent.status for sent in visit.sent} == {201}
        assert visit.states() == {"classified": len(visit.sent)}
    answers = "photo_id || '-' || model_version_id"  # a candidate on trial answers, too
    twice = f"SELECT count(*) - count(DISTINCT {answers}) FROM classifier_prediction"
    assert site.value(twice) == 0
    site.manage("verify_invariants")


def milliseconds(values: list[float], share: float = 0.95) -> int:
    return round(percentile(values, share) * 1000)


def test_one_inspector_uploads_a_visit_and_repeats_it(
    site: LiveSite, session: Session, large: bytes
) -> None:
    """L1: 300 photos of 12 megapixels, three at a time. L8: the same once more stores nothing."""
    contents = [unique(large) for _ in range(scaled(300))]
    visit, again = Visit(site, session), Visit(site, session)
    again.photo_set = visit.photo_set
    begin = time.monotonic()
    sent = upload(visit, contents)
    first = time.monotonic() - begin
    visit.wait_ended(len(sent), seconds=120 + 10 * len(sent))
    total = time.monotonic() - begin
    assert_classified_once(site, [visit])
    figures.note(
        "L1",
        photos=len(sent),
        mb_each=round(len(large) / 1e6, 1),
        upload_p95_ms=milliseconds([one.seconds for one in sent]),
        upload_s=round(first),
        all_classified_s=round(total),
    )
    begin = time.monotonic()
    repeated = upload(again, contents)
    second = time.monotonic() - begin
    assert {one.status for one in repeated} == {200}
    assert visit.count() == len(sent)
    figures.note("L8", photos=len(sent), new_rows=0, share_of_first=round(second / first, 2))


def several(site: LiveSite, people: int, photos: list[bytes]) -> tuple[list[Visit], list[float]]:
    """Let people upload at the same time, each three photos at once; how long each took."""
    visits = [Visit(site, site.sign_in()) for _ in range(people)]

    def work(visit: Visit) -> float:
        begin = time.monotonic()
        upload(visit, [unique(photo) for photo in photos])
        return time.monotonic() - begin

    with ThreadPoolExecutor(people) as pool:
        return visits, list(pool.map(work, visits))


class Reader(threading.Thread):
    """Asks for a page again and again, as long as it is wanted."""

    def __init__(self, ask: Callable[[], object]) -> None:
        super().__init__()
        self.ask, self.enough = ask, threading.Event()
        self.seconds: list[float] = []

    def run(self) -> None:
        while not self.enough.is_set():
            begin = time.monotonic()
            self.ask()
            self.seconds.append(time.monotonic() - begin)
            time.sleep(0.2)


def test_five_inspectors_upload_while_others_read(
    site: LiveSite, session: Session, large: bytes
) -> None:
    """L2: 200 photos each. L4: lists, the review queue and thumbnails meanwhile."""
    seen = Visit(site, session)
    photo = seen.send(unique(large)).pk
    seen.wait_ended(1, seconds=60)
    reading, reviewing = site.sign_in(), site.sign_in()
    pages = Reader(lambda: reading.open("/structures/"))
    queue = Reader(lambda: reviewing.open("/review/"))
    pictures = Reader(lambda: session.open(f"/photos/{photo}/images/thumbnail/"))
    readers = (pages, queue, pictures)
    for reader in readers:
        reader.start()
    begin = time.monotonic()
    visits, _ = several(site, 5, [large] * scaled(200))
    uploaded = time.monotonic() - begin
    for reader in readers:
        reader.enough.set()
        reader.join()
    for visit in visits:
        visit.wait_ended(len(visit.sent), seconds=300 + 30 * len(visit.sent))
    total = time.monotonic() - begin
    assert_classified_once(site, visits)
    seconds = [sent.seconds for visit in visits for sent in visit.sent]
    figures.note(
        "L2",
        photos=len(seconds),
        upload_p95_ms=milliseconds(seconds),
        upload_p99_ms=milliseconds(seconds, 0.99),
        upload_s=round(uploaded),
        classified_a_second=round(len(seconds) / total, 1),
    )
    figures.note(
        "L4",
        list_p95_ms=milliseconds(pages.seconds),
        queue_p95_ms=milliseconds(queue.seconds),
        thumbnail_p95_ms=milliseconds(pictures.seconds),
    )


def test_twenty_inspectors_at_the_same_moment_are_served_evenly(site: LiveSite) -> None:
    """L3: 50 small photos each."""
    visits, took = several(site, 20, [small_photo()] * scaled(50))
    statuses = {sent.status for visit in visits for sent in visit.sent}
    figures.note(
        "L3",
        people=20,
        photos_each=scaled(50),
        slowest_to_fastest=round(max(took) / min(took), 2),
        upload_p95_ms=milliseconds([sent.seconds for visit in visits for sent in visit.sent]),
    )
    assert statuses == {201}
    for visit in visits:
        visit.wait_ended(len(visit.sent), seconds=60 + 20 * len(visit.sent))
    assert_classified_once(site, visits)


def test_a_hundred_thousand_photos_are_listed_as_fast_as_few(
    site: LiveSite, session: Session, large: bytes
) -> None:
    """L5: home, register, a structure's photos by page and filter, the queue."""
    visits = [Visit(site, session) for _ in range(20)]
    visits[0].send(unique(large))
    visits[0].wait_ended(1, seconds=60)
    count = scaled(100_000)
    with Console(site.environment) as console:
        like = visits[0].sent[0].pk
        console.script(f"from tests.faults.crowd import fill; fill({like}, {count})")
    structure = site.value("SELECT max(id) FROM classifier_structure")
    addresses = {
        "home": "/",
        "register": "/structures/",
        "search": "/structures/?q=Bridge",
        "structure": f"/structures/{structure}/",
        "page_20": f"/structures/{structure}/?page=20",
        "filtered": f"/structures/{structure}/?verdict=flagged&review=unreviewed",
        "queue": "/review/",
    }
    measured = {name: _p95(session, address) for name, address in addresses.items()}
    figures.note("L5", photos=count, **{f"{name}_p95_ms": ms for name, ms in measured.items()})
    assert SCALE < 1 or max(measured.values()) <= 500


def _p95(session: Session, address: str) -> int:
    seconds = []
    for _ in range(PAGES):
        begin = time.monotonic()
        session.open(address)
        seconds.append(time.monotonic() - begin)
    return milliseconds(seconds)
