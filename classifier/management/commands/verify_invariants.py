"""`manage.py verify_invariants`: is everything stored, whole and where it belongs?"""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from classifier import verification
from classifier.verification import Finding


class Command(BaseCommand):
    help = "Check database, files and model versions against each other; exit 1 where one is wrong."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="answer with one JSON object")
        parser.add_argument(
            "--grace-hours",
            type=float,
            default=verification.GRACE / timedelta(hours=1),
            help="a file without a row is let be this long: it may be an upload under way (24)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        grace = timedelta(hours=options["grace_hours"])
        found = verification.verify(now=timezone.now(), grace=grace)
        broken = self._as_json(list(found)) if options["json"] else self._as_lines(found)
        if broken:
            sys.exit(1)

    def _as_json(self, found: list[Finding]) -> int:
        findings = [asdict(finding) for finding in found]
        answer = {"ok": not findings, **verification.scope(), "findings": findings}
        self.stdout.write(json.dumps(answer, indent=2))
        return len(found)

    def _as_lines(self, found: Iterator[Finding]) -> int:
        count = 0
        for finding in found:
            count += 1
            self.stdout.write(f"{finding.invariant} {finding.sentence}")
        checked = ", ".join(f"{n} {what}" for what, n in verification.scope().items())
        self.stdout.write(f"Checked {checked.replace('_', ' ')}: {count or 'nothing'} broken.")
        return count
