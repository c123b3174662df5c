"""`manage.py prepare`: what a site needs before its first page, safe to run at every start."""

import secrets
from typing import Any

from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand

from classifier import versions
from classifier.models import User


class Command(BaseCommand):
    help = "Register the shipped model and, on an empty site, create the first admin."

    def handle(self, *args: Any, **options: Any) -> None:
        version = versions.register_released()
        self.stdout.write(f"Model that ships with this release: {version}")
        if not User.objects.exists():
            self._create_admin()

    def _create_admin(self) -> None:
        """Make the account `admin` with a random password, shown this once and never stored."""
        password = secrets.token_urlsafe(18)
        admin = User.objects.create_superuser("admin", password=password)
        admin.groups.set(Group.objects.filter(name="admin"))
        self.stdout.write(f"First sign-in: user admin, password {password}")
        self.stdout.write(
            "The password is shown this once. Keep it, or change it after signing in."
        )
