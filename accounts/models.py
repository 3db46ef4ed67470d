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
        verbose_name = "API token"
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
        INVITE = "invite", "Invite: choose a password and sign in"
        PASSWORD_RESET = "password_reset", "Choose a new password"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    purpose = models.CharField(max_length=16, choices=Purpose.choices)
    user = models.ForeignKey(
        User,
        null=True,
        on_delete=models.CASCADE,
        related_name="one_time_links",
        help_text="Whom an invite or a password link is for; empty for the set-up link.",
    )
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="one_time_link_expires_later"),
            models.CheckConstraint(
                condition=Q(purpose="setup", user__isnull=True) | (~Q(purpose="setup") & Q(user__isnull=False)),
                name="one_time_link_is_for_a_user_unless_it_sets_up",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} ({'used' if self.used_at else 'open'})"


class AuditEntry(models.Model):
    """Who changed what, when and by which door. Written once, never changed; secrets are never in it."""

    class Door(models.TextChoices):
        ADMIN = "admin", "Admin"
        PAGE = "page", "Settings page"
        API = "api", "API"
        CONFIG = "config", "Configuration file"
        SYSTEM = "system", "The server itself"

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(auto_now_add=True)
    actor = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    actor_name = models.CharField(max_length=150, blank=True, help_text="As it was then.")
    door = models.CharField(max_length=16, choices=Door.choices)
    action = models.CharField(max_length=32, help_text="created, changed, deleted, revoked, invited, ...")
    target_type = models.CharField(max_length=64, help_text="The kind of row, such as agents.AgentConfig.")
    target_id = models.CharField(max_length=64)
    target_name = models.CharField(max_length=200)
    changes = models.JSONField(default=dict, help_text="{field: [old, new]}; a secret is only said to have changed.")

    class Meta:
        ordering = ["-at", "-id"]
        verbose_name_plural = "audit log"
        indexes = [models.Index(fields=["target_type", "target_id"], name="audit_of_target")]

    def __str__(self) -> str:
        return f"{self.actor_name or 'the server'} {self.action} {self.target_name}"
