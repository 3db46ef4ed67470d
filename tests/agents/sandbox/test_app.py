"""The endpoints besides the replies, and the journal."""

from __future__ import annotations

import anthropic
import openai
import pytest

from agents.sandbox.account import account_of
from agents.sandbox.app import ACCOUNT_PATH
from agents.sandbox.exchange import Exchange
from agents.sandbox.journal import Entry, Journal
from agents.sandbox.limits import Admission, Unlimited
from tests.agents.sandbox.speakers import ChatSpeaker, MessagesSpeaker, Speaker, hear
from tests.agents.sandbox.stage import Gate, Stage, set_stage
from tests.agents.sandbox.wire.posting import HEADERS, post


async def test_models_of_anthropic(near_stage: Stage) -> None:
    sdk = MessagesSpeaker(near_stage).sdk
    ids = [model.id async for model in sdk.models.list()]
    assert ids[0] == "sandbox-claude"
    assert {"claude-opus-5-5", "claude-sonnet-4-6", "claude-haiku-4-5"} < set(ids)
    assert not [name for name in ids if "claude" not in name]
    card = await sdk.models.retrieve("sandbox-claude")
    assert (card.max_input_tokens, card.max_tokens, card.lifecycle) == (200_000, 64_000, "active")
    with pytest.raises(anthropic.NotFoundError):
        await sdk.models.retrieve("gpt-4o")


async def test_models_of_openai(near_stage: Stage) -> None:
    sdk = ChatSpeaker(near_stage).sdk
    ids = [model.id async for model in sdk.models.list()]
    assert ids[0] == "sandbox-gpt"
    assert {"gpt-6.2-sol", "gpt-4.1", "gpt-4o", "o3"} < set(ids)
    assert not [name for name in ids if "claude" in name]
    assert (await sdk.models.retrieve("gpt-4.1")).object == "model"
    with pytest.raises(openai.NotFoundError) as caught:
        await sdk.models.retrieve("sandbox-claude")
    assert caught.value.code == "model_not_found"


async def test_counting_agrees_with_the_usage(near_stage: Stage) -> None:
    speaker = MessagesSpeaker(near_stage)
    counted = await speaker.sdk.messages.count_tokens(
        model="sandbox-claude", messages=[{"role": "user", "content": "hello, world"}]
    )
    heard = await hear(speaker, "hello, world")
    assert heard.usage is not None
    assert counted.input_tokens == heard.usage[0] == 10


@pytest.mark.parametrize("model", ["claude-sonnet-4-6", "claude-haiku-4-5", "gpt-4.1", "gpt-4o"])
async def test_real_names_are_served(near_stage: Stage, model: str) -> None:
    speaker: Speaker = (MessagesSpeaker if model.startswith("claude") else ChatSpeaker)(near_stage)
    assert (await hear(speaker, "echo hi", model=model)).text == "hi"
    assert near_stage.newest.model == model


async def test_unknown_paths_and_methods(near_stage: Stage) -> None:
    answer = await post(near_stage, "/v1/embeddings", {}, headers={"authorization": "Bearer x"})
    assert (answer.status_code, answer.json()["error"]["message"]) == (404, "Invalid URL (POST /v1/embeddings)")
    answer = await post(near_stage, "/v1/complete", {})
    assert (answer.status_code, answer.json()["error"]["type"]) == (404, "not_found_error")
    for path in ("/", "/v1/messages", "/v1/models/x/y"):
        assert (await near_stage.http.get(near_stage.url + path, headers=HEADERS)).status_code == 404


async def test_the_journal_shows_what_was_sent_and_no_secret(near_stage: Stage) -> None:
    headers = {**HEADERS, "authorization": "Bearer s3cret", "x-team": "payments", "x-api-token": "s3cret"}
    body = {"model": "sandbox-claude", "max_tokens": 77, "messages": [{"role": "user", "content": "hi"}]}
    await post(near_stage, "/v1/messages", body, headers=headers)
    await post(near_stage, "/v1/messages", body, headers=HEADERS)
    first, second = near_stage.journal
    assert first.body == body
    assert first.headers["x-team"] == "payments"
    assert "s3cret" not in repr(first)
    assert first.account != second.account != ""
    assert (first.method, first.path, first.status, first.outcome) == ("POST", "/v1/messages", 200, "complete")


async def test_the_journal_notes_refused_requests_too(near_stage: Stage) -> None:
    await post(near_stage, "/v1/messages", {"model": "sandbox-claude"})
    assert (near_stage.newest.status, near_stage.newest.outcome) == (400, "refused")
    assert near_stage.newest.body == {"model": "sandbox-claude"}


def test_the_journal_is_bounded() -> None:
    entries = [Entry(method="GET", path=f"/{number}", headers={}) for number in range(3)]
    journal, forgetful = Journal(keep=2), Journal(keep=0)
    for entry in entries:
        journal.note(entry)
        forgetful.note(entry)
    assert list(journal) == entries[1:]
    assert journal.newest is entries[2]
    assert len(forgetful) == 0


async def test_a_sandbox_without_limits_has_nothing_to_tell() -> None:
    async with set_stage("in process", gate=Gate(), exchange=Exchange(limits=Unlimited())) as stage:
        await post(stage, "/v1/messages", {"model": "sandbox-claude"})
        answer = await stage.http.get(stage.url + ACCOUNT_PATH, headers=HEADERS)
    assert answer.json() == {"account": account_of("any"), "pools": []}


class BrokenLimits(Unlimited):
    def admit(self, **request: object) -> Admission:
        raise RuntimeError("a mistake of ours")


async def test_a_failure_of_the_sandbox_is_a_500_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async with set_stage("in process", gate=Gate(), exchange=Exchange(limits=BrokenLimits())) as stage:
        for speaker in (MessagesSpeaker(stage), ChatSpeaker(stage)):
            with pytest.raises((anthropic.InternalServerError, openai.InternalServerError)):
                await speaker.ask("hello")
            assert stage.newest.outcome == "refused"
    assert len(caplog.records) == 2
