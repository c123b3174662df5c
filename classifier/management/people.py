"""Whom and what a command names on its line."""

from django.core.management.base import CommandError

from classifier.models import ModelVersion, User


def named(username: str) -> User:
    user = User.objects.filter(username=username, is_active=True).first()
    if user is None:
        raise CommandError(f"Nobody with an account that may sign in is named {username}.")
    return user


def version_named(name: str) -> ModelVersion:
    version = ModelVersion.objects.named(name)
    if version is None:
        raise CommandError(f"No model version is named {name}.")
    return version
