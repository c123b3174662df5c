"""Compare-and-set moves between the states of `classifier.states`."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self, TypeVar

from django.db import models

from classifier.states import sources

RowT = TypeVar("RowT", bound=models.Model)


class StateQuerySet(models.QuerySet[RowT]):
    """A query set whose rows carry a `state` that changes only along `MOVES`."""

    MOVES: ClassVar[Mapping[str, frozenset[Any]]]

    def by_id(self, pk: int) -> Self:
        return self.filter(pk=pk)

    def move(self, to: str, **changes: Any) -> int:
        """Move those rows that may go `to` there, with `changes`; return how many did."""
        return self.filter(state__in=sources(self.MOVES, to)).update(state=to, **changes)
