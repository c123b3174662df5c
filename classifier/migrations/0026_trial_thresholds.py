from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("classifier", "0025_failed_versions"),
    ]

    operations = [
        migrations.AddField(
            model_name="trial",
            name="thresholds",
            field=models.JSONField(
                default=dict,
                help_text="{active, candidate}: [clear below, flagged from] when they were "
                "compared; empty where it was not kept",
            ),
        ),
    ]
