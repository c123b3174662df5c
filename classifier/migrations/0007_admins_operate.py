"""Admins may see the audit log and the state of the site."""

from typing import Any

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def _right(apps: Apps) -> Any:
    kind, _ = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
        app_label="classifier", model="auditevent"
    )
    right, _ = apps.get_model("auth", "Permission").objects.get_or_create(
        content_type=kind, codename="view_auditevent", defaults={"name": "Can view audit event"}
    )
    return right


def allow(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for group in apps.get_model("auth", "Group").objects.filter(name="admin"):
        group.permissions.add(_right(apps))


def forbid(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for group in apps.get_model("auth", "Group").objects.filter(name="admin"):
        group.permissions.remove(_right(apps))


class Migration(migrations.Migration):
    dependencies = [("classifier", "0006_audit_samples")]
    operations = [migrations.RunPython(allow, forbid)]
