"""Rows that are written once: a change of mind or of facts is a new row."""

from typing import Any, NoReturn, Self, TypeVar

from django.conf import settings
from django.db import models


class AppendOnlyError(TypeError):
    """A written row was about to be changed or removed."""


RowT = TypeVar("RowT", bound="AppendOnly")


class AppendOnlyQuerySet(models.QuerySet[RowT]):
    def update(self, **_changes: object) -> NoReturn:
        raise AppendOnlyError(f"{self.model.__name__} rows never change; append a new one")

    def delete(self) -> NoReturn:
        raise AppendOnlyError(f"{self.model.__name__} rows are never deleted on their own")


class AppendOnly(models.Model):
    """A base for records that only append."""

    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None and not self._state.adding:
            raise AppendOnlyError(f"{type(self).__name__} {self.pk} is written and never changes")
        super().save(*args, **kwargs)

    def delete(self, *_args: object, **_kwargs: object) -> NoReturn:
        """Refuse; only what a row belongs to takes it along (a photo its decisions)."""
        raise AppendOnlyError(f"{type(self).__name__} {self.pk} is never deleted on its own")


WithdrawableT = TypeVar("WithdrawableT", bound="Withdrawable")


class WithdrawableQuerySet(AppendOnlyQuerySet[WithdrawableT]):
    def standing(self) -> Self:
        """Those that nobody took back."""
        placed = self.filter(withdraws__isnull=True, withdrawal__isnull=True)
        return placed.select_related("by")


class Withdrawable(AppendOnly):
    """A base for records of what a person said; taking one back is a new row that names it."""

    withdraws = models.OneToOneField(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="withdrawal"
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        abstract = True
