"""Seal the model folders that a site has: from here on, none without a seal is opened."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import migrations, models

from classifier import seals
from classifier.engine import ModelFileError


def seal_all(apps: Any, schema_editor: Any) -> None:
    for version in apps.get_model("classifier", "ModelVersion").objects.all():
        folder = version.folder or f"released-{version.weights_sha256[:16]}"
        try:
            version.seal = seals.seal(Path(settings.MODELS_ROOT) / folder)
        except ModelFileError:
            continue  # its files are gone; nothing will open them
        version.save(update_fields=["seal"])


class Migration(migrations.Migration):
    dependencies = [("classifier", "0011_sign_offs")]

    operations = [
        migrations.AddField(
            model_name="modelversion",
            name="seal",
            field=models.CharField(
                default="",
                editable=False,
                help_text="HMAC of the folder's checksums; see seals.py",
                max_length=64,
            ),
            preserve_default=False,
        ),
        migrations.RunPython(seal_all, migrations.RunPython.noop),
    ]
