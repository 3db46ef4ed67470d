"""Who may: users, API tokens, one-time links. Rows only; the work on them is in the modules beside this one."""

from __future__ import annotations

import uuid

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import F, Q


class User(AbstractUser):
    """A person who signs in. The id is a UUID, so that ids in the API tell nothing about how many people there are."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)


class ApiToken(models.Model):
    """A program's key to the API of one user. Only the SHA-256 of the token is stored; the token is shown once."""

    class Scope(models.TextChoices):
        """Each scope holds the ones before it."""

        READ = "read", "Read"
        WRITE = "write", "Read and write"
        ADMIN = "admin", "Administer"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100, blank=True)
    prefix = models.CharField(max_length=16, help_text="The first characters of the token, to tell tokens apart.")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scope = models.CharField(max_length=8, choices=Scope.choices, default=Scope.WRITE)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(scope__in=["read", "write", "admin"]), name="api_token_scope_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}… ({self.name or self.user})"


class OneTimeLink(models.Model):
    """A link that works once. Only the SHA-256 of its secret is stored."""

    class Purpose(models.TextChoices):
        SETUP = "setup", "Set up: make the first admin"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    purpose = models.CharField(max_length=16, choices=Purpose.choices)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="one_time_link_expires_later"),
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} ({'used' if self.used_at else 'open'})"
