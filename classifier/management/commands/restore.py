"""`manage.py restore`: a backup becomes a site again, in an empty place."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from classifier import restoring
from classifier.archives import BadArchive
from classifier.restoring import CannotRestore, Restored


class Command(BaseCommand):
    help = "Restore a backup into this site, which has to be empty, and verify it."
    # Nothing of a site has to be there yet.
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("archive", type=Path)
        parser.add_argument(
            "--reseal",
            action="store_true",
            help="trust the models in the file although another site's key sealed them",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        archive: Path = options["archive"]
        if not archive.is_file():
            raise CommandError(f"There is no file {archive}.")
        try:
            restored = restoring.restore(
                archive, now=timezone.now(), reseal=options["reseal"], tell=self._tell
            )
        except (CannotRestore, BadArchive, OSError) as error:
            raise CommandError(str(error)) from error
        self._report(restored)

    def _tell(self, sentence: str) -> None:
        self.stdout.write(sentence)
        self.stdout.flush()

    def _report(self, restored: Restored) -> None:
        for found in restored.findings:
            self.stdout.write(f"{found.invariant} {found.sentence}")
        broken = len(restored.findings)
        self._tell(
            f"Restored {restored.photos:,} photos as of {restored.taken_at}; "
            f"{restored.waiting:,} wait for a worker; {broken or 'nothing'} broken."
        )
        if broken:
            self.stderr.write("The backup holds no more than the site had when it was taken.")
            sys.exit(1)
