from __future__ import annotations

from django.contrib.auth.forms import BaseUserCreationForm

from accounts.models import User


class FirstAdminForm(BaseUserCreationForm):  # type: ignore[type-arg]
    """A user name, and a password twice, checked by Django's own rules."""

    class Meta:
        model = User
        fields = ["username"]
