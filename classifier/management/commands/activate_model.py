"""`manage.py activate_model NAME --by USER`: activate a version, or roll back to one."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError, CommandParser

from classifier import overriding, versions
from classifier.management.people import named, version_named


class Command(BaseCommand):
    help = "Let a model version classify from the next photo on."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the version's name, as on the models page")
        parser.add_argument("--by", required=True, help="username of the admin who asks for it")
        parser.add_argument(
            "--reason", default="", help="why nevertheless, where the gate objects; it is audited"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        version = version_named(options["name"])
        try:
            versions.activate(version, by=named(options["by"]), reason=options["reason"])
        except overriding.AgainstTheGate as error:
            raise CommandError(f"{error} Say why nevertheless with --reason.") from error
        except PermissionDenied as error:
            raise CommandError(f"{options['by']} may not activate models.") from error
        except (versions.CannotActivate, overriding.SecondNeeded) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{version} classifies from the next photo on.")
