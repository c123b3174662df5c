"""`manage.py backup`: all the site holds, in one file, while it is in use."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from classifier import backups
from classifier.archives import BadArchive
from classifier.backups import Backup, CannotBackUp


class Command(BaseCommand):
    help = "Write database, photos, reports and models into one file. The site may be in use."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "folder",
            nargs="?",
            type=Path,
            help="where the backup goes; better another disk (default: backups in the data folder)",
        )
        parser.add_argument(
            "--keep", type=int, metavar="N", help="afterwards remove all but the newest N backups"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        folder = options["folder"] or Path(settings.DATA_DIR) / "backups"
        if options["keep"] is not None and options["keep"] < 1:
            raise CommandError("--keep needs a number of at least 1.")
        try:
            backup = backups.take(folder, now=timezone.now(), tell=self._tell)
        except (CannotBackUp, BadArchive, OSError) as error:
            raise CommandError(f"No backup was made: {error}") from error
        if options["keep"]:
            for path in backups.keep_newest(folder, options["keep"]):
                self.stdout.write(f"Removed {path.name}.")
        self._report(backup)

    def _tell(self, sentence: str) -> None:
        self.stdout.write(sentence)
        self.stdout.flush()

    def _report(self, backup: Backup) -> None:
        size = f"{backup.size / 1e6:,.1f} MB"
        self._tell(f"{backup.path}: {backup.photos:,} photos, {size}, read back and whole.")
        self._tell("The keys are not in it. Keep model_key apart: the models do not open without.")
        if backup.missing:
            self.stderr.write(
                f"{len(backup.missing)} files were missing before the backup, such as "
                f"{backup.missing[0]}. `manage.py verify_invariants` names them."
            )
            sys.exit(1)
