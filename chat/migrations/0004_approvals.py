from __future__ import annotations

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

STATUSES = [("pending", "Pending"), ("approved", "Approved"), ("denied", "Denied"), ("expired", "Expired")]


class Migration(migrations.Migration):
    dependencies = [
        ("chat", "0003_turn_shorter_requested_at"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Approval",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("n", models.PositiveSmallIntegerField(help_text="The iteration whose answer calls the tool.")),
                ("call", models.CharField(help_text="The id of the call, as its answer has it.", max_length=200)),
                ("tool", models.CharField(max_length=200)),
                ("title", models.CharField(max_length=300)),
                ("request", models.TextField(help_text="All that is asked for, as it was shown.")),
                ("status", models.CharField(choices=STATUSES, default="pending", max_length=16)),
                ("expires_at", models.DateTimeField()),
                ("created_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "turn",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="approvals", to="chat.turn"
                    ),
                ),
            ],
            options={
                "ordering": ["created_at", "id"],
                "indexes": [models.Index(condition=Q(status="pending"), fields=["turn"], name="pending_approvals")],
                "constraints": [
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
                ],
            },
        ),
    ]
