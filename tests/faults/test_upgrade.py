"""F47: the newest migration, on a filled site, under the code that was written before it."""

import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.faults import figures
from tests.faults.conftest import live_site
from tests.faults.figures import scaled
from tests.faults.visit import Visit
from tests.live_site import ROOT, LiveSite
from tests.postgres import Postgres

pytestmark = [pytest.mark.fault, pytest.mark.long, pytest.mark.timeout(1200)]

NEWEST, BEFORE = sorted(
    (path.stem for path in (ROOT / "classifier" / "migrations").glob("0*.py")), reverse=True
)[:2]


def git(*words: str) -> bytes:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"The history is not here: {done.stderr.decode()}")
    return done.stdout


@pytest.fixture(scope="module")
def code_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code as it was when the newest migration did not exist yet."""
    file = f"classifier/migrations/{NEWEST}.py"
    added_by = ("log", "-1", "-m", "--first-parent", "--diff-filter=A", "--format=%H")
    added = git(*added_by, "--", file).decode().strip()
    folder = tmp_path_factory.mktemp("before")
    subprocess.run(["tar", "x"], input=git("archive", f"{added}^"), cwd=folder, check=True)
    assert not (folder / file).exists()
    return folder


def run_code(site: LiveSite, code: Path) -> None:
    """Stop everything but the broker, and start it with other code."""
    for name in ("web", "beat", "classify"):
        site.kill(name)
    site.code = code
    for start in (site.start_worker, site.start_beat, site.start_web):
        start()


def migrate(site: LiveSite, target: str) -> float:
    """Migrate with the code of today, whatever runs meanwhile; return the seconds."""
    begin, running, site.code = time.monotonic(), site.code, ROOT
    site.manage("migrate", "classifier", target, "--verbosity", "0")
    site.code = running
    return time.monotonic() - begin


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_filled_site_is_migrated_under_the_code_before_and_back(
    code_before: Path,
    tmp_path: Path,
    database: str,
    request: pytest.FixtureRequest,
) -> None:
    """Within a minute, while photos come; the old code goes on, the new one does, and back."""
    settings = {}
    if database == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        settings = {"database_url": server.create_database("f47")}
    photos = scaled(10_000)
    with live_site(tmp_path, code=code_before, **settings) as site:
        visit = Visit(site, site.sign_in())
        visit.send()
        visit.wait_ended(1, seconds=60)
        fill = f"from tests.faults.crowd import fill; fill({visit.sent[0].pk}, {photos})"
        site.manage("shell", "--no-imports", "--command", fill)
        sender = threading.Thread(target=visit.send_many, args=(40,))
        sender.start()
        took = migrate(site, NEWEST)
        sender.join()
        for code in (code_before, ROOT):
            run_code(site, code)
            visit.send_many(5)
            assert visit.session.get(site.url("/structures/"), timeout=30).status_code == 200
        took_back = migrate(site, BEFORE)
        run_code(site, code_before)
        visit.send_many(5)
        visit.wait_ended(photos + len(visit.sent), seconds=120)
        assert {sent.status for sent in visit.sent} == {201}
        visit.assert_kept()
    figures.note(
        "F47",
        database=database,
        photos=photos,
        migrated_s=round(took, 1),
        migrated_back_s=round(took_back, 1),
        lost=0,
    )
    assert max(took, took_back) <= 60
