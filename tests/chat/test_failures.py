"""Each accident of a provider ends a turn with the right code and keeps what had been said."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from accounts.models import User
from agents import registry
from agents.llm.errors import ConfigInvalid, ContextImpossible
from agents.models import LanguageModel, ModelCall, Provider, Wire
from agents.sandbox.script.faults import all_faults
from chat import actions, conversations
from chat.models import Conversation, Message, Turn, TurnEvent
from tests.chat.made import conversation_of, queued
from tests.chat.shop import Shop, open_shop, until_all
from tests.chat.stage import HeldSandbox, rows

pytestmark = pytest.mark.asyncio(loop_scope="module")

WIRE = {"sandbox-claude": "messages", "sandbox-gpt": "chat_completions"}
FAILED = "failed"
# name -> status, code, whether text was said before
OUTCOMES: dict[str, tuple[str, str, bool]] = {
    "error_529": (FAILED, "provider_overloaded", False),
    "error_500": (FAILED, "provider_overloaded", False),
    "error_503": (FAILED, "provider_overloaded", False),
    "error_504": (FAILED, "provider_overloaded", False),
    "ramp_limit": (FAILED, "provider_rate_limited", False),
    "never_fits": (FAILED, "provider_rate_limited", False),
    "credit_low": (FAILED, "provider_spend_limit", False),
    "auth_401_once": (FAILED, "provider_auth", False),
    "overflow": (FAILED, "context_impossible", False),
    "flat_error": (FAILED, "config_invalid", False),
    "json_error_200": (FAILED, "provider_overloaded", False),
    "empty_body": (FAILED, "provider_bad_stream", False),
    "no_stream_options": ("completed", "", True),
    "usage_early": ("completed", "", True),
    "no_rate_headers": ("completed", "", True),
    "no_done": ("completed", "", True),
    "extra_keys": ("completed", "", True),
    "tool_no_index": ("completed", "", True),
    "tool_whole": ("completed", "", True),
    "tool_stop": ("completed", "", True),
    "rate_limit": ("completed", "", True),  # once: it is waited for, and sent again
    "retry_after_7200": (FAILED, "provider_rate_limited", False),
    "spend_limit": (FAILED, "provider_spend_limit", False),
    "auth_401": (FAILED, "provider_auth", False),
    "html_200": (FAILED, "provider_bad_stream", False),
    "html_502": (FAILED, "provider_overloaded", False),
    "error_first": (FAILED, "provider_overloaded", False),
    "error_event": (FAILED, "provider_overloaded", True),
    "bad_json": (FAILED, "provider_bad_stream", True),
    "eof": (FAILED, "provider_bad_stream", True),
    "cut": (FAILED, "provider_bad_stream", True),
    "reset": (FAILED, "provider_bad_stream", True),
    "no_usage": ("completed", "", True),
    "redacted_thinking": ("completed", "", True),
    "no_event_name": (FAILED, "provider_bad_stream", False),
    "max_tokens": ("completed", "", True),
    "context_window": ("completed", "", True),
    "refusal": (FAILED, "provider_refused", False),
    "eof_tool": (FAILED, "provider_bad_stream", False),
    "empty_tool_input": ("completed", "", True),
    "tool_same_index": ("completed", "", True),
}
SLOW = {"stall"}
WIRES: dict[str, tuple[str, ...]] = {fault.name: fault.wires for fault in all_faults()}


async def test_every_fault_of_the_sandbox_is_tried_or_named() -> None:
    reachable = {name for name, wires in WIRES.items() if set(wires) & set(WIRE.values())}
    assert reachable == OUTCOMES.keys() | SLOW


@pytest_asyncio.fixture(loop_scope="module")
async def shop(sandbox: HeldSandbox) -> AsyncIterator[Shop]:
    async with open_shop() as ready:
        yield ready


async def play(shop: Shop, user: User, text: str, *, model: str) -> Turn:
    conversation = await rows(conversation_of, user, model=model)
    turn = (await rows(queued, user, text, conversation=conversation)).turn
    shop.worker.wake()
    await until_all([turn.pk], *Turn.ENDED)
    return await rows(Turn.objects.get, pk=turn.pk)


def what_was_said(turn: Turn) -> str:
    """By the log; the rows say the same."""
    deltas = TurnEvent.objects.filter(turn=turn, type="delta").order_by("seq")
    said = "".join(event.data["text"] for event in deltas)
    answers = Message.objects.filter(turn=turn, role="assistant").order_by("position")
    assert "".join(part["text"] for row in answers for part in row.parts if part["kind"] == "text") == said
    return said


def end_of(turn: Turn) -> dict[str, Any]:
    last = TurnEvent.objects.filter(turn=turn).order_by("seq").last()
    assert last is not None
    assert last.type == "turn.ended"
    return dict(last.data)


@pytest.mark.parametrize("model", WIRE)
@pytest.mark.parametrize("fault", OUTCOMES)
async def test_a_fault_ends_the_turn_with_its_code_and_keeps_the_text(
    shop: Shop, user: User, model: str, fault: str
) -> None:
    status, code, said = OUTCOMES[fault] if WIRE[model] in WIRES[fault] else ("completed", "", True)
    turn = await play(shop, user, f"fault {fault}", model=model)
    end = await rows(end_of, turn)
    assert (turn.status, turn.reason) == (status, code), turn.error_message
    assert (end["status"], end["reason"] or "", end["error"] or "") == (status, code, turn.error_message)
    assert bool(await rows(what_was_said, turn)) == said
    assert (end["message"] is not None) == said
    if status == FAILED:
        assert len(turn.error_message) > 20
        assert "kept" in turn.error_message
    assert not any(word in turn.error_message for word in ("Traceback", "Error(", "File ", "httpx", "{"))
    calls = await rows(list, ModelCall.objects.filter(user=user))
    if fault == "no_stream_options" and WIRE[model] in WIRES[fault]:  # Refused, and asked again without.
        assert sorted((call.status, call.error_code) for call in calls) == [
            ("completed", ""),
            (FAILED, "config_invalid"),
        ]
        calls = [call for call in calls if call.status != FAILED]
    if fault == "refusal":  # The call itself went well.
        status, code = "completed", ""
    ends = {(call.status, call.error_code) for call in calls}
    assert ends == {(status, code)}


async def test_a_stall_is_a_time_out_and_keeps_the_text(
    shop: Shop, user: User, sandbox: HeldSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "_TIMEOUT", httpx2.Timeout(0.3))
    registry.use_sandbox(sandbox)  # A new connection, with that time-out.
    turn = await play(shop, user, "fault stall", model="sandbox-claude")
    monkeypatch.undo()
    registry.use_sandbox(sandbox)
    assert (turn.status, turn.reason) == (FAILED, "provider_timeout")
    assert await rows(what_was_said, turn) != ""


async def test_after_a_failure_the_next_message_is_answered(shop: Shop, user: User) -> None:
    conversation = await rows(conversation_of, user)
    ids = [
        (await rows(queued, user, text, conversation=conversation)).turn.pk
        for text in ("fault eof_tool", "fault error_500", "fault refusal", "echo all is well")
    ]
    shop.worker.wake()
    assert await until_all(ids, *Turn.ENDED) == ["failed", "failed", "failed", "completed"]


class TestRefusedAtSend:
    """What cannot be answered is refused while the text is still in the sender's hands, and nothing is kept."""

    def _with_a_keyless_model(self, user: User) -> Any:
        provider = Provider.objects.create(
            slug=f"keyless-{user.username}", name="Keyless", kind="openai", api_key="env:NO_SUCH_KEY_ANYWHERE"
        )
        model = LanguageModel.objects.create(
            provider=provider,
            model_id="m",
            name="M",
            wire=Wire.OPENAI_CHAT,
            context_window=100_000,
            max_output_tokens=10_000,
        )
        conversation = conversation_of(user)
        conversation.model = model
        conversation.save()
        return conversation

    def _nothing_was_kept(self, user: User) -> bool:
        mine = {"conversation__owner": user}
        return not Message.objects.filter(**mine).exists() and not Turn.objects.filter(**mine).exists()

    async def test_a_provider_without_a_key(self, user: User) -> None:
        conversation = await rows(self._with_a_keyless_model, user)
        with pytest.raises(ConfigInvalid, match="no key"):
            await rows(actions.send, user=user, conversation_id=conversation.pk, client_message_id="1", text="x")
        assert await rows(self._nothing_was_kept, user)

    async def test_a_model_that_is_switched_off(self, user: User) -> None:
        conversation = await rows(self._with_a_keyless_model, user)
        await rows(LanguageModel.objects.filter(pk=conversation.model_id).update, enabled=False)
        with pytest.raises(ConfigInvalid, match="switched off"):
            await rows(actions.send, user=user, conversation_id=conversation.pk, client_message_id="1", text="x")
        assert await rows(self._nothing_was_kept, user)

    async def test_no_model_at_all(self, user: User) -> None:
        conversation = await rows(conversations.create, user)
        await rows(Provider.objects.filter(enabled=True).update, enabled=False)
        try:
            with pytest.raises(ConfigInvalid, match="No model"):
                await rows(actions.send, user=user, conversation_id=conversation.pk, client_message_id="1", text="x")
        finally:
            await rows(Provider.objects.update, enabled=True)
        assert await rows(self._nothing_was_kept, user)

    async def test_a_message_that_cannot_fit(self, user: User) -> None:
        conversation = await rows(conversation_of, user)
        text = "word " * 10_000
        with pytest.raises(ContextImpossible) as refused:
            await rows(actions.send, user=user, conversation_id=conversation.pk, client_message_id="1", text=text)
        sizes = refused.value.params
        assert sizes.keys() == {"limit", "instructions", "tools", "overhead", "message"}
        assert sizes["limit"] == 8_192
        assert sizes["instructions"] + sizes["tools"] + sizes["overhead"] + sizes["message"] > 8_192
        assert f"{sizes['message']:,}" in str(refused.value)
        assert await rows(self._nothing_was_kept, user)

    async def test_a_repeat_of_what_was_accepted_is_answered_even_then(self, user: User) -> None:
        conversation = await rows(self._with_a_keyless_model, user)
        kept = await rows(queued, user, "x", conversation=conversation)
        again = await rows(
            actions.send,
            user=user,
            conversation_id=conversation.pk,
            client_message_id=str(kept.message.client_message_id),
            text="x",
        )
        assert again.duplicate
        assert again.turn.pk == kept.turn.pk

    async def test_regenerating_and_editing_too(self, shop: Shop, user: User) -> None:
        turn = await play(shop, user, "echo x", model="sandbox-claude")
        other = await rows(self._with_a_keyless_model, user)
        await rows(Conversation.objects.filter(pk=turn.conversation_id).update, model=other.model_id)
        for refuse in (
            lambda: actions.regenerate(user=user, message_id=turn.question_id, client_message_id="r"),
            lambda: actions.edit(user=user, message_id=turn.question_id, client_message_id="e", text="y"),
        ):
            with pytest.raises(ConfigInvalid):
                await rows(refuse)
        assert await rows(Turn.objects.filter(conversation=turn.conversation_id).count) == 1
