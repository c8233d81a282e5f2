"""What people send from the pages of the sign-in."""

from __future__ import annotations

from datetime import datetime, timedelta

from django import forms
from django.utils import timezone

from users.models import LONGEST_NAME
from users.scopes import Scope
from users.signin.limits import LONGEST_TYPED

LONGEST_CODE = 40
LONGEST_DAYS = 3650


class CodeForm(forms.Form):
    """A one-time password or a recovery code."""

    code = forms.CharField(
        max_length=LONGEST_CODE,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autofocus": True, "spellcheck": "false"}),
    )


class AddressForm(forms.Form):
    """Whose password was forgotten."""

    email = forms.CharField(
        max_length=LONGEST_TYPED,
        label="Email address",
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )


class KeyForm(forms.Form):
    """A new API key."""

    name = forms.CharField(max_length=LONGEST_NAME, help_text="To tell it apart.")
    scopes = forms.MultipleChoiceField(
        choices=[(value, value) for value in Scope.values],
        initial=list(Scope.values),
        widget=forms.CheckboxSelectMultiple,
        label="What it may do",
    )
    days = forms.IntegerField(
        min_value=1,
        max_value=LONGEST_DAYS,
        required=False,
        label="Ends after so many days",
        help_text="Left empty: never.",
    )

    @property
    def expires_at(self) -> datetime | None:
        """Of the days that were named."""
        days = self.cleaned_data["days"]
        return timezone.now() + timedelta(days=days) if days else None
