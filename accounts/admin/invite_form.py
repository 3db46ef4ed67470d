from __future__ import annotations

from django import forms

from accounts.models import User


class InviteForm(forms.ModelForm):  # type: ignore[type-arg]
    """Who is invited. They choose their password themselves, at the link."""

    class Meta:
        model = User
        fields = ["username", "email", "is_staff"]
        help_texts = {
            "email": "To know whom the account belongs to. Nothing is sent: you hand over the link yourself.",
            "is_staff": "May sign in to this admin. What they may do here is set afterwards: groups and permissions.",
        }
