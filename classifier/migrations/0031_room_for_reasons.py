from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("classifier", "0030_training_run_photos"),
    ]

    operations = [
        migrations.AlterField(
            model_name="trainingrun",
            name="message",
            field=models.CharField(blank=True, max_length=1000),
        ),
    ]
