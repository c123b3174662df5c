"""Writing by a right, which is asked for again where the rows are written."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar, cast

from django.db import transaction

from classifier.models import User

P = ParamSpec("P")
R = TypeVar("R")


def written_by(right: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Run a function in one transaction, which begins by asking `by` for the right anew.

    It raises PermissionDenied, with nothing written, where the right was taken away since the
    request came.
    """

    def decorate(write: Callable[P, R]) -> Callable[P, R]:
        @wraps(write)
        def inner(*args: P.args, **kwargs: P.kwargs) -> R:
            with transaction.atomic():
                cast(User, kwargs["by"]).demand_anew(right)
                return write(*args, **kwargs)

        return inner

    return decorate
