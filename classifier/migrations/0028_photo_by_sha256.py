from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("classifier", "0027_threshold_sets"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="photo",
            index=models.Index(fields=["sha256"], name="photo_by_sha256"),
        ),
    ]
