"""`manage.py retrain --by USER`: a training run as from the models page, in this process."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError, CommandParser

from classifier import retraining
from classifier.management.people import named
from classifier.states import RunState


class Command(BaseCommand):
    help = "Train a candidate from what is reviewed now, and compare it with the active version."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--by", required=True, help="username of the admin who asks for it")
        parser.add_argument(
            "--anyway", action="store_true", help="also where nothing was reviewed since the last"
        )

        parser.add_argument(
            "--afresh", action="store_true", help="from the shipped model, not from the active one"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            run = retraining.request_run(
                by=named(options["by"]), anyway=options["anyway"], afresh=options["afresh"]
            )
        except PermissionDenied as error:
            raise CommandError(f"{options['by']} may not train models.") from error
        except (
            retraining.CannotTrain,
            retraining.AlreadyTraining,
            retraining.NothingNew,
        ) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{run}: {run.photos} reviewed photos")
        retraining.execute(run.pk)
        run.refresh_from_db()
        if run.state != RunState.SUCCEEDED or run.candidate is None:
            raise CommandError(f"{run} ended as {run.state}. {run.message}")
        trial = run.candidate.trials.first()
        self.stdout.write(f"Candidate: {run.candidate}")
        self.stdout.write(trial.sentence if trial and not trial.passed else "It passed the gate.")
