from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("classifier", "0018_tallies"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="time_zone",
            field=models.CharField(blank=True, max_length=64),
        ),
    ]
