"""Django's admin: users to edit, and everything else to look up, read-only."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.http import HttpRequest

from classifier.models import (
    AuditEvent,
    Decision,
    Element,
    Inspection,
    ModelVersion,
    Photo,
    Prediction,
    Structure,
    TrainingRun,
    Trial,
    User,
)

admin.site.site_header = "Hairline administration"


@admin.register(User)
class PersonAdmin(UserAdmin[User]):
    fieldsets = (*(UserAdmin.fieldsets or ()), (None, {"fields": ["time_zone"]}))


class ReadOnly(admin.ModelAdmin[Any]):
    """Rows that only the site itself writes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnly):
    list_display = ["created_at", "actor", "action", "subject"]
    list_filter = ["action"]
    search_fields = ["subject", "actor__username"]


@admin.register(Photo)
class PhotoAdmin(ReadOnly):
    list_display = ["name", "structure", "state", "prediction", "decision", "uploaded_at"]
    list_filter = ["state", "structure"]
    search_fields = ["name", "sha256"]


for model in (
    Structure,
    Element,
    Inspection,
    Decision,
    ModelVersion,
    Prediction,
    TrainingRun,
    Trial,
):
    admin.site.register(model, ReadOnly)
