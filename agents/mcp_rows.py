"""MCP servers, the tools that they offer, and which agent may use which of them. Rows only: no network, no logic.

Django finds them through `agents.models`.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q


class McpServer(models.Model):
    """A server whose tools agents may be given. Everybody who may use such an agent may use them."""

    class Auth(models.TextChoices):
        NONE = "none", "None"
        HEADER = "header", "A header"
        OAUTH2 = "oauth2", "OAuth2 client credentials"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(
        max_length=32, unique=True, help_text="What the names of its tools begin with: letters, digits, hyphens."
    )
    name = models.CharField(max_length=100)
    url = models.CharField(max_length=500, help_text="Of its streamable HTTP endpoint, often ending in /mcp.")
    auth = models.CharField(max_length=16, choices=Auth.choices, default=Auth.NONE)
    header_name = models.CharField(max_length=100, blank=True, default="Authorization")
    header_scheme = models.CharField(
        max_length=32, blank=True, default="Bearer", help_text="What stands before the key in the header; may be empty."
    )
    api_key = models.TextField(
        blank=True, help_text="The key in the header: a reference or encrypted, as a provider's key."
    )
    oauth2 = models.JSONField(default=dict, blank=True, help_text="Client credentials, as a provider's.")
    headers = models.JSONField(default=dict, blank=True, help_text="Sent with every call; never a secret.")
    enabled = models.BooleanField(default=True)
    read_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="When its tools were last read.")

    class Meta:
        ordering = ["slug"]
        verbose_name = "MCP server"
        constraints = [
            models.CheckConstraint(
                condition=Q(api_key="")
                | Q(api_key__startswith="env:")
                | Q(api_key__startswith="file:")
                | Q(api_key__startswith="sealed:"),
                name="mcp_server_api_key_is_never_plain",
            ),
            # Where the slug ends in the name SLUG__TOOL must be plain.
            models.CheckConstraint(condition=~Q(slug__contains="_"), name="mcp_server_slug_has_no_underscore"),
        ]

    def __str__(self) -> str:
        return self.name


class McpTool(models.Model):
    """A tool as an admin last looked at it. What the server has made of it since is held back in `offered`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    server = models.ForeignKey(McpServer, on_delete=models.CASCADE, related_name="tools")
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    parameters = models.JSONField(default=dict, blank=True, help_text="JSON Schema, as the server says it.")
    says_read_only = models.BooleanField(default=False, help_text="What the server says of it; nothing holds it to it.")
    offered = models.JSONField(
        null=True, blank=True, help_text="What the server offers by this name now, where that is something else."
    )
    is_missing = models.BooleanField(default=False, help_text="The server offered it once, and does no more.")
    seen_at = models.DateTimeField(null=True, blank=True, help_text="None: named by a file, and never read yet.")

    class Meta:
        ordering = ["server", "name"]
        verbose_name = "MCP tool"
        constraints = [models.UniqueConstraint(fields=["server", "name"], name="mcp_tool_is_once_on_its_server")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_held_back(self) -> bool:
        return self.offered is not None


class McpGrant(models.Model):
    """What an agent may do with a tool. No row is the same as `off`."""

    class Policy(models.TextChoices):
        OFF = "off", "not offered"
        ASK = "ask", "ask each time"
        ALLOW = "allow", "allow"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tool = models.ForeignKey(McpTool, on_delete=models.CASCADE, related_name="grants")
    agent = models.CharField(max_length=64, help_text="An agent's slug.")
    policy = models.CharField(max_length=8, choices=Policy.choices, default=Policy.ASK)

    class Meta:
        ordering = ["tool", "agent"]
        verbose_name = "MCP grant"
        constraints = [
            models.UniqueConstraint(fields=["tool", "agent"], name="mcp_grant_is_once_for_an_agent"),
            models.CheckConstraint(
                condition=Q(policy__in=["off", "ask", "allow"]), name="mcp_grant_policy_is_one_that_there_is"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tool} for {self.agent}"
