"""What people type about accounts and passwords."""

from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm, SetPasswordForm
from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _

from classifier import people, time_zones
from classifier.models import User

PASSWORD_HELP = _("At least 12 characters, none of the usual, and no word of this site.")


class SignInForm(AuthenticationForm):
    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": _("The username and password do not match. Check both and try again."),
    }


class PasswordForm(PasswordChangeForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["old_password"].label = _("Current password")
        self.fields["new_password1"].help_text = PASSWORD_HELP
        self.fields["new_password2"].label = _("New password again")
        self.fields["new_password2"].help_text = ""


class NewPasswordForm(SetPasswordForm):  # type: ignore[type-arg]  # generic in stubs alone
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["new_password1"].help_text = PASSWORD_HELP
        self.fields["new_password2"].label = _("New password again")
        self.fields["new_password2"].help_text = ""


class PersonForm(forms.ModelForm[User]):
    """An account and its roles, of those that `admin` may give."""

    roles = forms.ModelMultipleChoiceField(
        Group.objects.none(),
        label=_("Roles"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = User
        fields = ["username", "first_name", "last_name", "roles", "is_active"]
        labels = {"is_active": _("May sign in")}
        help_texts = {
            "username": _("Letters, digits and @ . + - _"),
            "is_active": _(
                "Taken away, all sessions end at once; given back, a new password has to be set."
            ),
        }

    def __init__(self, *args: Any, admin: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.admin = admin
        roles = cast("forms.ModelMultipleChoiceField[Group]", self.fields["roles"])
        roles.queryset = people.roles_to_give(admin)
        if self.instance.pk:
            roles.initial = self.instance.groups.all()
        else:
            del self.fields["is_active"]

    def store(self) -> User:
        """Store the account with its roles."""
        people.save(self.instance, self.cleaned_data["roles"], by=self.admin)
        return self.instance


def _sites_own() -> str:
    return _("The site’s (%(zone)s)") % {"zone": settings.TIME_ZONE}


class TimeZoneForm(forms.Form):
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        required=False,
        choices=lambda: [
            ("", _("The site’s (%(zone)s)") % {"zone": settings.TIME_ZONE}),
            *time_zones.choices(),
        ],
    )
