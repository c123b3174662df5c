"""The pages that are measured, on the rows where they have most to show."""

from django.db.models import Count
from django.urls import reverse

from classifier.models import (
    AuditSample,
    Inspection,
    ModelVersion,
    Photo,
    PhotoSet,
    Structure,
    User,
)


def addresses() -> dict[str, str]:
    structure = Structure.objects.annotate(n=Count("photos")).order_by("-n")[0]
    inspection = Inspection.objects.annotate(n=Count("photo_sets__photos")).order_by("-n", "pk")[0]
    photo_set = PhotoSet.objects.annotate(n=Count("photos")).order_by("-n")[0]
    photo = Photo.objects.needing_a_look().for_structure(structure).reviewed()[0]
    version = ModelVersion.objects.latest("pk")
    of_structure = f"?structure={structure.pk}"
    return {
        "home": reverse("home"),
        "structures": reverse("structures"),
        "structures, searched": reverse("structures") + "?q=structure+00",
        "structures, most to review first": reverse("structures") + "?order=unreviewed",
        "structures, last visit first": reverse("structures") + "?order=visited",
        "map": reverse("structure-map"),
        "structure": reverse("structure", args=[structure.pk]),
        "structure, filtered": reverse("structure", args=[structure.pk])
        + "?verdict=look&review=unreviewed",
        "structure, as taken": reverse("structure", args=[structure.pk]) + "?order=taken&least=0.2",
        "structure, last page": reverse("structure", args=[structure.pk]) + "?page=9999",
        "inspection": reverse("inspection", args=[inspection.pk]),
        "inspection with an audit": reverse(
            "inspection", args=[AuditSample.objects.all()[0].inspection_id]
        ),
        "photo set": reverse("photo-set", args=[photo_set.pk]),
        "progress of a photo set": reverse("photo-set-progress", args=[photo_set.pk]),
        "photo": reverse("photo", args=[photo.pk]),
        "review queue": reverse("review"),
        "review queue, least certain": reverse("review") + "?order=uncertainty",
        "review queue, by structure": reverse("review") + "?order=structure",
        "review queue of one structure": reverse("review") + of_structure,
        "contact sheet": reverse("contact-sheet"),
        "contact sheet of clear photos": reverse("contact-sheet") + "?pile=clear",
        "models": reverse("models"),
        "model": reverse("model", args=[version.pk]),
        "drift": reverse("drift", args=[version.pk]),
        "thresholds": reverse("thresholds", args=[version.pk]),
        "audit log": reverse("audit"),
        "audit log, searched": reverse("audit") + "?words=IMG_0001",
        "people": reverse("people"),
        "person": reverse("person", args=[User.objects.earliest("pk").pk]),
        "system": reverse("system"),
    }
