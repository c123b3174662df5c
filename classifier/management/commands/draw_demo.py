"""`manage.py draw_demo`: fill an empty site with drawn photos."""

from typing import Any

from django.core.management.base import BaseCommand

from classifier import demo, tasks
from classifier.models import Structure, User


class Command(BaseCommand):
    help = "Fill an empty site with two structures and three inspections of drawn photos."

    def handle(self, *args: Any, **options: Any) -> None:
        if Structure.objects.exists():
            self.stdout.write("The site has structures already; the demo is for an empty one.")
            return
        by = User.objects.filter(is_superuser=True).earliest("pk")
        self.stdout.write("Drawing the demo's photos; the first ones are already on the site …")
        count = 0
        for photo in demo.draw_demo(by=by):
            tasks.ring_for_photo(photo)
            count += 1
        self.stdout.write(f"{count} drawn photos in 3 inspections of 2 structures.")
