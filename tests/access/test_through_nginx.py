"""A sample of the matrix as browsers meet it: through nginx with TLS, and gunicorn behind it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.access.test_matrix import FORBIDDEN, MATRIX, PRINCIPALS, named
from tests.access.world import SECRETS, World
from tests.live_site import LiveSite
from tests.nginx import exchange, nginx_before

pytestmark = [pytest.mark.fault, pytest.mark.timeout(800)]

FILES = ("photo-image/", "report-pdf", "shared-report")
"""What nginx itself sends, once the site allows it."""
ASKING = ("anonymous", "viewer", "inspector", "role_removed")
TOKEN = "a" * 32
MAKE_WORLD = """
import json
from dataclasses import asdict
from tests.access.world import make_world
print(json.dumps(asdict(make_world())))
"""


def sample() -> Iterator[tuple[str, str, str, str]]:
    """Some principals for each file, and of the other rows every third with one principal in turn.

    Without forms that are obeyed: the site is made once.
    """
    files = [row for row in MATRIX if row["route"].startswith(FILES)]
    others = [row for row in MATRIX if row not in files][::3]
    cells = [(row, who) for row in files for who in ASKING]
    cells += [(row, PRINCIPALS[n % len(PRINCIPALS)]) for n, row in enumerate(others)]
    for row, who in cells:
        if row["verb"] == "GET" or row[who] in FORBIDDEN:
            yield row["route"], row["verb"], who, row[who]


SAMPLE = list(sample())


@dataclass(frozen=True)
class Outside:
    port: int
    world: World


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    with (
        LiveSite.in_folder(
            tmp_path_factory.mktemp("site"),
            engine="stub",
            settings_module="tests.faults.settings",
            workers=False,
            accel_redirect=True,
        ) as site,
        nginx_before(site, tmp_path_factory.mktemp("nginx")) as port,
    ):
        told = site.manage("shell", "--no-imports", "--command", MAKE_WORLD)
        yield Outside(port, World(**json.loads(told.splitlines()[-1])))


def test_the_sample_has_every_principal_and_both_verbs() -> None:
    assert {who for _, _, who, _ in SAMPLE} == set(PRINCIPALS)
    assert {verb for _, verb, _, _ in SAMPLE} == {"GET", "POST"}


@pytest.mark.parametrize(("route", "verb", "who", "expected"), SAMPLE)
def test_a_principal_gets_the_answer_of_the_matrix_from_outside(
    outside: Outside, route: str, verb: str, who: str, expected: str
) -> None:
    cookie = f"csrftoken={TOKEN}; sessionid={outside.world.sessions.get(who, '')}"
    form = {"csrfmiddlewaretoken": TOKEN} if verb == "POST" else None
    answer, content = exchange(outside.port, outside.world.address(route), cookie, form=form)
    assert named(answer.status, answer.getheader("Location", "")) == expected
    if expected in FORBIDDEN:
        assert not any(secret.encode() in content for secret in SECRETS)
