"""A site with something of everything, for backups; and a console on a place for it."""

import os
import shutil
from pathlib import Path

from tests.console import Console

FILL = """
from tests.factories import *
from classifier import outlines, printing, sharing, signing
from classifier.models import Report, User
admin = User.objects.create_superuser("chief", password="a long password")
sets = make_lessons(make_user("reviewer"))
make_photo(sets[1])
confirmed = sets[0].photos.get(decision__outcome="confirmed")
cleared = [region.pk for region in confirmed.regions_seen]
outlines.clear(confirmed, cleared, by=admin, seen_decision_id=confirmed.decision_id)
candidate = make_candidate()
report = printing.request_report(sets[0].inspection, "A4", by=admin)
printing.file_of(report).parent.mkdir()
printing.file_of(report).write_bytes(b"%PDF")
Report.objects.update(state="ready")
sharing.share(report, days=7, by=admin)
signing.sign(sets[0].inspection, by=admin, name="C. Hief")
"""


def place(data: Path, *, key_of: Path | None = None, database: str = "") -> Console:
    """A console on a data folder; `key_of` is the folder whose model key it shares."""
    data.mkdir(parents=True, exist_ok=True)
    if key_of:
        shutil.copy(key_of / "model_key", data)
    environment = {k: v for k, v in os.environ.items() if k != "HAIRLINE_DATABASE_URL"} | {
        "HAIRLINE_DATA": str(data),
        "HAIRLINE_ENGINE": "stub",
        "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
    }
    return Console(environment | ({"HAIRLINE_DATABASE_URL": database} if database else {}))


def files(data: Path) -> dict[str, bytes]:
    """Every file of a data folder's media and models."""
    paths = [path for name in ("media", "models") for path in (data / name).rglob("*")]
    return {str(path.relative_to(data)): path.read_bytes() for path in paths if path.is_file()}
