"""Who did what, when: one row for each event that matters, never changed."""

from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import translation

from classifier.models.append_only import AppendOnly, AppendOnlyQuerySet


class AuditEventQuerySet(AppendOnlyQuerySet["AuditEvent"]):
    def record(
        self, action: str, subject: models.Model, *, by: models.Model | None, **detail: object
    ) -> "AuditEvent":
        """Append one event; `by` is None for what the site did itself.

        A subject that is no row (somebody unknown) has the id 0. It is named in the language of the
        site, whoever acts: the log is one text.
        """
        with translation.override(settings.LANGUAGE_CODE):
            named = str(subject)[:200]
        return self.create(
            action=action,
            subject_type=subject._meta.model_name or "",
            subject_id=subject.pk or 0,
            subject=named,
            actor_id=by.pk if by else None,
            detail=detail,
        )

    def narrowed(
        self, *, words: str, action: str, since: date | None, until: date | None
    ) -> "AuditEventQuerySet":
        """Keep what a filter form asks for; an empty value asks for nothing."""
        events: AuditEventQuerySet = self.select_related("actor")
        if words:
            events = events.filter(
                Q(subject__icontains=words) | Q(actor__username__icontains=words)
            )
        if action:
            events = events.filter(action=action)
        if since:
            events = events.filter(created_at__date__gte=since)
        return events.filter(created_at__date__lte=until) if until else events

    def actions(self) -> list[str]:
        """What has ever been recorded, by name."""
        return list(self.order_by("action").values_list("action", flat=True).distinct())

    def newest(self, action: str, subject: models.Model) -> "AuditEvent | None":
        """When `action` last happened to this row."""
        about = {"subject_type": subject._meta.model_name, "subject_id": subject.pk}
        return self.filter(action=action, **about).order_by("-id").first()

    def last_subject(self, action: str) -> int | None:
        """The id of the row that `action` last happened to."""
        return (
            self.filter(action=action).order_by("-id").values_list("subject_id", flat=True).first()
        )


class AuditEvent(AppendOnly):
    action = models.CharField(max_length=40)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
    )
    subject_type = models.CharField(max_length=40)
    subject_id = models.BigIntegerField()
    subject = models.CharField(max_length=200)
    detail = models.JSONField(default=dict)

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"
