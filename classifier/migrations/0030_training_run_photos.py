"""Keep how many photos a training run was given: lists tell it without reading manifests."""

from typing import Any

from django.db import migrations, models


def count_all(apps: Any, schema_editor: Any) -> None:
    runs = apps.get_model("classifier", "TrainingRun").objects
    for pk in list(runs.values_list("pk", flat=True)):
        run = runs.filter(pk=pk)
        run.update(photos=len(run.values_list("manifest", flat=True).get()))


class Migration(migrations.Migration):
    dependencies = [("classifier", "0029_pictures")]

    operations = [
        migrations.AddField(
            model_name="trainingrun",
            name="photos",
            field=models.PositiveIntegerField(
                db_default=0,
                default=0,
                editable=False,
                help_text="how many are in the manifest",
            ),
        ),
        migrations.RunPython(count_all, migrations.RunPython.noop),
    ]
