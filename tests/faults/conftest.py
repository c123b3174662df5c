"""One site for all fault tests of a module, with its failpoints armed and the stub engine."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.console import Console
from tests.faults.arming import Failpoints
from tests.faults.visit import Visit
from tests.live_site import ROOT, LiveSite, Session

LEASE_SECONDS = 5


def live_site(
    folder: Path, *, code: Path = ROOT, **settings: object
) -> AbstractContextManager[LiveSite]:
    """A whole site with short leases; `settings` become HAIRLINE_ variables."""
    return LiveSite.in_folder(
        folder,
        code=code,
        engine="stub",
        workers=True,
        settings_module="tests.faults.settings",
        sweep_seconds=1,
        classify_lease_seconds=LEASE_SECONDS,
        training_silence_seconds=5,
        logs="json",
        census_seconds=5,
        uploads_per_minute=1_000_000,  # its limit has tests of its own, in tests/security
        **settings,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    with live_site(tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture(scope="module")
def session(site: LiveSite) -> Session:
    return site.sign_in()


@pytest.fixture
def failpoints(site: LiveSite) -> Iterator[Failpoints]:
    points = Failpoints(site.layout.data / "failpoints")
    yield points
    points.disarm()


@pytest.fixture(scope="module")
def console(site: LiveSite) -> Iterator[Console]:
    with Console(site.environment) as console:
        yield console


@pytest.fixture
def repetition(request: pytest.FixtureRequest) -> int:
    """Return which run of the same test this is (repeats.py)."""
    return int(request.param)


@pytest.fixture
def visit(
    site: LiveSite, session: Session, failpoints: Failpoints, console: Console
) -> Iterator[Visit]:
    """Return an empty photo set of a new structure; at the end every promise is verified."""
    yield Visit(site, session)
    failpoints.disarm()
    console.run("verify_invariants")
