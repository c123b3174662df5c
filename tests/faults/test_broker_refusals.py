"""A broker that answers and takes nothing: full (F18), or unable to save (F19)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import redis

from tests.faults import figures
from tests.faults.test_health import told
from tests.faults.visit import Visit
from tests.live_site import LiveSite, wait_until

pytestmark = [pytest.mark.fault, pytest.mark.long, pytest.mark.timeout(600)]

UPLOADS = 10


@contextmanager
def broker(site: LiveSite) -> Iterator[redis.Redis]:
    with redis.Redis(unix_socket_path=str(site.layout.valkey_socket)) as valkey:
        yield valkey


def refuses(site: LiveSite, word: str) -> bool:
    """Whether the broker turns down a write, for the reason `word`."""
    with broker(site) as valkey:
        try:
            valkey.set("a test writes", 1, ex=1)
        except redis.ResponseError as error:
            return word in str(error)
    return False


def fill(site: LiveSite) -> None:
    with broker(site) as valkey:
        valkey.config_set("maxmemory", 1)


def empty(site: LiveSite) -> None:
    with broker(site) as valkey:
        valkey.config_set("maxmemory", 0)


def break_saving(site: LiveSite) -> None:
    (site.layout.valkey / "dump.rdb").mkdir()
    with broker(site) as valkey:
        valkey.config_set("save", "3600 1")
        valkey.bgsave()


def mend_saving(site: LiveSite) -> None:
    (site.layout.valkey / "dump.rdb").rmdir()
    with broker(site) as valkey:
        valkey.bgsave()
        wait_until(lambda: not refuses(site, "MISCONF"), "the broker saves again", seconds=20)
        valkey.config_set("save", "")


def all_classified(site: LiveSite, visit: Visit) -> bool:
    """Whether work went on; what ended by itself is started again, as in production."""
    site.revive()
    return visit.count("classified") > UPLOADS


@pytest.mark.parametrize(
    ("row", "word", "hurt", "heal"),
    [
        pytest.param("F18", "maxmemory", fill, empty, id="full"),
        pytest.param("F19", "MISCONF", break_saving, mend_saving, id="cannot save"),
    ],
)
def test_a_broker_that_refuses_writes_costs_no_photo(
    site: LiveSite,
    visit: Visit,
    row: str,
    word: str,
    hurt: Callable[[LiveSite], None],
    heal: Callable[[LiveSite], None],
) -> None:
    """Uploads are taken, monitoring hears of it, and afterwards all goes on by itself."""
    visit.send()
    visit.wait_ended(1, seconds=60)
    hurt(site)
    wait_until(lambda: refuses(site, word), f"the broker answers {word}", seconds=20)
    visit.send_many(UPLOADS)
    wait_until(lambda: told(site, "/healthz") == (503, "degraded"), "it is told", seconds=60)
    heal(site)
    wait_until(lambda: all_classified(site, visit), "all are classified", seconds=120)
    assert {sent.status for sent in visit.sent} == {201}
    visit.assert_kept()
    slowest = max(sent.seconds for sent in visit.sent)
    figures.note(row, uploads=UPLOADS, lost=0, slowest_upload_ms=round(slowest * 1000))
