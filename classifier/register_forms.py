"""What people type about structures, inspections and photo sets."""

from typing import Any, cast

from django import forms
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from classifier import intake, registers
from classifier.forms import first_error
from classifier.models import Element, Inspection, PhotoSet, Structure, User

MAX_ELEMENTS = 200
MOST_FAULTS = 20
"""So many wrong rows of a table are named at once."""


class StructureForm(forms.ModelForm[Structure]):
    elements = forms.CharField(
        label=_("Elements"),
        required=False,
        max_length=MAX_ELEMENTS * 81,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("One on each line: deck, girder 1, pier north …"),
    )

    class Meta:
        model = Structure
        fields = [
            *("name", "kind", "location", "latitude", "longitude"),
            *("reinforcement", "exposure", "notes"),
        ]
        labels = {
            "name": _("Name"),
            "kind": _("Type"),
            "location": _("Location"),
            "latitude": _("Latitude"),
            "longitude": _("Longitude"),
            "reinforcement": _("Concrete"),
            "exposure": _("Exposure class"),
            "notes": _("Notes"),
        }
        help_texts = {"exposure": _("Such as XC4 or XD3.")}
        widgets = {"notes": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kind = cast(forms.TypedChoiceField, self.fields["kind"])
        kind.choices = [("", _("Choose a type")), *Structure.Kind.choices]
        concrete = cast(forms.TypedChoiceField, self.fields["reinforcement"])
        concrete.choices = [("", _("Not known")), *Structure.Reinforcement.choices]
        if self.instance.pk:
            names = self.instance.elements.values_list("name", flat=True)
            self.fields["elements"].initial = "\n".join(names)

    def clean_elements(self) -> list[str]:
        """Return the names without blanks and repeats, in the order typed."""
        lines = (line.strip() for line in self.cleaned_data["elements"].splitlines())
        names = list(dict.fromkeys(line for line in lines if line))
        too_long = [name for name in names if len(name) > 80]
        if too_long:
            raise forms.ValidationError(
                _("“%(name)s…” is longer than 80 characters.") % {"name": too_long[0][:80]}
            )
        if len(names) > MAX_ELEMENTS:
            raise forms.ValidationError(
                _("At most %(most)s elements; there are %(count)s.")
                % {"most": MAX_ELEMENTS, "count": len(names)}
            )
        return names


class TableForm(forms.Form):
    """A file with structures, of which those are new that have a name of their own."""

    table = forms.FileField(
        label=_("Table"), widget=forms.FileInput(attrs={"accept": ".csv,text/csv"})
    )

    def clean_table(self) -> list[StructureForm | None]:
        """Return the form of each row; None for a structure that is registered already."""
        try:
            rows = registers.read(self.cleaned_data["table"].read(registers.MOST_BYTES + 1))
        except registers.TableRefused as refusal:
            raise forms.ValidationError(str(refusal)) from refusal
        names = [row.get("name", "") for row in rows]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise forms.ValidationError(_("Twice in the table: %(name)s.") % {"name": twice[0]})
        known = Structure.objects.called(names)
        found = [None if row.get("name", "") in known else _of_row(row) for row in rows]
        wrong = [
            _("Row %(number)s: %(what)s") % {"number": number, "what": first_error(form)}
            for number, form in enumerate(found, start=2)
            if form and not form.is_valid()
        ]
        if wrong:
            more = len(wrong) - MOST_FAULTS
            told = [_("Nothing was registered."), *wrong[:MOST_FAULTS]]
            raise forms.ValidationError(
                [*told, _("And %(more)s more rows.") % {"more": more}] if more > 0 else told
            )
        return found

    @transaction.atomic
    def store(self, *, by: User) -> int:
        """Register what is new; return how many."""
        new = [form for form in self.cleaned_data["table"] if form]
        for form in new:
            elements = form.cleaned_data["elements"]
            intake.register_structure(form.save(commit=False), elements=elements, by=by)
        return len(new)


def _of_row(row: registers.Row) -> StructureForm:
    words = {str(label).lower(): value for value, label in Structure.Kind.choices}
    kind = row.get("type", "").lower()
    fields = {
        **row,
        "kind": words.get(kind, kind),
        "reinforcement": row.get("concrete", "").lower(),
        "elements": "\n".join(row.get("elements", "").split(registers.SEPARATOR.strip())),
        "latitude": row.get("latitude", "").replace(",", "."),
        "longitude": row.get("longitude", "").replace(",", "."),
    }
    return StructureForm(fields)


class InspectionForm(forms.ModelForm[Inspection]):
    class Meta:
        model = Inspection
        fields = ["title", "date"]
        labels = {"title": _("Title"), "date": _("Date")}
        widgets = {"date": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}


class PhotoSetForm(forms.ModelForm[PhotoSet]):
    """What holds for all photos of one upload."""

    class Meta:
        model = PhotoSet
        fields = ["element", "notes", "mm_per_pixel"]
        labels = {"element": _("Element"), "notes": _("Notes"), "mm_per_pixel": _("Scale")}
        help_texts = {
            "mm_per_pixel": _(
                "Millimetres per pixel. A 100 mm ruler that spans 500 pixels gives 0.2."
            )
        }
        widgets = {
            "notes": forms.TextInput(),
            "mm_per_pixel": forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"}),
        }

    def __init__(self, *args: Any, inspection: Inspection, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        element = cast("forms.ModelChoiceField[Element]", self.fields["element"])
        element.queryset = inspection.structure.elements.all()
        element.empty_label = _("Whole structure")
