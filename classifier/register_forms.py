"""What people type about structures, inspections and photo sets."""

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from classifier.models import Element, Inspection, PhotoSet, Structure

MAX_ELEMENTS = 200


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
        fields = ["name", "kind", "location", "latitude", "longitude", "notes"]
        labels = {
            "name": _("Name"),
            "kind": _("Type"),
            "location": _("Location"),
            "latitude": _("Latitude"),
            "longitude": _("Longitude"),
            "notes": _("Notes"),
        }
        widgets = {"notes": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kind = cast(forms.TypedChoiceField, self.fields["kind"])
        kind.choices = [("", _("Choose a type")), *Structure.Kind.choices]
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
