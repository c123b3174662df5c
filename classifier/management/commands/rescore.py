"""`manage.py rescore --by USER`: judge old photos again, in this process; go on after a stop."""

import math
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError, CommandParser

from classifier import rescoring
from classifier.management.people import named, version_named
from classifier.models import ModelVersion


class Command(BaseCommand):
    help = "Let the active version judge the photos that an earlier one judged."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--by", required=True, help="username of the admin who asks for it")
        parser.add_argument("--trial", help="name of a version to try on the newest photos instead")

    def handle(self, *args: Any, **options: Any) -> None:
        trial = options["trial"]
        version = version_named(trial) if trial else ModelVersion.objects.active()
        if version is None:
            raise CommandError("No model version is active.")
        try:
            asked = rescoring.ask(version, by=named(options["by"]))
        except PermissionDenied as error:
            raise CommandError(f"{options['by']} may not judge photos again.") from error
        rescoring.go_on(asked.pk, seconds=math.inf)
        asked.refresh_from_db()
        other = rescoring.beside(version)
        turned = rescoring.flips(version, other).counts
        self.stdout.write(
            f"{asked.done} photos judged again by {version}; "
            f"now flagged {turned['now_flagged']}, "
            f"no longer flagged {turned['no_longer_flagged']}, "
            f"newly to look at {turned['newly_to_look_at']}, "
            f"no longer to look at {turned['no_longer_to_look_at']}"
            + (f", beside {other}." if other else ".")
        )
