"""`manage.py evaluate_model NAME`: let a version stand beside the active one and say what is found.

Exit code 1 where the gate would refuse it.
"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from classifier import gate, shadows
from classifier.management.people import version_named


class Command(BaseCommand):
    help = "Compare a model version with the active one on the structures that only measure."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the version's name, as on the models page")

    def handle(self, *args: Any, **options: Any) -> None:
        version = version_named(options["name"])
        try:
            trial = gate.compare(version)
        except gate.CannotCompare as error:
            raise CommandError(str(error)) from error
        for finding in trial.findings:
            self.stdout.write(
                f"{'met    ' if finding['passed'] else 'NOT MET'}  {finding['sentence']}"
            )
        if not trial.passed:
            raise CommandError(f"{version} would be refused.")
        if version.pk in shadows.not_ended():
            self.stdout.write(
                "Before you activate it, try it on the newest photos: "
                f"rescore --by NAME --trial '{version}'"
            )
