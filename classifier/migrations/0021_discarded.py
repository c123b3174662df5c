from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def name_as_now(apps: Apps, _schema: BaseDatabaseSchemaEditor) -> None:
    versions = apps.get_model("classifier", "ModelVersion").objects
    versions.filter(state="rejected").update(state="discarded")


def name_as_then(apps: Apps, _schema: BaseDatabaseSchemaEditor) -> None:
    versions = apps.get_model("classifier", "ModelVersion").objects
    versions.filter(state="discarded").update(state="rejected")


class Migration(migrations.Migration):
    dependencies = [
        ("classifier", "0020_overrides"),
    ]

    operations = [
        migrations.AlterField(
            model_name="modelversion",
            name="state",
            field=models.CharField(
                choices=[
                    ("candidate", "Candidate"),
                    ("active", "Active"),
                    ("retired", "Retired"),
                    ("discarded", "Discarded"),
                ],
                default="candidate",
                max_length=10,
            ),
        ),
        migrations.RunPython(name_as_now, name_as_then),
    ]
