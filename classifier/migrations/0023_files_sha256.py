"""Know versions by all their files: the same weights with other settings are another version."""

import hashlib
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import migrations, models

from classifier import seals
from classifier.engine import ModelFileError, engine


def hash_all(apps: Any, schema_editor: Any) -> None:
    for version in apps.get_model("classifier", "ModelVersion").objects.all():
        kept = version.folder or f"released-{version.weights_sha256[:16]}"
        folder = Path(settings.MODELS_ROOT) / kept
        try:
            seals.check(folder, version.seal)
            version.files_sha256 = hashlib.sha256(engine().sums(folder)).hexdigest()
        except ModelFileError:
            continue  # gone or changed; nothing will open them
        version.save(update_fields=["files_sha256"])


class Migration(migrations.Migration):
    dependencies = [("classifier", "0022_structure_facts")]

    operations = [
        migrations.AddField(
            model_name="modelversion",
            name="files_sha256",
            field=models.CharField(
                db_default="",
                default="",
                editable=False,
                help_text="hash of the folder's checksums: tells versions of the same weights apart",
                max_length=64,
            ),
        ),
        migrations.AlterField(
            model_name="modelversion",
            name="folder",
            field=models.CharField(
                help_text="model folder; empty: named after the weights, as releases did",
                max_length=300,
            ),
        ),
        migrations.RunPython(hash_all, migrations.RunPython.noop),
    ]
