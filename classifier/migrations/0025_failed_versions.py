from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("classifier", "0024_cleared_regions")]

    operations = [
        migrations.AddField(
            model_name="modelversion",
            name="failed_at",
            field=models.DateTimeField(
                editable=False,
                help_text="could not be used, and was not activated since",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="modelversion",
            name="failure",
            field=models.CharField(db_default="", default="", editable=False, max_length=500),
        ),
        migrations.AddField(
            model_name="modelversion",
            name="failure_seen",
            field=models.BooleanField(
                db_default=False,
                default=False,
                editable=False,
                help_text="an admin has chosen a version since",
            ),
        ),
    ]
