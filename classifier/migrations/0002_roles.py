"""The four roles as groups, with their rights as they were when this was written."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

RIGHTS = {
    "viewer": ["view_photo"],
    "inspector": ["view_photo", "add_structure", "add_photo", "download_original"],
    "reviewer": ["view_photo", "download_original", "add_decision"],
    "admin": [
        "view_photo",
        "add_structure",
        "add_photo",
        "download_original",
        "add_decision",
        "add_trainingrun",
        "change_modelversion",
    ],
}
NOUNS = {
    "view_photo": "photo",
    "add_photo": "photo",
    "download_original": "photo",
    "add_structure": "structure",
    "add_decision": "decision",
    "add_trainingrun": "trainingrun",
    "change_modelversion": "modelversion",
}
NAMES = {"download_original": "Can download original photos"}


def add_roles(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Make the groups. Django adds permissions only after all migrations, so make those as well."""
    content_type = apps.get_model("contenttypes", "ContentType")
    permission = apps.get_model("auth", "Permission")
    group = apps.get_model("auth", "Group")
    for role, rights in RIGHTS.items():
        row, _ = group.objects.get_or_create(name=role)
        for right in rights:
            kind, _ = content_type.objects.get_or_create(app_label="classifier", model=NOUNS[right])
            name = NAMES.get(right, f"Can {right.split('_')[0]} {NOUNS[right]}")
            allowed, _ = permission.objects.get_or_create(
                content_type=kind, codename=right, defaults={"name": name}
            )
            row.permissions.add(allowed)


def remove_roles(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("auth", "Group").objects.filter(name__in=RIGHTS).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("classifier", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(add_roles, remove_roles)]
