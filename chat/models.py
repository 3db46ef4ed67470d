"""Who said what, and what is happening now. Rows only: the writes are in `turns.py` and `event_log.py`.

A conversation's messages form a tree (`Message.parent`). A branch is one unforked run of that tree: messages on it have
consecutive positions (depth in the tree, from 0), so that the newest messages of a branch are one index scan. Editing
or regenerating starts a new branch at the fork; nothing is deleted. A user message that waits in the queue has no
branch, position or parent yet: it gets them when its turn is claimed.
"""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q


class Conversation(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="conversations")
    title = models.CharField(max_length=200, blank=True)
    title_is_custom = models.BooleanField(default=False, help_text="A person named it; never rename it by ourselves.")
    agent = models.SlugField(max_length=64, default="smart")
    model = models.ForeignKey(
        "agents.LanguageModel", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    active_branch = models.ForeignKey(
        "Branch", null=True, blank=True, on_delete=models.SET_NULL, related_name="active_in"
    )
    calibrations = models.JSONField(
        default=dict, blank=True, help_text="By model: how far the provider's token counts are from ours."
    )
    archived = models.BooleanField(default=False)
    pinned = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    last_activity_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-last_activity_at"]
        indexes = [
            models.Index(fields=["owner", "-last_activity_at", "-id"], name="conversations_of_user"),
        ]

    def __str__(self) -> str:
        return self.title or "New chat"


class Branch(models.Model):
    """A run of messages. It continues `parent` after its message at `fork_position` (None and -1 at the root).

    `window` is what the token limiter last sent on this branch (agents.llm's Window as JSON), empty before the first
    call.
    """

    id = models.BigAutoField(primary_key=True)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="branches")
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="forks")
    fork_position = models.IntegerField(default=-1)
    window = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return f"branch {self.pk}"


class Message(models.Model):
    class Role(models.TextChoices):
        USER = "user", "User"
        ASSISTANT = "assistant", "Assistant"
        TOOL = "tool", "Tool results"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages")
    branch = models.ForeignKey(Branch, null=True, on_delete=models.CASCADE, related_name="messages")
    position = models.IntegerField(null=True, help_text="Depth in the tree, from 0; empty while queued.")
    parent = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="children")
    turn = models.ForeignKey("Turn", null=True, on_delete=models.SET_NULL, related_name="messages")
    role = models.CharField(max_length=16, choices=Role.choices)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    client_message_id = models.CharField(max_length=64, null=True, blank=True)  # noqa: DJ001 - NULLs do not collide
    body_hash = models.CharField(max_length=64, blank=True, help_text="SHA-256 over conversation and body of the send.")
    parts = models.JSONField(default=list)
    parts_version = models.PositiveSmallIntegerField(default=1)
    token_count = models.PositiveIntegerField(null=True)
    token_encoding = models.CharField(max_length=64, blank=True, help_text="What token_count was counted with.")
    tokens_before = models.PositiveBigIntegerField(
        default=0, help_text="Running sum: tokens of every message before this one on its path."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(fields=["parent"], name="messages_of_parent"),
        ]
        constraints = [
            # Also the index for the newest messages of a branch.
            models.UniqueConstraint(fields=["branch", "position"], name="one_message_per_branch_and_position"),
            models.UniqueConstraint(
                fields=["author", "client_message_id"],
                condition=Q(client_message_id__isnull=False),
                name="one_message_per_author_and_client_message_id",
            ),
            models.CheckConstraint(
                condition=Q(branch__isnull=True, position__isnull=True)
                | Q(branch__isnull=False, position__isnull=False),
                name="message_branch_and_position_go_together",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.pk}"


class Turn(models.Model):
    """One user message and everything done to answer it."""

    class Status(models.TextChoices):
        QUEUED = "queued", "Queued"
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Running"
        COMPLETED = "completed", "Completed"
        STOPPED = "stopped", "Stopped"
        INTERRUPTED = "interrupted", "Interrupted"
        FAILED = "failed", "Failed"

    ACTIVE = (Status.WAITING, Status.RUNNING)
    ENDED = (Status.COMPLETED, Status.STOPPED, Status.INTERRUPTED, Status.FAILED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.BigIntegerField(help_text="Order of arrival within the conversation, from 1.")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="turns")
    question = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="answering_turns")
    regenerates = models.ForeignKey(
        Message, null=True, on_delete=models.SET_NULL, related_name="+", help_text="The answer that this turn repeats."
    )
    client_message_id = models.CharField(max_length=64, blank=True, help_text="Of the regenerate call, if it was one.")
    body_hash = models.CharField(max_length=64, blank=True)
    requested_parent = models.ForeignKey(
        Message, null=True, on_delete=models.SET_NULL, related_name="+", help_text="Where the sender wants to continue."
    )
    forks = models.BooleanField(default=False, help_text="Edit or regenerate: begins a new branch at its parent.")
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.QUEUED)
    finish_reason = models.CharField(max_length=32, blank=True, help_text="Of the last model call.")
    reason = models.CharField(max_length=32, blank=True, help_text="An error code, when it did not simply complete.")
    error_message = models.TextField(blank=True)
    agent = models.SlugField(max_length=64)
    model = models.ForeignKey("agents.LanguageModel", null=True, on_delete=models.SET_NULL, related_name="+")
    settings = models.JSONField(
        default=dict, help_text="The settings that the turn runs with, as they were at its claim."
    )
    usage = models.JSONField(default=dict)
    seq = models.PositiveIntegerField(default=0, help_text="Of the newest event in the log.")
    lease_owner = models.CharField(max_length=64, blank=True)
    lease_until = models.DateTimeField(null=True)
    epoch = models.PositiveIntegerField(default=0, help_text="Grows with every claim; fences a late writer.")
    stop_requested_at = models.DateTimeField(null=True)
    shorter_requested_at = models.DateTimeField(
        null=True, help_text="While it waits: the owner would rather have less of the conversation sent."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["conversation", "number"], name="turn_numbers_are_unique"),
            models.UniqueConstraint(
                fields=["conversation", "client_message_id"],
                condition=~Q(client_message_id=""),
                name="one_turn_per_conversation_and_client_message_id",
            ),
            models.UniqueConstraint(
                fields=["conversation"],
                condition=Q(status__in=["waiting", "running"]),
                name="one_active_turn_per_conversation",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["waiting", "running"]) | Q(lease_until__isnull=False),
                name="an_active_turn_has_a_lease",
            ),
        ]
        indexes = [
            models.Index(fields=["created_at"], condition=Q(status="queued"), name="queued_turns"),
            models.Index(fields=["lease_until"], condition=Q(status__in=["waiting", "running"]), name="leased_turns"),
        ]

    def __str__(self) -> str:
        return f"turn {self.number} ({self.status})"


