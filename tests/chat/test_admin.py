from __future__ import annotations

import pytest
from django.test import Client
from django.urls import NoReverseMatch, reverse

from accounts.models import User
from chat.models import Branch, Conversation, Message, Turn
from tests.agents.rows import make_model

CANARY = "canary-4c1e"


@pytest.fixture
def turn(owner: User) -> Turn:
    conversation = Conversation.objects.create(owner=owner, title=f"title {CANARY}")
    branch = Branch.objects.create(conversation=conversation)
    question = Message.objects.create(
        conversation=conversation,
        branch=branch,
        position=0,
        role=Message.Role.USER,
        author=owner,
        parts=[{"type": "text", "text": f"question {CANARY}"}],
    )
    return Turn.objects.create(conversation=conversation, question=question, number=1, agent="smart")


def test_turns_are_shown_without_what_anyone_wrote(staff_client: Client, turn: Turn, owner: User) -> None:
    for address in (
        reverse("admin:chat_turn_changelist"),
        reverse("admin:chat_turn_change", args=[turn.pk]),
        reverse("admin:accounts_user_change", args=[owner.pk]),
    ):
        page = staff_client.get(address)
        assert page.status_code == 200
        assert CANARY not in page.text


def test_turns_are_filtered_by_user_model_status_and_day(
    staff_client: Client, turn: Turn, owner: User, member: User
) -> None:
    model = make_model()
    Turn.objects.update(model=model, status="failed", reason="provider_auth")
    day = f"{turn.created_at:created_at__year=%Y&created_at__month=%m&created_at__day=%d}"
    filters = {
        f"conversation__owner__id__exact={owner.pk}": True,
        f"conversation__owner__id__exact={member.pk}": False,
        f"model__id__exact={model.pk}": True,
        "status__exact=failed": True,
        "status__exact=running": False,
        "reason__exact=provider_auth": True,
        "q=owner": True,
        "q=member": False,
        day: True,
        "created_at__year=2001": False,
    }
    address = reverse("admin:chat_turn_changelist")
    found = {query: staff_client.get(f"{address}?{query}").context["cl"].queryset.exists() for query in filters}
    assert found == filters


@pytest.mark.parametrize("lookup", ["question__parts__icontains=canary", "conversation__title__startswith=title"])
def test_what_anyone_wrote_cannot_be_guessed_by_a_filter(staff_client: Client, turn: Turn, lookup: str) -> None:
    assert staff_client.get(f"{reverse('admin:chat_turn_changelist')}?{lookup}").status_code == 400


def test_turns_are_for_reading(staff_client: Client, turn: Turn) -> None:
    assert staff_client.get(reverse("admin:chat_turn_add")).status_code == 403
    for action in ("change", "delete"):
        assert staff_client.post(reverse(f"admin:chat_turn_{action}", args=[turn.pk])).status_code == 403


@pytest.mark.parametrize("name", ["conversation", "message", "turnevent", "iteration", "branch"])
def test_what_people_wrote_has_no_page(name: str) -> None:
    with pytest.raises(NoReverseMatch):
        reverse(f"admin:chat_{name}_changelist")


def test_only_staff_sees_turns(client: Client, owner_client: Client, turn: Turn) -> None:
    for person in (client, owner_client):
        assert person.get(reverse("admin:chat_turn_change", args=[turn.pk])).status_code == 302
