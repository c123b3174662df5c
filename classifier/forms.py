"""What people type, checked: one form a page."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from classifier import auditing, sharing
from classifier.intervals import sample_size
from classifier.review import Place
from classifier.states import Cause, MarkKind, MarkShape, Outcome

LAST_ID = 2**63 - 1
"""A larger number is no row's, and databases refuse to look for it."""


def first_error(form: forms.BaseForm) -> str:
    """Say what is wrong first, with the field it is about."""
    name, errors = next(iter(form.errors.items()))
    label = form.fields[name].label if name in form.fields else None
    return f"{label}: {errors[0]}" if label else str(errors[0])


def row_ids(given: list[str]) -> list[int]:
    """Read rows' numbers, leaving out what no row can have."""
    return [int(pk) for pk in given if pk.isdecimal() and len(pk) < 19]


class AnswerForm(forms.Form):
    """What a person says of a photo."""

    outcome = forms.ChoiceField(
        choices=[(o.value, o.label) for o in Outcome if o is not Outcome.WITHDRAWN]
    )
    cause = forms.ChoiceField(choices=[("", "–"), *Cause.choices], required=False)
    remark = forms.CharField(label=_("Remark"), max_length=500, required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("outcome") == Outcome.DISMISSED and not data.get("cause"):
            self.add_error("cause", _("Choose what it is instead of a crack."))
        if data.get("outcome") != Outcome.DISMISSED:
            data["cause"] = ""
        return data


class SeenForm(forms.Form):
    """What stood on the page: the decision, the model's answer, and whether that was hidden."""

    seen = forms.IntegerField(required=False, min_value=1, max_value=LAST_ID)
    answer = forms.IntegerField(required=False, min_value=1, max_value=LAST_ID)
    blind = forms.BooleanField(required=False)


class DecisionForm(AnswerForm, SeenForm):
    back = forms.CharField(max_length=2000, required=False)  # where an undo leads to


class ManyDecisionsForm(AnswerForm):
    """One answer for all photos chosen on a contact sheet."""

    answers = forms.CharField(max_length=2000, required=False)  # of the model, on all of the page

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        self.chosen = data.getlist("photo")

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        data["photos"] = row_ids(self.chosen)
        data["answers"] = row_ids(data.get("answers", "").split(","))
        if not data["photos"]:
            raise forms.ValidationError(_("Choose at least one photo."))
        return data


class MarkForm(SeenForm):
    """A place on a photo, in percent of its width (x) and height (y)."""

    kind = forms.ChoiceField(label=_("Kind"), choices=MarkKind.choices)
    shape = forms.ChoiceField(label=_("Shape"), choices=MarkShape.choices)
    x1 = forms.FloatField(label=_("Left, %"), min_value=0, max_value=100)
    y1 = forms.FloatField(label=_("Top, %"), min_value=0, max_value=100)
    x2 = forms.FloatField(label=_("Right, %"), min_value=0, max_value=100)
    y2 = forms.FloatField(label=_("Bottom, %"), min_value=0, max_value=100)
    remark = forms.CharField(label=_("Remark"), max_length=500, required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.errors:
            return data
        corners = {name: data[name] / 100 for name in ("x1", "y1", "x2", "y2")}
        if corners["x1"] == corners["x2"] and corners["y1"] == corners["y2"]:
            raise forms.ValidationError(
                _("The two corners are the same point; the mark needs a size.")
            )
        if data["kind"] == MarkKind.REMARK and not data["remark"]:
            self.add_error("remark", _("Write the remark."))
        data["place"] = Place(data["shape"], **corners)
        return data


class SignOffForm(forms.Form):
    name = forms.CharField(max_length=120, label=_("Name and role"))


class ShareForm(forms.Form):
    days = forms.TypedChoiceField(
        label=_("Days until it expires"),
        coerce=int,
        choices=[(days, str(days)) for days in sharing.DAYS],
        initial=sharing.DEFAULT_DAYS,
    )


class ReopenForm(forms.Form):
    reason = forms.CharField(max_length=300, label=_("Why a new revision is needed"))


def _wish(wish: float) -> str:
    told = _("%(share)s (%(count)s photos without a miss)")
    return told % {"share": f"{wish:.0%}", "count": sample_size(wish)}


class AuditForm(forms.Form):
    wished = forms.TypedChoiceField(
        label=_("A sample that shows the miss rate to be below"),
        coerce=float,
        choices=lambda: [(wish, _wish(wish)) for wish in auditing.WISHES],
        initial=auditing.DEFAULT_WISH,
    )


class UndoManyForm(forms.Form):
    batch = forms.UUIDField()


class UndoForm(forms.Form):
    seen = forms.IntegerField(min_value=1, max_value=LAST_ID)


class OutlinesForm(UndoForm):
    """Some of a photo's outlines."""

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        self.chosen = data.getlist("region")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        data["regions"] = row_ids(self.chosen)
        if not data["regions"]:
            raise forms.ValidationError(_("Choose at least one outline."))
        return data


class ThresholdsForm(forms.Form):
    clear_below = forms.FloatField(
        label=_("Clear below"),
        min_value=0,
        max_value=1,
        help_text=_("A score under it is called clear; nobody has to look at the photo."),
    )
    flagged_from = forms.FloatField(
        label=_("Flagged from"),
        min_value=0,
        max_value=1,
        help_text=_("From this score on a photo is flagged; in between it is undecided."),
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("clear_below", 0) > given.get("flagged_from", 1):
            self.add_error("clear_below", _("It cannot be above the score that is flagged."))
        return given
