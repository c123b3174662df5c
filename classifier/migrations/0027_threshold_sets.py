"""Keep every set of thresholds a version judged by; those of before are in the audit log."""

from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q


def read_log(apps: Any, schema_editor: Any) -> None:
    events = apps.get_model("classifier", "AuditEvent").objects.order_by("id")
    for version in apps.get_model("classifier", "ModelVersion").objects.order_by("id"):
        moves = list(events.filter(action="thresholds moved", subject_id=version.pk))
        now = [version.clear_below, version.flagged_from]
        first = moves[0].detail["before"] if moves else now
        _append(apps, version, first, origin="made", at=version.created_at)
        for event in moves:
            after, by = event.detail["after"], event.actor_id
            _append(apps, version, after, origin="moved", at=event.created_at, by=by)


def _append(
    apps: Any, version: Any, pair: list[float], *, origin: str, at: Any, by: int | None = None
) -> None:
    sets = apps.get_model("classifier", "ThresholdSet").objects
    row = sets.create(
        version=version, clear_below=pair[0], flagged_from=pair[1], origin=origin, by_id=by
    )
    sets.filter(pk=row.pk).update(created_at=at)


class Migration(migrations.Migration):
    dependencies = [("classifier", "0026_trial_thresholds")]

    operations = [
        migrations.CreateModel(
            name="ThresholdSet",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("clear_below", models.FloatField()),
                ("flagged_from", models.FloatField()),
                (
                    "origin",
                    models.CharField(
                        choices=[
                            ("made", "Came with the model"),
                            ("moved", "Moved"),
                            ("put_back", "Put back"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "photos",
                    models.PositiveIntegerField(
                        default=0,
                        help_text="so many photos without a decision got another verdict",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="threshold_sets",
                        to="classifier.modelversion",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(clear_below__lte=F("flagged_from")),
                        name="threshold_set_in_order",
                    )
                ],
            },
        ),
        migrations.RunPython(read_log, migrations.RunPython.noop),
    ]
