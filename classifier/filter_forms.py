"""What people ask of a list: which rows, and in what order."""

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from classifier.models import AuditEvent, Element, Inspection, PhotoQuerySet, Structure
from classifier.models.audit_event import AuditEventQuerySet
from classifier.models.structure import StructureQuerySet
from classifier.states import Outcome, PhotoOrder, StructureOrder, Verdict

UNREVIEWED = "unreviewed"


class StructureFilterForm(forms.Form):
    """Which structures the register lists."""

    q = forms.CharField(
        label=_("Name or location"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    kind = forms.ChoiceField(
        label=_("Type"), required=False, choices=[("", _("All types")), *Structure.Kind.choices]
    )
    order = forms.ChoiceField(label=_("Order"), required=False, choices=StructureOrder.choices)

    def listed(self) -> StructureQuerySet:
        """The structures that are asked for, in their order; all where nonsense is asked."""
        if not self.is_valid():
            return Structure.objects.matching("")
        found = Structure.objects.matching(self.cleaned_data["q"], kind=self.cleaned_data["kind"])
        return found.in_order(self.cleaned_data["order"])

    @property
    def narrows(self) -> bool:
        """Whether rows may be left out."""
        return self.is_valid() and bool(self.cleaned_data["q"] or self.cleaned_data["kind"])


class PhotoFilterForm(forms.Form):
    """Which photos of a structure or inspection are listed."""

    verdict = forms.ChoiceField(
        label=_("Verdict"),
        choices=[("", _("All verdicts")), ("look", _("Flagged and undecided")), *Verdict.choices],
        required=False,
    )
    review = forms.ChoiceField(
        label=_("Review"),
        choices=[
            ("", _("Reviewed or not")),
            (UNREVIEWED, _("Unreviewed")),
            *((o.value, o.label) for o in Outcome if o is not Outcome.WITHDRAWN),
        ],
        required=False,
    )
    element = forms.ModelChoiceField(
        Element.objects.none(), label=_("Element"), required=False, empty_label=_("Anywhere")
    )
    inspection = forms.ModelChoiceField(
        Inspection.objects.none(),
        label=_("Inspection"),
        required=False,
        empty_label=_("All inspections"),
    )

    least = forms.FloatField(
        label=_("Score from"),
        required=False,
        min_value=0,
        max_value=1,
    )
    order = forms.ChoiceField(label=_("Order"), choices=PhotoOrder.choices, required=False)

    def __init__(self, *args: Any, structure: Structure, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, rows in (
            ("element", structure.elements.all()),
            ("inspection", structure.inspections.all()),
        ):
            field = cast("forms.ModelChoiceField[Any]", self.fields[name])
            field.queryset = rows

    def listed(self, photos: PhotoQuerySet) -> PhotoQuerySet:
        """The photos that are asked for, in their order; all where nothing or nonsense is asked."""
        if not (self.is_bound and self.is_valid()):
            return photos.by_concern()
        asked = dict(self.cleaned_data)
        order = asked.pop("order")
        return photos.narrowed(**asked).in_order(order)


class DriftForm(forms.Form):
    structure = forms.ModelChoiceField(
        Structure.objects.order_by("name"),
        label=_("Structure"),
        required=False,
        empty_label=_("All structures"),
    )

    def chosen(self) -> Structure | None:
        """The structure that is asked for; None for all of them."""
        return self.cleaned_data.get("structure") if self.is_valid() else None


class AuditFilterForm(forms.Form):
    """Which events of the audit log are listed."""

    words = forms.CharField(max_length=100, required=False, label=_("Person or object"))
    action = forms.ChoiceField(required=False, label=_("What"))
    since = forms.DateField(
        label=_("Since"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        label=_("Until"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        action = cast(forms.ChoiceField, self.fields["action"])
        action.choices = [("", _("Everything")), *((a, a) for a in AuditEvent.objects.actions())]

    def events(self) -> AuditEventQuerySet:
        """The events that are asked for; all of them where the form is wrong."""
        if self.is_bound and self.is_valid():
            return AuditEvent.objects.narrowed(**self.cleaned_data)
        return AuditEvent.objects.narrowed(words="", action="", since=None, until=None)