class TurnEvent(models.Model):
    """One event of a turn's log, written before it is sent. `seq` is gapless from 1."""

    id = models.BigAutoField(primary_key=True)
    turn = models.ForeignKey(Turn, on_delete=models.CASCADE, related_name="events")
    seq = models.PositiveIntegerField()
    type = models.CharField(max_length=32)
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["turn", "seq"]
        constraints = [
            # Also the index for the events of a turn after a seq.
            models.UniqueConstraint(fields=["turn", "seq"], name="one_event_per_turn_and_seq"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.seq}"


class DelegatedRun(models.Model):
    """What another agent did inside a turn, for one call of the `delegate` tool: a loop of its own, whose messages are
    in no conversation. `messages` are they (agents.llm's Message as JSON, each with the number `n` of its iteration),
    the task first; `context` is what its next call is built from: the limiter's window, the calibration.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    turn = models.ForeignKey(Turn, on_delete=models.CASCADE, related_name="delegated_runs")
    called_in = models.PositiveSmallIntegerField(help_text="Number of the turn's own iteration that called the tool.")
    call = models.TextField(help_text="Id of the call of the tool.")
    agent = models.SlugField(max_length=64)
    messages = models.JSONField(default=list)
    context = models.JSONField(default=dict)

    class Meta:
        ordering = ["turn", "called_in"]

    def __str__(self) -> str:
        return f"{self.agent} in iteration {self.called_in}"


class Iteration(models.Model):
    """One pass of the agent loop: the model call, the message it wrote, and the receipt of what the call carried.

    `n` counts on through the runs that a turn delegates; `run` is the one that the iteration belongs to, None for the
    turn's own."""

    id = models.BigAutoField(primary_key=True)
    turn = models.ForeignKey(Turn, on_delete=models.CASCADE, related_name="iterations")
    n = models.PositiveSmallIntegerField(help_text="From 1.")
    run = models.ForeignKey(DelegatedRun, null=True, on_delete=models.CASCADE, related_name="iterations")
    message = models.ForeignKey(Message, null=True, on_delete=models.SET_NULL, related_name="+")
    model_call = models.ForeignKey("agents.ModelCall", null=True, on_delete=models.SET_NULL, related_name="iterations")
    receipt = models.JSONField(default=dict)

    class Meta:
        ordering = ["turn", "n"]
        constraints = [models.UniqueConstraint(fields=["turn", "n"], name="iteration_numbers_are_unique")]

    def __str__(self) -> str:
        return f"iteration {self.n}"


class Approval(models.Model):
    """One call of a tool that a person was asked to allow: exactly what was shown, and what became of it.

    A consent holds for this call alone. What nobody decided expires, with its patience or with its turn.
    """

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        APPROVED = "approved", "Approved"
        DENIED = "denied", "Denied"
        EXPIRED = "expired", "Expired"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    turn = models.ForeignKey(Turn, on_delete=models.CASCADE, related_name="approvals")
    n = models.PositiveSmallIntegerField(help_text="The iteration whose answer calls the tool.")
    call = models.CharField(max_length=200, help_text="The id of the call, as its answer has it.")
    tool = models.CharField(max_length=200)
    title = models.CharField(max_length=300)
    request = models.TextField(help_text="All that is asked for, as it was shown.")
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.PENDING)
    expires_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status="pending", decided_at__isnull=True)
                | (~Q(status="pending") & Q(decided_at__isnull=False)),
                name="an_approval_is_decided_at_some_time",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["approved", "denied"], by__isnull=False)
                | (~Q(status__in=["approved", "denied"]) & Q(by__isnull=True)),
                name="an_approval_is_decided_by_somebody",
            ),
        ]
        indexes = [models.Index(fields=["turn"], condition=Q(status="pending"), name="pending_approvals")]

    def __str__(self) -> str:
        return f"{self.title} ({self.status})"
