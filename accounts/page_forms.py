"""The account page's forms: who one is, and new API tokens. Not for sign-in: see forms; nor for
rules: the services refuse.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiToken, Profile

EXPIRIES = {
    "30": _("in 30 days"),
    "90": _("in 90 days"),
    "365": _("in a year"),
    "": _("never"),
}


def _zones() -> list[tuple[str, str]]:
    names = sorted(name for name in available_timezones() if "/" in name and name[0].isupper())
    places = [name for name in names if not name.startswith(("Etc/", "SystemV/", "US/"))]
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in places)]


class ProfileForm(forms.ModelForm):
    """Name, time zone, language and theme."""

    time_zone = forms.ChoiceField(label=_("Time zone"))
    language = forms.ChoiceField(
        label=_("Language"), choices=lazy(lambda: settings.LANGUAGES, list)
    )

    class Meta:
        model = Profile
        fields = ["display_name", "time_zone", "language", "theme"]
        labels = {"display_name": _("Name"), "theme": _("Theme")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = _zones()
        current = self.instance.time_zone
        if current not in dict(zones):
            zones.insert(0, (current, current))
        self.fields["time_zone"].choices = zones  # type: ignore[attr-defined]
        self.fields["display_name"].widget.attrs["autocomplete"] = "name"

    def changes(self) -> dict[str, str]:
        """Return the fields that differ from what is kept."""
        return {name: self.cleaned_data[name] for name in self.changed_data}


class TokenForm(forms.Form):
    """A new API token."""

    name = forms.CharField(label=_("Name"), max_length=80)
    scopes = forms.MultipleChoiceField(
        label=_("It may"), choices=ApiToken.Scope.choices, initial=[ApiToken.Scope.READ]
    )
    expires = forms.ChoiceField(
        label=_("Expires"), choices=list(EXPIRIES.items()), required=False, initial="90"
    )

    def expires_at(self) -> datetime | None:
        days = self.cleaned_data["expires"]
        return timezone.now() + timedelta(days=int(days)) if days else None
